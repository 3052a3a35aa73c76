/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs what follows from turns outside of them: futures are completed, listeners told. Thread-safe.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>Everything that was added is run, also when the threads take nothing any more: then by a
 *       thread of its own.
 *   <li>One that blocks holds up no other for long, since it may wait for just that: what hangs on
 *       one future may join another that ended in the same turn. So while something waits here,
 *       somebody looks after it every few milliseconds, and calls another thread.
 * </ul>
 */
final class Outcomes {
  private static final Logger LOG = LoggerFactory.getLogger(Outcomes.class);
  private static final long LOOK_MILLIS = 5;

  private final Executor threads;
  private final ScheduledExecutorService scheduler;
  private final Queue<Runnable> waiting = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean lookedAfter = new AtomicBoolean();

  Outcomes(Executor threads, ScheduledExecutorService scheduler) {
    this.threads = threads;
    this.scheduler = scheduler;
  }

  void add(List<Runnable> ended) {
    waiting.addAll(ended);
    start();
    lookAfter();
  }

  private void start() {
    try {
      threads.execute(this::work);
    } catch (RejectedExecutionException leaving) {
      startOwn(this::work);
    }
  }

  private static void startOwn(Runnable task) {
    Thread own = new Thread(task, "memogrid-queue-end");
    own.setDaemon(true);
    own.start();
  }

  private void work() {
    for (Runnable next = waiting.poll(); next != null; next = waiting.poll()) {
      try {
        next.run();
      } catch (RuntimeException | Error e) {
        LOG.error("what follows from an event of a queue failed", e);
      }
    }
  }

  private void lookAfter() {
    if (lookedAfter.compareAndSet(false, true)) {
      try {
        var unused = scheduler.schedule(this::look, LOOK_MILLIS, TimeUnit.MILLISECONDS);
      } catch (RejectedExecutionException leaving) {
        for (Runnable last = waiting.poll(); last != null; last = waiting.poll()) {
          startOwn(last); // nobody looks after them any more
        }
      }
    }
  }

  private void look() {
    lookedAfter.set(false);
    if (!waiting.isEmpty()) {
      start();
      lookAfter();
    }
  }
}
