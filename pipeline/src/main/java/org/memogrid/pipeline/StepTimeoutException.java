/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import org.jspecify.annotations.Nullable;

/**
 * The future that a step returned did not end within its timeout. A step's error handler gets it
 * first; unless that says otherwise the caller does, and the value is a {@linkplain DeadSteps dead
 * letter}: it is not tried again, since the work that the future stands for may still be going on.
 */
public final class StepTimeoutException extends StepFailedException {
  private static final long serialVersionUID = 1L;

  StepTimeoutException(String message, String step, int attempts, @Nullable Throwable cause) {
    super(message, step, attempts, cause);
  }
}
