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
  private final ThreadPoolExecutor listeners;

  NodeThreads(String node) {
    this.node = node;
    this.loop = Executors.newSingleThreadExecutor(factory("wire"));
    this.teller = Executors.newSingleThreadExecutor(factory("membership"));
    this.scheduler = new ScheduledThreadPoolExecutor(1, factory("scheduler"));
    scheduler.setRemoveOnCancelPolicy(true);
    scheduler.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    this.workers = pool("worker");
    this.listeners = pool("listener");
  }

  private ThreadPoolExecutor pool(String role) {
    int most = Math.max(16, 4 * Runtime.getRuntime().availableProcessors());
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(
            most,
            most,
            IDLE.toMillis(),
            TimeUnit.MILLISECONDS,
            new LinkedBlockingQueue<>(),
            factory(role));
    pool.allowCoreThreadTimeOut(true);
    return pool;
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

  Executor listeners() {
    return listeners;
  }

  /** Gives what runs a moment to end. */
  @Override
  public void close() {
    scheduler.shutdownNow();
    loop.shutdown();
    teller.shutdown();
    workers.shutdown();
    listeners.shutdown();
    long deadline = System.nanoTime() + GRACE.toNanos();
    end(workers, deadline);
    end(listeners, deadline);
  }

  private static void end(ThreadPoolExecutor pool, long deadline) {
    try {
      if (!pool.awaitTermination(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
        var unused = pool.shutdownNow();
      }
    } catch (InterruptedException e) {
      var unused = pool.shutdownNow();
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
