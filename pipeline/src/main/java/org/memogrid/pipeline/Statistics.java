/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.memogrid.cluster.Member;
import org.memogrid.internal.wire.WireException;
import org.memogrid.queue.QueueStats;

/** Puts together what the steps' queues and the members say. */
final class Statistics {
  private static final Duration PATIENCE = Duration.ofSeconds(1);

  private Statistics() {}

  static List<StepStats> of(PipelineFeature feature, PipelineHandle<?, ?> pipeline) {
    List<Packet.StepCount> counts = new ArrayList<>(pipeline.counts());
    for (Member member : feature.others()) {
      try {
        Packet.Count question = new Packet.Count(pipeline.name());
        if (feature.ask(member, question, PATIENCE) instanceof Packet.Counts its) {
          counts.addAll(its.steps());
        }
      } catch (WireException gone) {
        // What it counted is gone with it, or comes too late.
      }
    }
    return pipeline.definition().steps.stream()
        .map(step -> stats(step, pipeline.queue(step).stats(), counts))
        .toList();
  }

  private static StepStats stats(
      StepDefinition step, QueueStats queue, List<Packet.StepCount> counts) {
    Packet.StepCount sum =
        StepCounter.sum(
            step.name(), counts.stream().filter(c -> c.step().equals(step.name())).toList());
    return new StepStats(
        step.name(),
        queue.waiting(),
        queue.inFlight(),
        queue.handledPerSecond(),
        StepCounter.runs(sum),
        sum.failures(),
        StepCounter.quantile(sum, 0.5),
        StepCounter.quantile(sum, 0.99),
        queue.deadLetters());
  }
}
