/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Texts that come again and again, such as the ids of members and the names of steps: those that
 * were read last, so that of equal ones one is kept. Thread-safe.
 */
final class Familiar {
  private static final int SLOTS = 256;

  private final AtomicReferenceArray<String> last = new AtomicReferenceArray<>(SLOTS);

  /** An equal one. */
  String of(String text) {
    int slot = text.hashCode() & (SLOTS - 1);
    String known = last.get(slot);
    if (text.equals(known)) {
      return known;
    }
    last.set(slot, text);
    return text;
  }
}
