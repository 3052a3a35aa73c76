/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.store;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/**
 * Runs tasks one after the other, in the order they came, on a thread of another executor. Tasks
 * must not throw. Tasks that come after that executor was shut down are dropped.
 */
public final class Serial implements Executor {
  private final Executor threads;

  @GuardedBy("this") private final Queue<Runnable> waiting = new ArrayDeque<>();

  @GuardedBy("this") private boolean running;

  public Serial(Executor threads) {
    this.threads = threads;
  }

  @Override
  public void execute(Runnable task) {
    synchronized (this) {
      waiting.add(task);
      if (running) {
        return;
      }
      running = true;
    }
    try {
      threads.execute(this::drain);
    } catch (RejectedExecutionException shutDown) {
      synchronized (this) {
        waiting.clear();
        running = false;
      }
    }
  }

  private void drain() {
    while (true) {
      Runnable task;
      synchronized (this) {
        task = waiting.poll();
        if (task == null) {
          running = false;
          return;
        }
      }
      task.run();
    }
  }
}
