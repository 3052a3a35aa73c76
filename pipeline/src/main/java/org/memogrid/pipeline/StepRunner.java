/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import org.memogrid.queue.Message;

/**
 * One step on this member: takes the messages of its queue through a {@link Passage} each.
 * Thread-safe; of one message one thing happens at a time, on the threads of the queue's listener,
 * of the pipelines', or of the queue that a move went to.
 */
final class StepRunner {
  private final PipelineHandle<?, ?> pipeline;
  private final StepDefinition step;
  private final StepCounter counter = new StepCounter();
  private final AtomicInteger atWork = new AtomicInteger();

  StepRunner(PipelineHandle<?, ?> pipeline, StepDefinition step) {
    this.pipeline = pipeline;
    this.step = step;
  }

  boolean isAtWork() {
    return atWork.get() > 0;
  }

  StepCounter counter() {
    return counter;
  }

  /**
   * Takes a message; the future ends when it is settled, or is to be settled as the future ends.
   */
  CompletionStage<?> take(Message<byte[]> message) {
    StepWork work = new StepWork(pipeline, step, counter, message);
    atWork.incrementAndGet();
    var unused = work.end.whenComplete((done, failure) -> atWork.decrementAndGet());
    work.begin();
    return work.end;
  }
}
