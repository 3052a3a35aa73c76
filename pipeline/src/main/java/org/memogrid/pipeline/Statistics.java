/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.memogrid.queue.QueueStats;

/** Puts together what the steps' queues and the members say. */
final class Statistics {
  /** For all members together: they are asked at once. */
  private static final Duration PATIENCE = Duration.ofSeconds(1);

  private Statistics() {}

  static List<StepStats> of(PipelineFeature feature, PipelineHandle<?, ?> pipeline) {
    List<Packet.StepCount> counts = new ArrayList<>(pipeline.counts());
    Packet.Count question = new Packet.Count(pipeline.name());
    List<CompletableFuture<Packet>> asked =
        feature.others().stream()
            .map(member -> feature.request(member, question, PATIENCE))
            .toList();
    for (CompletableFuture<Packet> answer : asked) {
      // What a member counted is gone with it, or comes too late.
      if (answer.exceptionally(gone -> null).join() instanceof Packet.Counts its) {
        counts.addAll(its.steps());
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
        Math.max(0, queue.inFlight() + sum.guests() - sum.away()),
        queue.handledPerSecond() + sum.ranOn(),
        StepCounter.runs(sum),
        sum.failures(),
        StepCounter.quantile(sum, 0.5),
        StepCounter.quantile(sum, 0.99),
        queue.deadLetters());
  }
}
