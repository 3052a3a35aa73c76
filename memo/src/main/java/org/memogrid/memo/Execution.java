/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * One run of the function from its grant on, which may be told to stop.
 *
 * <pre>
 * GRANTED -enter-> RUNNING -end-> OVER;  GRANTED -stop-> never to begin
 * </pre>
 *
 * <p>Invariants: an interrupt reaches the thread while it is in this run, and in no other run
 * within it, never after, and does not outlive it. Of those who would tell what came of the run,
 * one does. Thread-safe.
 */
final class Execution {
  private final AtomicBoolean told = new AtomicBoolean();
  private volatile boolean asking;

  @GuardedBy("this") private @Nullable Thread thread;

  @GuardedBy("this") private boolean stopped;

  /** How many runs its thread is in that this one waits for: the interrupt is not theirs. */
  @GuardedBy("this") private int within;

  /** Begins on this thread. Returns false if it was stopped before. */
  synchronized boolean enter() {
    if (stopped) {
      return false;
    }
    thread = Thread.currentThread();
    return true;
  }

  /** Interrupts it, as soon as its thread is in no other run; or keeps it from beginning. */
  synchronized void stop() {
    stopped = true;
    interrupt();
  }

  @GuardedBy("this") private void interrupt() {
    Thread running = thread;
    if (running != null && within == 0) {
      running.interrupt();
    }
  }

  /** Its thread goes into a run that others may wait for too. */
  synchronized void suspend() {
    within++;
    if (stopped) {
      var unused = Thread.interrupted();
    }
  }

  /** Its thread is back. */
  synchronized void resume() {
    within--;
    if (stopped) {
      interrupt();
    }
  }

  /** Returns whether it was stopped. */
  @CanIgnoreReturnValue
  synchronized boolean end() {
    thread = null;
    if (stopped) {
      var unused = Thread.interrupted();
    }
    return stopped;
  }

  /** Whether whoever asks is the one to tell. */
  boolean tells() {
    return told.compareAndSet(false, true);
  }

  /** Its function has called a memo without waiting. */
  void asks() {
    asking = true;
  }

  boolean hasAsked() {
    return asking;
  }
}
