/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import org.jspecify.annotations.Nullable;

/** Says what becomes of a value on which a step failed. */
@FunctionalInterface
public interface ErrorHandler {
  /**
   * Called on the member where the step failed, on the thread of the step, or, if it is about the
   * future that the step returned, on one of the pipelines' own. It must not block for long.
   *
   * @param error what the step threw, or its future ended with; a {@link StepTimeoutException} if
   *     that did not end in time
   * @param value what the step was given, decoded anew: not what the step may have changed; null if
   *     it can't be decoded here
   * @return what to do
   * @throws Exception to have the step try again as if there were no handler
   */
  Recovery handle(Throwable error, @Nullable Object value, StepContext step) throws Exception;
}
