/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Where a bounded map orders its entries by their use: in a write on its thread, so that a full map
 * has evicted when the write returns, unless another is at it; else beside the readers, whose hits
 * it would double.
 */
final class Upkeep implements Executor {
  private final ThreadLocal<@Nullable Boolean> writing = new ThreadLocal<>();

  <T> @Nullable T during(Supplier<@Nullable T> write) {
    writing.set(true);
    try {
      return write.get();
    } finally {
      writing.remove();
    }
  }

  @Override
  public void execute(Runnable task) {
    if (writing.get() != null) {
      task.run();
    } else {
      ForkJoinPool.commonPool().execute(task);
    }
  }
}
