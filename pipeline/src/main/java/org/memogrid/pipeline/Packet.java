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
   * @param guests how many values are in it that ran on to it
   * @param away how many are out by its queue and ran on to other steps
   * @param ranOn how many left it per second, lately, that had run on to it
   */
  record StepCount(
      String step, long failures, List<Long> runs, int guests, int away, double ranOn) {}
}
