/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One firing of a job, as it ended.
 *
 * @param scheduledAt the instant of the schedule, or when it was told to run
 * @param startedAt when it began, by the clock of its member
 * @param took how long it ran; zero if it did not, or that is not known
 * @param node the name of the member; of one that let instants pass for MISSED
 * @param outcome how it ended
 * @param error what it threw, or which instants were missed; null if all is well
 */
public record Firing(
    Instant scheduledAt,
    Instant startedAt,
    Duration took,
    String node,
    Outcome outcome,
    @Nullable String error) {
  /** How a firing ended. */
  public enum Outcome {
    /** It returned. */
    DONE,
    /** It threw. */
    FAILED,
    /** Its member was lost while it ran, or just before. */
    LOST,
    /** It never was: this and the instants before it were let go, by {@link Misfire}. */
    MISSED
  }
}
