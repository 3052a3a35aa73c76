/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The one timer of a queue. Not thread-safe: it is set in turns.
 *
 * <p>Invariant: at most one is under way, and it rings no later than it was last asked to, by a
 * clock that nobody sets.
 */
final class Alarm {
  /** Asked for the same moment again, a clock of whole milliseconds may seem to name a sooner. */
  private static final long SAME_NANOS = 1_000_000;

  private final ScheduledExecutorService scheduler;
  private final Runnable ring;
  private @Nullable ScheduledFuture<?> underWay;
  private long dueNanos;

  /**
   * @param ring called on the scheduler's thread; has {@link #rang} called in a turn
   */
  Alarm(ScheduledExecutorService scheduler, Runnable ring) {
    this.scheduler = scheduler;
    this.ring = ring;
  }

  /**
   * Rings in so many milliseconds, if not sooner.
   *
   * @return whether there is a scheduler to do so
   */
  boolean ringIn(long millis) {
    long due = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    ScheduledFuture<?> other = underWay;
    if (other != null && dueNanos - due <= SAME_NANOS) {
      return true;
    }
    rang();
    try {
      underWay = scheduler.schedule(ring, millis, TimeUnit.MILLISECONDS);
      dueNanos = due;
      return true;
    } catch (RejectedExecutionException leaving) {
      return false;
    }
  }

  /** It has rung, or need not. */
  void rang() {
    ScheduledFuture<?> last = underWay;
    if (last != null) {
      underWay = null;
      last.cancel(false);
    }
  }
}
