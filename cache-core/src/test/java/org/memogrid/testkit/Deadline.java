/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.testkit;

import java.time.Duration;

/**
 * A moment after which a test has waited long enough. Durations given to it are stretched by the
 * system property {@code memogrid.test.slack} (1), for machines that are slow or loaded. Immutable.
 */
public final class Deadline {
  private static final int SLACK = Integer.getInteger("memogrid.test.slack", 1);

  private final long at;
  private final Duration given;

  private Deadline(Duration given) {
    this.given = given.multipliedBy(SLACK);
    this.at = System.nanoTime() + this.given.toNanos();
  }

  public static Deadline in(Duration duration) {
    return new Deadline(duration);
  }

  /** The length it was made with, slack included. */
  public Duration given() {
    return given;
  }

  /** What is left; zero when it has passed. */
  public Duration remaining() {
    return Duration.ofNanos(Math.max(0, at - System.nanoTime()));
  }

  public boolean passed() {
    return System.nanoTime() - at >= 0;
  }
}
