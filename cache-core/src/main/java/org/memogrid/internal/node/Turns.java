/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.node;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has a feature's events handled one at a time, without a lock. Thread-safe. Not for users.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>Whoever brings an event handles it and those that come meanwhile, unless somebody is at it
 *       already; after so many another thread goes on, since the wire's must not be kept from other
 *       senders' messages.
 *   <li>What follows from events for others runs outside of turns, on another thread.
 * </ul>
 */
public final class Turns {
  private static final Logger LOG = LoggerFactory.getLogger(Turns.class);
  private static final int ROUND = 128;

  private final String what;
  private final Executor threads;
  private final Outcomes after;
  private final Runnable endOfRound;
  private final Queue<Runnable> events = new ConcurrentLinkedQueue<>();
  private final AtomicInteger backlog = new AtomicInteger();

  // Used by whoever has the turn.
  private List<Runnable> outcomes = new ArrayList<>();

  /**
   * @param what whose events they are, for the log
   * @param threads where somebody goes on
   * @param after runs what follows
   * @param endOfRound to be done in the turn when some events were handled
   */
  public Turns(String what, Executor threads, Outcomes after, Runnable endOfRound) {
    this.what = what;
    this.threads = threads;
    this.after = after;
    this.endOfRound = endOfRound;
  }

  /** Has the event handled, in this call or by whoever has the turn. */
  public void feed(Runnable event) {
    events.add(event);
    if (backlog.getAndIncrement() == 0) {
      handle(1);
    }
  }

  /** Runs the task after the turn. Called in a turn. */
  public void later(Runnable task) {
    outcomes.add(task);
  }

  /** Runs a task that follows from no turn, where those that do are run. */
  public void outside(Runnable task) {
    after.add(List.of(task));
  }

  private void handle(int rounds) {
    for (int round = 0; ; round++) {
      int handled = round();
      List<Runnable> ended = outcomes;
      if (!ended.isEmpty()) {
        outcomes = new ArrayList<>();
        after.add(ended);
      }
      if (backlog.addAndGet(-handled) <= 0) {
        return;
      }
      if (round + 1 >= rounds && elsewhere()) {
        return;
      }
    }
  }

  private boolean elsewhere() {
    try {
      threads.execute(() -> handle(Integer.MAX_VALUE));
      return true;
    } catch (RejectedExecutionException leaving) {
      return false;
    }
  }

  private int round() {
    int handled = 0;
    for (Runnable next = events.poll(); next != null; next = events.poll()) {
      run(next);
      if (++handled == ROUND) {
        break;
      }
    }
    endOfRound.run();
    return handled;
  }

  /** Runs a part of a turn; what it throws is logged, and the turn goes on. */
  public void run(Runnable part) {
    try {
      part.run();
    } catch (RuntimeException | Error e) {
      LOG.error("{} failed on an event: somebody may wait for ever, report this", what, e);
    }
  }
}
