/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

/** An error handler {@linkplain Recovery#halt halted} the value: it has no result. */
public final class PipelineHaltedException extends PipelineException {
  private static final long serialVersionUID = 1L;

  /** Where it was halted. */
  private final String step;

  PipelineHaltedException(String message, String step) {
    super(message, null);
    this.step = step;
  }

  /** The name of the step on which it was halted. */
  public String step() {
    return step;
  }
}
