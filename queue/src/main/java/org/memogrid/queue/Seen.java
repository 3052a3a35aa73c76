/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.BitSet;

/**
 * Which of a producer's messages came in: all below a number that the producer gave, which it will
 * not send again, and some above. Not thread-safe.
 */
final class Seen {
  private static final int SHIFT_AT = 4_096;

  private long base;
  private BitSet above = new BitSet();

  Seen() {}

  Seen(long base, long[] above) {
    this.base = base;
    this.above = BitSet.valueOf(above);
  }

  boolean has(long number) {
    long at = number - base;
    return at < 0 || (at < above.length() && above.get((int) at));
  }

  void add(long number) {
    if (number >= base) {
      above.set(Math.toIntExact(number - base));
    }
  }

  /** The producer has heard of all below. */
  void settledBelow(long lowest) {
    long shift = lowest - base;
    if (shift >= SHIFT_AT) {
      above = shift < above.length() ? above.get((int) shift, above.length()) : new BitSet();
      base = lowest;
    }
  }

  long base() {
    return base;
  }

  long[] above() {
    return above.toLongArray();
  }
}
