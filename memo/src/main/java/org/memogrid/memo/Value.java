/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

/**
 * A result on its way.
 *
 * @param payload opaque to the core
 * @param timeToLive in milliseconds, 0 for ever, {@link #NOT_KEPT} for who waits now alone
 * @param maxIdle in milliseconds, 0 for ever
 */
record Value(Object payload, long timeToLive, long maxIdle) {
  static final long NOT_KEPT = -1;

  /** What an invalidation returns. */
  static final Value NOTHING = new Value("", 0, 0);

  boolean isKept() {
    return timeToLive != NOT_KEPT;
  }
}
