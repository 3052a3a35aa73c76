/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What becomes of a value on which a step failed. Immutable. */
public final class Recovery {
  private static final Recovery RETRY = new Recovery(Kind.RETRY, null, null, null, null);
  private static final Recovery HALT = new Recovery(Kind.HALT, null, null, null, null);

  enum Kind {
    RETRY,
    JUMP,
    HALT,
    FAIL
  }

  private final Kind kind;
  private final @Nullable Duration delay;
  private final @Nullable String step;
  private final @Nullable Object value;
  private final @Nullable Throwable error;

  private Recovery(
      Kind kind,
      @Nullable Duration delay,
      @Nullable String step,
      @Nullable Object value,
      @Nullable Throwable error) {
    this.kind = kind;
    this.delay = delay;
    this.step = step;
    this.value = value;
    this.error = error;
  }

  /** The step is tried again after a pause that grows, until its attempts are spent. */
  public static Recovery retry() {
    return RETRY;
  }

  /**
   * The step is tried again after this pause, until its attempts are spent.
   *
   * @throws IllegalArgumentException if it is negative
   */
  public static Recovery retry(Duration delay) {
    if (requireNonNull(delay, "delay").isNegative()) {
      throw new IllegalArgumentException(
          "the pause before a retry is " + delay + ": give zero or more");
    }
    return new Recovery(Kind.RETRY, delay, null, null, null);
  }

  /**
   * The value goes to another step, in place of the one that failed.
   *
   * <p>If it can't go there, because there is no such step or the value can't be encoded, the value
   * becomes a dead letter, with the step's error and why it could not.
   *
   * @param step its name; {@link StepContext#nextStep} skips the one that failed
   */
  public static Recovery jump(String step, @Nullable Object value) {
    return new Recovery(Kind.JUMP, null, requireNonNull(step, "step"), value, null);
  }

  /**
   * The pipeline ends with this value. In a {@linkplain PipelineBuilder#fanOut fan-out} the branch
   * ends with it.
   */
  public static Recovery complete(@Nullable Object value) {
    return new Recovery(Kind.JUMP, null, StepContext.END, value, null);
  }

  /** The pipeline ends without a value: the caller gets a {@link PipelineHaltedException}. */
  public static Recovery halt() {
    return HALT;
  }

  /** The pipeline ends: the caller gets a {@link StepFailedException} with this cause. */
  public static Recovery fail(Throwable error) {
    return new Recovery(Kind.FAIL, null, null, null, requireNonNull(error, "error"));
  }

  Kind kind() {
    return kind;
  }

  @Nullable Duration delay() {
    return delay;
  }

  String step() {
    return requireNonNull(step, "step");
  }

  @Nullable Object value() {
    return value;
  }

  Throwable error() {
    return requireNonNull(error, "error");
  }

  @Override
  public String toString() {
    return "Recovery[" + kind + (step == null ? "" : " to '" + step + "'") + "]";
  }
}
