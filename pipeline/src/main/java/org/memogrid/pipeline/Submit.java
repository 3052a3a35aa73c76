/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** How a value is submitted. Immutable: each method gives another. */
public final class Submit {
  private static final Submit PLAIN = new Submit(null, null, null);

  private final @Nullable String step;
  private final @Nullable Duration deadline;
  private final @Nullable String id;

  private Submit(@Nullable String step, @Nullable Duration deadline, @Nullable String id) {
    this.step = step;
    this.deadline = deadline;
    this.id = id;
  }

  /** At the first step, with the pipeline's deadline and an id of its own. */
  public static Submit plain() {
    return PLAIN;
  }

  /** The value enters at this step. */
  public static Submit at(String step) {
    return new Submit(Checks.name("the step to enter at", step), null, null);
  }

  /**
   * The value must be out of the pipeline within this time, or its caller gets a {@link
   * java.util.concurrent.TimeoutException}; a step that is at work on it then ends, no other
   * begins.
   *
   * @throws IllegalArgumentException if it is not positive
   */
  public Submit deadline(Duration deadline) {
    return new Submit(step, Checks.positive("the deadline of a submit", deadline), id);
  }

  /**
   * An id of the caller's choice, unique in the pipeline. If the end of what was submitted with it
   * is known, the caller gets that, a failure too, and nothing runs; to know that costs a question
   * to all members. What is submitted with it within a minute of the first time joins that: all get
   * one result. If it is under way for longer, it is worked on once more, and callers may get
   * either's result. A deadline of a caller's own ends its own waiting.
   *
   * @throws IllegalArgumentException if it is blank, or longer than 1,000 characters
   */
  public Submit id(String id) {
    if (Checks.name("the id of a submit", id).length() > 1_000) {
      throw new IllegalArgumentException(
          "the id of a submit has " + id.length() + " characters: give at most 1,000");
    }
    return new Submit(step, deadline, id);
  }

  @Nullable String step() {
    return step;
  }

  @Nullable Duration deadlineOr(@Nullable Duration other) {
    return deadline == null ? other : deadline;
  }

  @Nullable String id() {
    return id;
  }
}
