/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The threads that run the user's loaders and listeners for one manager: daemons, few, on demand.
 */
final class Threads implements Executor {
  private static final int MOST = 8;
  private static final int IDLE_SECONDS = 10;

  private final ThreadPoolExecutor pool;

  Threads(String name) {
    AtomicInteger count = new AtomicInteger();
    this.pool =
        new ThreadPoolExecutor(
            MOST,
            MOST,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            task -> {
              Thread thread = new Thread(task, name + "-" + count.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
    pool.allowCoreThreadTimeOut(true);
  }

  @Override
  public void execute(Runnable task) {
    pool.execute(task);
  }

  /** What was given is still run. */
  void close() {
    pool.shutdown();
  }
}
