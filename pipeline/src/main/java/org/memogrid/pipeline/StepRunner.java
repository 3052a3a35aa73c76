/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Registration;
import org.memogrid.queue.Listen;
import org.memogrid.queue.Message;
import org.memogrid.queue.MessageQueue;
import org.memogrid.queue.QueueFeature;

/**
 * One step on this member: takes the messages of its queue, and what runs on to it, through a
 * {@link Passage} each. Thread-safe; of one message one thing happens at a time, on the threads of
 * the queues' listeners, of the pipelines', or of the queue that a move went to.
 */
final class StepRunner {
  private final PipelineHandle<?, ?> pipeline;
  private final StepDefinition step;
  private final int window;
  private final StepCounter counter = new StepCounter();
  private final ShortRuns runs = new ShortRuns(System.nanoTime());
  private final AtomicInteger atWork = new AtomicInteger();
  private final AtomicInteger guests = new AtomicInteger();
  private final AtomicInteger away = new AtomicInteger();
  private volatile QueueFeature.@Nullable Threads threads;

  StepRunner(PipelineHandle<?, ?> pipeline, StepDefinition step) {
    this.pipeline = pipeline;
    this.step = step;
    this.window = Math.max(2 * step.concurrency(), step.awaiting());
  }

  Registration listen(MessageQueue<byte[]> queue) {
    Listen listen = Listen.concurrency(step.concurrency()).adaptive(window);
    Registration listening = queue.listenAsync(this::take, listen);
    threads = (QueueFeature.Threads) listening;
    return listening;
  }

  StepDefinition step() {
    return step;
  }

  StepCounter counter() {
    return counter;
  }

  ShortRuns runs() {
    return runs;
  }

  Packet.StepCount count() {
    return counter.count(step.name(), guests.get(), away.get(), pipeline.now());
  }

  // ---- messages

  /**
   * Takes a message; the future ends when it is settled, or is to be settled as the future ends.
   */
  private CompletionStage<?> take(Message<byte[]> message) {
    runs.handedOut(System.nanoTime());
    Envelope envelope = Envelope.decode(message.body());
    Passage passage =
        Passage.of(
            pipeline.definition(),
            step,
            envelope,
            message.attempt(),
            message.redelivered(),
            Rules.all());
    Carried carried = new Carried(this, message);
    new StepWork(pipeline, this, carried, passage).begin();
    return carried.end();
  }

  /** A message's life here begins; {@link #ended} when it is settled. */
  void begun() {
    atWork.incrementAndGet();
  }

  void ended() {
    atWork.decrementAndGet();
  }

  boolean isAtWork() {
    return atWork.get() > 0;
  }

  // ---- what runs on

  /**
   * Has a value run on to this step, if it can go on at once.
   *
   * @param parcel what it would be published as
   * @return false if it is to go through the queue
   */
  boolean welcome(Carried carried, Passage before, Act.Parcel parcel) {
    QueueFeature.Threads its = threads;
    if (its == null
        || pipeline.isClosed()
        || carried.from().hasManyAway()
        || !runs.areShort(System.nanoTime())) {
      return false;
    }
    StepRunner last = carried.at();
    carried.at(this);
    StepWork work = new StepWork(pipeline, this, carried, before.onTo(parcel));
    boolean offered = its.offer(work.asTask(parcel), runs.mostWaiting(step.concurrency()));
    if (!offered) {
      carried.at(last);
    }
    return offered;
  }

  private boolean hasManyAway() {
    return away.get() >= ShortRuns.mostAway(window, step.concurrency());
  }

  void guests(int more) {
    guests.addAndGet(more);
  }

  void away(int more) {
    away.addAndGet(more);
  }
}
