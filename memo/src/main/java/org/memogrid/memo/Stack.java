/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

/**
 * The thread's stack. A memo's own work must not run out of it half-way: a core that lost an event
 * in the middle would leave callers without an answer.
 */
final class Stack {
  /** Several times what the work of one call takes, down to the socket. */
  private static final int FRAMES = 256;

  private static volatile long unused;

  private Stack() {}

  /**
   * @throws StackOverflowError if there is not enough left, before anything has begun
   */
  static void requireRoom() {
    long sum = descend(FRAMES, 1, 2, 3, 5, 8, 13);
    if (sum == 0) {
      unused = sum; // never: so that no compiler takes the call away
    }
  }

  private static long descend(int left, long a, long b, long c, long d, long e, long f) {
    return left == 0 ? a : descend(left - 1, b, c, d, e, f, a + left) + (a ^ b ^ c ^ d ^ e ^ f) + 1;
  }
}
