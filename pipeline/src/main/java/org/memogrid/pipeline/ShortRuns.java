/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Whether a step is run here so quickly that a way through its queue is dear beside it, so that
 * values may run on to it. Thread-safe; two threads that end runs at once may lose one's time.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>Values that take long are spread by the queue: who waits for a step, or works in it, for
 *       more than a moment does so where the queue put it.
 *   <li>Nothing runs on to a step whose queue does not hand out to this member, because it is
 *       paused or for whatever reason. For that, a value goes through the queue now and then, and
 *       only while such values arrive do others run on.
 * </ul>
 */
final class ShortRuns {
  private static final long SHORT = TimeUnit.MICROSECONDS.toNanos(500);
  private static final long LONGEST = TimeUnit.MILLISECONDS.toNanos(16);
  private static final long WAIT = TimeUnit.MILLISECONDS.toNanos(2);
  private static final int WEIGHT = 16;
  private static final int ENOUGH = 32;
  private static final int MOST = 1_000;
  private static final long PROBE = TimeUnit.MILLISECONDS.toNanos(50);
  private static final long SILENCE = TimeUnit.MILLISECONDS.toNanos(200);

  private final AtomicLong probedAt;
  private volatile long handedOutAt;
  private volatile long usual = SHORT;
  private volatile int known;
  private volatile boolean awaits;

  /**
   * @param now as {@link System#nanoTime} has it, like every other moment here
   */
  ShortRuns(long now) {
    probedAt = new AtomicLong(now - PROBE);
    handedOutAt = now - 2 * SILENCE;
  }

  /** A run has ended. */
  void ran(long nanos) {
    long before = usual;
    usual = before + (Math.min(nanos, LONGEST) - before) / WEIGHT;
    int runs = known;
    if (runs < ENOUGH) {
      known = runs + 1;
    }
  }

  /** The step has returned a future: its end is not that of the run. */
  void awaits() {
    awaits = true;
  }

  /** The step's queue has handed out a message here. */
  void handedOut(long now) {
    handedOutAt = now;
  }

  /** Whether a value may run on; false too for one that is to go through the queue as a probe. */
  boolean areShort(long now) {
    if (awaits || known < ENOUGH || usual > SHORT || now - handedOutAt > SILENCE) {
      return false;
    }
    long last = probedAt.get();
    return now - last < PROBE || !probedAt.compareAndSet(last, now);
  }

  /**
   * How many values may be at other steps that are out by the queue of this one, which hands out no
   * more than a window. What is left is for this step: as many as its threads need, so that it gets
   * values though all that it made wait elsewhere. Not more, since a member with much to do has as
   * many away as may be, and what is left of the window goes the dear way then.
   */
  static int mostAway(int window, int threads) {
    return window - 2 * threads;
  }

  /** How many may wait for so many threads without waiting long. */
  int mostWaiting(int threads) {
    return (int) Math.min(MOST, WAIT * threads / Math.max(1, usual));
  }
}
