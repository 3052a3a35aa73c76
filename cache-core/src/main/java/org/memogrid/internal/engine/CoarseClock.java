/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;

/**
 * A clock that costs its readers a look at two fields. The process's own clock is read by a thread,
 * a hundred times a second, from the first call of {@link #now} or {@link #elapsed} to {@link
 * #close}; any other, such as a test's, is asked each time. The thread is one for all such clocks
 * of a process, since what waking it costs is most of what it does.
 *
 * <p>It may lag by {@link #lag}, and by as much more as the machine keeps that thread from running.
 * So what is close to its end is to be judged by the real clock.
 */
final class CoarseClock implements AutoCloseable {
  private static final long STEP_MILLIS = 10;

  /**
   * Those that are read and not closed. Invariant, under the lock of this class: a thread steps
   * these if there are any.
   */
  private static final List<CoarseClock> RUNNING = new CopyOnWriteArrayList<>();

  private static boolean stepped;

  private final InstantSource clock;
  private final boolean stepping;
  private volatile long now;
  private volatile long elapsed;
  private volatile boolean started;
  private boolean closed;

  CoarseClock(InstantSource clock) {
    this.clock = clock;
    this.stepping = clock == InstantSource.system();
    this.now = clock.millis();
  }

  long now() {
    if (!stepping) {
      return clock.millis();
    }
    if (!started) {
      start();
    }
    return now;
  }

  /** Milliseconds since some moment, for ages: nobody sets this clock back, nor forth. */
  long elapsed() {
    if (!stepping) {
      return clock.millis();
    }
    if (!started) {
      start();
    }
    return elapsed;
  }

  /** How many milliseconds {@link #now} and {@link #elapsed} may be behind. */
  long lag() {
    return stepping ? 2 * STEP_MILLIS : 0;
  }

  private void start() {
    synchronized (CoarseClock.class) {
      if (started) {
        return;
      }
      step();
      if (closed) {
        return;
      }
      RUNNING.add(this);
      started = true;
      if (!stepped) {
        stepped = true;
        startThread();
      }
    }
  }

  /** It outlives who happens to read first, and so has nothing of the reader's. */
  private static void startThread() {
    Thread thread = new Thread(null, CoarseClock::stepAll, "memogrid-clock", 0, false);
    thread.setDaemon(true);
    thread.setContextClassLoader(CoarseClock.class.getClassLoader());
    thread.start();
  }

  private static void stepAll() {
    while (anyRuns()) {
      RUNNING.forEach(CoarseClock::step);
      LockSupport.parkNanos(STEP_MILLIS * 1_000_000);
    }
  }

  private static boolean anyRuns() {
    synchronized (CoarseClock.class) {
      stepped = !RUNNING.isEmpty();
      return stepped;
    }
  }

  private void step() {
    now = clock.millis();
    elapsed = System.nanoTime() / 1_000_000;
  }

  @Override
  public void close() {
    synchronized (CoarseClock.class) {
      closed = true;
      RUNNING.remove(this);
    }
  }
}
