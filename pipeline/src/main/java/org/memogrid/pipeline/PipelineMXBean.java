/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.util.Map;

/** A pipeline in JMX. Public because JMX wants it so; maps are by step. */
public interface PipelineMXBean {
  /** How many values that were submitted on this member have no end yet. */
  int getUnderWay();

  /** How many values wait. */
  Map<String, Long> getDepth();

  /** How many values left the step per second, lately. */
  Map<String, Double> getPerSecond();

  /** How often the step was run. */
  Map<String, Long> getRuns();

  /** How often it failed. */
  Map<String, Long> getFailures();

  /** How many values nobody works on any more. */
  Map<String, Long> getDeadLetters();

  /** How long a run takes, half of the runs at least. */
  Map<String, Double> getMedianMillis();

  /** {@link Pipeline#describe}. */
  String getPicture();

  /** {@link Pipeline#pause}. */
  void pause();

  /** {@link Pipeline#resume}. */
  void resume();

  /** {@link DeadSteps#redrive()}. */
  long redrive();
}
