/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Where a bounded map orders its entries by their use: in a write on its thread, so that a full map
 * has evicted when the write returns; else beside the readers, whose hits it would double. Of what
 * is beside, the map leaves to it what a write finds to do: so a write that meets it does all
 * itself once more.
 */
final class Upkeep implements Executor {
  private final ThreadLocal<Writer> writer = ThreadLocal.withInitial(Writer::new);

  /** How many tasks were handed to others and are not done; one that hands on another is last. */
  private final AtomicInteger beside = new AtomicInteger();

  /**
   * A thread: to set and remove what a thread has at each write would cost a fifth of the write.
   */
  private static final class Writer {
    boolean writes;
  }

  /**
   * @param cleanUp does what there is to do, after whoever is at it
   */
  <T> @Nullable T during(Supplier<@Nullable T> write, Runnable cleanUp) {
    Writer self = writer.get();
    self.writes = true;
    try {
      return write.get();
    } finally {
      try {
        if (beside.get() > 0) {
          cleanUp.run();
        }
      } finally {
        self.writes = false;
      }
    }
  }

  @Override
  public void execute(Runnable task) {
    if (writer.get().writes) {
      task.run();
    } else {
      beside.incrementAndGet();
      ForkJoinPool.commonPool().execute(() -> runBeside(task));
    }
  }

  private void runBeside(Runnable task) {
    try {
      task.run();
    } finally {
      beside.decrementAndGet();
    }
  }
}
