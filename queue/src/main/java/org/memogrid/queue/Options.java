/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.time.Duration;

/** Checks of what users ask for. */
final class Options {
  /** A thousand years, which is for ever, and can be added to now and doubled. */
  private static final long MOST = Duration.ofDays(365_250).toMillis();

  private Options() {}

  /** In milliseconds. */
  static long notNegative(String what, Duration duration) {
    if (duration.isNegative()) {
      throw new IllegalArgumentException(
          what + " is " + duration + ": give zero or more, the future can't be in the past");
    }
    return millis(duration);
  }

  /** In milliseconds, at least one. */
  static long positive(String what, Duration duration) {
    if (duration.isNegative() || duration.isZero()) {
      throw new IllegalArgumentException(what + " is " + duration + ": give more than zero");
    }
    return Math.max(1, millis(duration));
  }

  static int atLeast(String what, int least, int value) {
    if (value < least) {
      throw new IllegalArgumentException(what + " is " + value + ": give at least " + least);
    }
    return value;
  }

  private static long millis(Duration duration) {
    try {
      return Math.min(MOST, duration.toMillis());
    } catch (ArithmeticException tooLong) {
      return MOST;
    }
  }
}
