/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

/** What both engines say to a new key that a full cache refuses. */
final class Refusal {
  private Refusal() {}

  static String message(String cache, long maxEntries) {
    return "cache '"
        + cache
        + "' is full: it holds maxEntries="
        + maxEntries
        + " on this member and refuses new keys; remove entries, raise maxEntries, or open it with"
        + " whenFull(EVICT)";
  }
}
