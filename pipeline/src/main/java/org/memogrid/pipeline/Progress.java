/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Something that happened to a value on this node.
 *
 * @param kind what
 * @param id of the value
 * @param step where; {@link StepContext#END} if it was in no step
 * @param attempt of the step; 0 if it was in no step
 * @param took how long the step took, or the value from its submit to its end
 * @param error what went wrong; null if nothing did
 */
public record Progress(
    Kind kind, String id, String step, int attempt, Duration took, @Nullable Throwable error) {
  /** What can happen. */
  public enum Kind {
    /** A value was submitted here. */
    SUBMITTED,
    /** A step begins here. */
    BEGUN,
    /** A step has ended here, and what it made is on its way. */
    DONE,
    /** A step has failed here; it may be tried again. */
    FAILED,
    /** A value that was submitted here has its end. */
    ENDED
  }
}
