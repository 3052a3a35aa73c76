/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static java.util.Objects.requireNonNull;

import java.time.Duration;

/** Checks of what users ask for. */
final class Checks {
  private Checks() {}

  static int atLeastOne(String what, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(what + " is " + value + ": give at least 1");
    }
    return value;
  }

  static Duration positive(String what, Duration value) {
    if (requireNonNull(value, what).isNegative() || value.isZero()) {
      throw new IllegalArgumentException(what + " is " + value + ": give more than zero");
    }
    return value;
  }

  static Duration notNegative(String what, Duration value) {
    if (requireNonNull(value, what).isNegative()) {
      throw new IllegalArgumentException(what + " is " + value + ": give zero or more");
    }
    return value;
  }

  static String name(String what, String name) {
    if (requireNonNull(name, what).isBlank()) {
      throw new IllegalArgumentException(
          what + " is blank: give one, the same on all members that have it");
    }
    return name;
  }

  /** In milliseconds, at least one, and never too many to add to a clock. */
  static long millis(Duration duration) {
    try {
      return Math.max(1, Math.min(duration.toMillis(), Long.MAX_VALUE / 4));
    } catch (ArithmeticException tooLong) {
      return Long.MAX_VALUE / 4;
    }
  }
}
