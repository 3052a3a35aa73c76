/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.node;

import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs what follows from a feature's turns outside of them: futures are completed, listeners told.
 * Thread-safe. Not for users.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>Everything that was added is run, also when the threads take nothing any more: then by a
 *       thread of its own.
 *   <li>One that blocks holds up no other for long, since it may wait for just that: what hangs on
 *       one future may join another that ended in the same turn. So while something waits here,
 *       somebody looks after it every few milliseconds, and calls another thread, which from then
 *       on is the one that what comes is left to.
 * </ul>
 */
public final class Outcomes {
  private static final Logger LOG = LoggerFactory.getLogger(Outcomes.class);
  private static final long LOOK_MILLIS = 5;

  private final Executor threads;
  private final ScheduledExecutorService scheduler;
  private final Queue<Runnable> waiting = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean lookedAfter = new AtomicBoolean();

  /** Who runs what comes; null if nobody does. */
  private final AtomicReference<@Nullable Object> worker = new AtomicReference<>();

  /**
   * @param threads where it runs
   * @param scheduler which looks after it
   */
  public Outcomes(Executor threads, ScheduledExecutorService scheduler) {
    this.threads = threads;
    this.scheduler = scheduler;
  }

  /** Has all of them run, in about this order. */
  public void add(List<Runnable> ended) {
    waiting.addAll(ended);
    if (worker.get() == null) {
      Object next = new Object();
      if (worker.compareAndSet(null, next)) {
        start(next);
      }
    }
    lookAfter();
  }

  private void start(Object its) {
    try {
      threads.execute(() -> work(its));
    } catch (RejectedExecutionException leaving) {
      startOwn(() -> work(its));
    }
  }

  private static void startOwn(Runnable task) {
    Thread own = new Thread(task, "memogrid-end");
    own.setDaemon(true);
    own.start();
  }

  private void work(Object its) {
    do {
      for (Runnable next = waiting.poll(); next != null; next = waiting.poll()) {
        try {
          next.run();
        } catch (RuntimeException | Error e) {
          LOG.error("what follows from an event failed", e);
        }
      }
      // What came before this is left to it, what comes after it finds nobody.
    } while (worker.compareAndSet(its, null)
        && !waiting.isEmpty()
        && worker.compareAndSet(null, its));
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
      Object next = new Object();
      worker.set(next);
      start(next);
      lookAfter();
    }
  }
}
