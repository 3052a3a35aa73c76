/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

/**
 * How many messages may be handed out: so many per period, and no more at once. Not thread-safe.
 */
final class Allowance {
  private final int rate;
  private final long period;
  private double left;
  private long filledAt;

  /**
   * @param rate per period; 0 without limit
   * @param period in milliseconds
   */
  Allowance(int rate, long period, long now) {
    this.rate = rate;
    this.period = period;
    this.left = 1;
    this.filledAt = now;
  }

  boolean has(long now) {
    if (rate == 0) {
      return true;
    }
    fill(now);
    return left >= 1;
  }

  void take() {
    if (rate != 0) {
      left -= 1;
    }
  }

  /** When there is one again. */
  long next(long now) {
    fill(now);
    return now + Math.max(1, (long) Math.ceil((1 - left) * period / rate));
  }

  /** A burst is a tenth of a second's worth, or one. */
  private void fill(long now) {
    double most = Math.max(1, rate * 100.0 / period);
    long passed = Math.max(0, now - filledAt); // the clock may be set back
    left = Math.min(most, left + passed * (double) rate / period);
    filledAt = now;
  }
}
