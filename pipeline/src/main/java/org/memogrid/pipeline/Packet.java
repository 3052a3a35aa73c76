/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What members say to each other about pipelines. Immutable. */
sealed interface Packet {
  record Results(Mail mail) implements Packet {}

  /** Asks how a member has defined a pipeline. */
  record Hello(String pipeline) implements Packet {}

  /**
   * The answer.
   *
   * @param signature null if it has none of that name
   */
  record Defined(@Nullable String signature) implements Packet {}

  /** Asks how often a member has run the steps of a pipeline. */
  record Count(String pipeline) implements Packet {}

  record Counts(List<StepCount> steps) implements Packet {}

  /** Dead letters are about to be put back. */
  record Revive(List<Death> deaths) implements Packet {}

  /** What they ended with is forgotten. */
  record Revived() implements Packet {}

  /**
   * What one member did in a step.
   *
   * @param runs by duration, as {@link StepCounter} has them
   */
  record StepCount(String step, long failures, List<Long> runs) {}
}
