/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.time.InstantSource;
import java.util.concurrent.locks.LockSupport;

/**
 * A clock that costs its readers a look at two fields. The process's own clock is read by a thread,
 * a hundred times a second, from the first call of {@link #now} or {@link #elapsed} to {@link
 * #close}; any other, such as a test's, is asked each time.
 *
 * <p>It may lag by {@link #lag}, and by as much more as the machine keeps that thread from running.
 * So what is close to its end is to be judged by the real clock.
 */
final class CoarseClock implements AutoCloseable {
  private static final long STEP_MILLIS = 10;

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

  private synchronized void start() {
    if (started) {
      return;
    }
    step();
    if (closed) {
      return;
    }
    Thread thread = new Thread(this::run, "memogrid-clock");
    thread.setDaemon(true);
    thread.start();
    started = true;
  }

  private void run() {
    while (!isClosed()) {
      step();
      LockSupport.parkNanos(STEP_MILLIS * 1_000_000);
    }
  }

  private void step() {
    now = clock.millis();
    elapsed = System.nanoTime() / 1_000_000;
  }

  private synchronized boolean isClosed() {
    return closed;
  }

  @Override
  public synchronized void close() {
    closed = true;
  }
}
