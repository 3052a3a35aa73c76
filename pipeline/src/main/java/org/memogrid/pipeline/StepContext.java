/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

/**
 * Where a value is, for the step that works on it and for error handlers. For use on their thread,
 * until they return.
 */
public interface StepContext {
  /** Behind the last step: to jump there is to complete. */
  String END = "";

  /** The name of the pipeline. */
  String pipeline();

  /** The name of this step. */
  String currentStep();

  /** The name of the step behind this one; {@link #END} if this is the last. */
  String nextStep();

  /** 1 the first time this step gets the value; one more after each failure and lost member. */
  int attempt();

  /** The id of the value: what {@link Pipeline#result} is asked for. */
  String id();

  /**
   * What this step returns goes to another step than the next one.
   *
   * @param step its name, or {@link #END} to end the pipeline with what is returned; an earlier one
   *     counts as a {@linkplain PipelineBuilder#maxJumps jump back}
   * @throws IllegalArgumentException if there is no such step, or none that can be jumped to from
   *     here, naming those there are
   * @throws IllegalStateException in an error handler, which returns {@link Recovery#jump}
   */
  void goTo(String step);
}
