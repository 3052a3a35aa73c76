/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.node;

import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** The threads of one member, all daemons, named after it. */
final class NodeThreads implements AutoCloseable {
  private static final Duration IDLE = Duration.ofSeconds(30);
  private static final Duration GRACE = Duration.ofSeconds(2);

  private final String node;
  private final ExecutorService loop;
  private final ExecutorService teller;
  private final ScheduledThreadPoolExecutor scheduler;
  private final ThreadPoolExecutor workers;

  NodeThreads(String node) {
    this.node = node;
    this.loop = Executors.newSingleThreadExecutor(factory("wire"));
    this.teller = Executors.newSingleThreadExecutor(factory("membership"));
    this.scheduler = new ScheduledThreadPoolExecutor(1, factory("scheduler"));
    scheduler.setRemoveOnCancelPolicy(true);
    scheduler.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    int most = Math.max(16, 4 * Runtime.getRuntime().availableProcessors());
    this.workers =
        new ThreadPoolExecutor(
            most,
            most,
            IDLE.toMillis(),
            TimeUnit.MILLISECONDS,
            new LinkedBlockingQueue<>(),
            factory("worker"));
    workers.allowCoreThreadTimeOut(true);
  }

  /** Frames that a member sends itself. */
  Executor loop() {
    return loop;
  }

  /** Membership listeners. */
  Executor teller() {
    return teller;
  }

  ScheduledExecutorService scheduler() {
    return scheduler;
  }

  Executor workers() {
    return workers;
  }

  /** Gives what runs a moment to end. */
  @Override
  public void close() {
    scheduler.shutdownNow();
    loop.shutdown();
    teller.shutdown();
    workers.shutdown();
    try {
      if (!workers.awaitTermination(GRACE.toMillis(), TimeUnit.MILLISECONDS)) {
        workers.shutdownNow();
      }
    } catch (InterruptedException e) {
      workers.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }

  private ThreadFactory factory(String role) {
    AtomicInteger count = new AtomicInteger();
    return task -> {
      Thread thread =
          new Thread(task, "memogrid-" + node + "-" + role + "-" + count.incrementAndGet());
      thread.setDaemon(true);
      return thread;
    };
  }
}
