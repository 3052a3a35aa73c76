/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

/**
 * What becomes of instants that have passed while nobody was there to fire them: the members that
 * offer the job were all gone, or the run before took longer. The latest of them alone, if it is
 * not more than ten seconds late, is no misfire: it fires under each policy.
 *
 * @param most how many of them fire, the latest ones, one after another
 */
public record Misfire(int most) {
  /** One firing for all of them, with the latest as its instant. The default. */
  public static final Misfire FIRE_ONCE = new Misfire(1);

  /** None: the job waits for its next instant. */
  public static final Misfire SKIP = new Misfire(0);

  private static final int LIMIT = 10_000;

  /** Refuses what is not between 0 and 10,000. */
  public Misfire {
    if (most < 0 || most > LIMIT) {
      throw new IllegalArgumentException(
          "a misfire policy of " + most + " firings: give from 1 to " + LIMIT);
    }
  }

  /**
   * Each of them fires, one after another, the oldest first; of more than {@code most} the latest.
   *
   * @throws IllegalArgumentException if it is not between 1 and 10,000
   */
  public static Misfire fireAll(int most) {
    if (most == 0) {
      throw new IllegalArgumentException("fireAll(0): give from 1 to " + LIMIT + ", or use SKIP");
    }
    return new Misfire(most);
  }

  @Override
  public String toString() {
    return most == 0 ? "SKIP" : most == 1 ? "FIRE_ONCE" : "fireAll(" + most + ")";
  }
}
