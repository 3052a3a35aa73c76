/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One run of the function on a thread of its own, that may be told to stop.
 *
 * <p>Invariants: an interrupt reaches the thread while the function runs, never after, and does not
 * outlive it. Of those who would tell what came of the run, one does.
 */
final class Execution {
  private final Thread thread = Thread.currentThread();
  private final AtomicBoolean told = new AtomicBoolean();

  @GuardedBy("this") private boolean over;

  @GuardedBy("this") private boolean interrupted;

  synchronized void interrupt() {
    if (!over) {
      interrupted = true;
      thread.interrupt();
    }
  }

  /** Returns whether it was interrupted. */
  synchronized boolean end() {
    over = true;
    if (interrupted) {
      var unused = Thread.interrupted();
    }
    return interrupted;
  }

  /** Whether whoever asks is the one to tell. */
  boolean tells() {
    return told.compareAndSet(false, true);
  }
}
