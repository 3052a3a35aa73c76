/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Where a bounded map orders its entries by their use: in a write on its thread, so that a full map
 * has evicted when the write returns; else beside the readers, whose hits it would double. Of what
 * is beside, the map leaves to it what a write finds to do: so a write that meets it does all
 * itself once more.
 *
 * <p>The race, if a write only looked afterwards: 1. what is beside has evicted, and is not over;
 * 2. the write finds it at work and leaves its entry to it; 3. it ends, and the map, whose executor
 * this is, does not have it begin anew; 4. the write finds nobody beside.
 *
 * <p>Weak: what another thread writes at that moment, or is about to hand on, may leave the map an
 * entry too many until the next call.
 */
final class Upkeep implements Executor {
  private static final long HANDED = (1L << Integer.SIZE) + 1;

  private final ThreadLocal<Writer> writer = ThreadLocal.withInitial(Writer::new);

  /** Below: how many tasks were handed to others and are not done; above: how many ever were. */
  private final AtomicLong beside = new AtomicLong();

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
    long before = beside.get();
    try {
      return write.get();
    } finally {
      try {
        if (isUnderWay(before) || beside.get() != before) {
          cleanUp.run();
        }
      } finally {
        self.writes = false;
      }
    }
  }

  private static boolean isUnderWay(long beside) {
    return (int) beside > 0;
  }

  /** For tests: whether something is beside and not done. */
  boolean isUnderWay() {
    return isUnderWay(beside.get());
  }

  @Override
  public void execute(Runnable task) {
    if (writer.get().writes) {
      task.run();
    } else {
      beside.addAndGet(HANDED);
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
