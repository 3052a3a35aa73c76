/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import java.util.Comparator;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Wakes jobs at instants of the wall clock, by one thread for all. It looks at the clock once a
 * second at least, so a clock that is set, or a machine that was asleep, is noticed. Thread-safe.
 */
final class Timer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Timer.class);
  private static final long LONGEST_WAIT = 1_000;

  private final TreeSet<Slot> slots =
      new TreeSet<>(Comparator.comparingLong((Slot s) -> s.at).thenComparingLong(s -> s.number));
  private final Clock clock;
  private final Runnable beat;
  private final Thread thread;
  private long numbers;
  private boolean closed;

  /** What time it is, in milliseconds since the epoch. */
  interface Clock {
    long now();
  }

  /** One that is woken, at one instant at a time. */
  final class Slot {
    private final Runnable due;
    private final long number;
    private long at = Times.NEVER;

    private Slot(Runnable due, long number) {
      this.due = due;
      this.number = number;
    }

    /** Wakes it then and at no other instant; never for {@link Times#NEVER}. */
    void at(long instant) {
      synchronized (slots) {
        if (at == instant) {
          return;
        }
        if (at != Times.NEVER) {
          slots.remove(this);
        }
        at = instant;
        if (instant != Times.NEVER) {
          slots.add(this);
          if (slots.first() == this) {
            slots.notifyAll();
          }
        }
      }
    }
  }

  /**
   * Starts the thread.
   *
   * @param beat is called about once a second
   */
  Timer(String name, Clock clock, Runnable beat) {
    this.clock = clock;
    this.beat = beat;
    this.thread = new Thread(this::run, name);
    thread.setDaemon(true);
    thread.start();
  }

  /** One that calls {@code due}, which must not block, when its instant has come. */
  Slot slot(Runnable due) {
    synchronized (slots) {
      return new Slot(due, numbers++);
    }
  }

  /** Looks at the clock again: it has been set. */
  void poke() {
    synchronized (slots) {
      slots.notifyAll();
    }
  }

  private void run() {
    long lastBeat = System.nanoTime();
    try {
      while (true) {
        Slot due = next();
        if (due != null) {
          call(due.due);
        }
        if (System.nanoTime() - lastBeat > LONGEST_WAIT * 1_000_000) {
          lastBeat = System.nanoTime();
          call(beat);
        }
      }
    } catch (InterruptedException e) {
      // closed
    }
  }

  private @Nullable Slot next() throws InterruptedException {
    synchronized (slots) {
      if (closed) {
        throw new InterruptedException();
      }
      long now = clock.now();
      if (slots.isEmpty() || slots.first().at > now) {
        slots.wait(slots.isEmpty() ? LONGEST_WAIT : Math.min(LONGEST_WAIT, slots.first().at - now));
        return null;
      }
      Slot due = slots.first();
      slots.remove(due);
      due.at = Times.NEVER;
      return due;
    }
  }

  private static void call(Runnable what) {
    try {
      what.run();
    } catch (RuntimeException | Error e) {
      LOG.error("a job could not be woken: report this", e);
    }
  }

  @Override
  public void close() {
    synchronized (slots) {
      closed = true;
      slots.clear();
      slots.notifyAll();
    }
  }
}
