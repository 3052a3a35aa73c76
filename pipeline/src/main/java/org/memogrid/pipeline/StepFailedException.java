/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import org.jspecify.annotations.Nullable;

/**
 * A step failed on a value, and nobody tries again: its attempts are spent and the value is a
 * {@linkplain DeadSteps dead letter}, or its error handler gave it up.
 *
 * <p>The cause is what the step threw, if that was in this JVM; otherwise a {@link RemoteFailure}
 * with its text and its stack trace.
 */
public class StepFailedException extends PipelineException {
  private static final long serialVersionUID = 1L;

  /** Where it failed. */
  private final String step;

  /** How often it was tried there. */
  private final int attempts;

  StepFailedException(String message, String step, int attempts, @Nullable Throwable cause) {
    super(message, cause);
    this.step = step;
    this.attempts = attempts;
  }

  /** The name of the step. */
  public String step() {
    return step;
  }

  /** How often the step was tried with the value, the last one included. */
  public int attempts() {
    return attempts;
  }
}
