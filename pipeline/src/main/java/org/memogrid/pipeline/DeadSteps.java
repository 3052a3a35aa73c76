/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The values of a pipeline that nobody works on any more, because their steps failed too often,
 * took too many members with them or waited for a future in vain. They stay in the cluster's memory
 * until somebody puts them back or removes them. Thread-safe.
 */
public interface DeadSteps {
  /**
   * One value.
   *
   * @param id what {@link Pipeline#result} is asked for
   * @param step on which it failed
   * @param value what the step was given
   * @param cause why it was given up
   * @param attempts how often the step was tried
   * @param diedAt when, by the clock of the member that dispatches the step
   */
  record DeadStep(
      String id, String step, @Nullable Object value, String cause, int attempts, Instant diedAt) {}

  /** All of them, step by step, oldest first. */
  List<DeadStep> list();

  /**
   * Puts all of them back at the steps where they failed, with their attempts counted anew. Their
   * callers have had their answers; {@link Pipeline#result}, asked after this, waits for the new
   * ones. Those whose deadlines have passed stay, since no step would begin with them: submit their
   * values again, {@linkplain Submit#at at their steps}.
   *
   * @return how many
   */
  long redrive();

  /**
   * Puts one back.
   *
   * @return whether it was there
   * @throws IllegalStateException if its deadline has passed
   */
  boolean redrive(String id);

  /**
   * Removes all of them for ever.
   *
   * @return how many
   */
  long purge();
}
