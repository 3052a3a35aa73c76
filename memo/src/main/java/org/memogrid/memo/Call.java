/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One call that waits: for an outcome, or to be told to compute.
 *
 * <pre>
 * WAITING -offer-> OFFERED -take-> COMPUTING -computed-> WAITING -complete-> DONE
 * WAITING -leave-> LEFT
 * </pre>
 *
 * <p>A call whose run is on another thread says {@link #computed} when it has handed it over.
 *
 * <p>Invariant: an offer is either taken or refused, so whoever offers knows whether a run begins.
 * Thread-safe.
 */
abstract class Call {
  private enum State {
    WAITING,
    OFFERED,
    COMPUTING,
    LEFT,
    DONE
  }

  private State state = State.WAITING;
  private @Nullable Token offer;
  private Effect.@Nullable Outcome outcome;

  /** Returns whether the call will compute; if not, somebody else must. */
  final boolean offer(Token token) {
    synchronized (this) {
      if (state != State.WAITING || outcome != null) {
        return false;
      }
      state = State.OFFERED;
      offer = token;
    }
    wake();
    return true;
  }

  final void complete(Effect.Outcome result) {
    synchronized (this) {
      if (outcome != null || state == State.LEFT) {
        return;
      }
      outcome = result;
      if (state == State.WAITING) {
        state = State.DONE;
      }
    }
    wake();
  }

  /** Returns whether it left: not if it has an outcome, nor if it has to compute. */
  final synchronized boolean leave() {
    if (state != State.WAITING) {
      return false;
    }
    state = State.LEFT;
    return true;
  }

  /** Takes the token to compute under; null if there is none, or if it was taken. */
  final synchronized @Nullable Token take() {
    if (state != State.OFFERED) {
      return null;
    }
    state = State.COMPUTING;
    return offer;
  }

  /** It has computed: it waits to hear what becomes of that, unless it has heard already. */
  final synchronized void computed() {
    if (state == State.COMPUTING) {
      state = outcome == null ? State.WAITING : State.DONE;
    }
  }

  /** Instead of what came of it. */
  final synchronized void replace(Effect.Outcome better) {
    if (outcome != null) {
      outcome = better;
    }
  }

  /** What came of it; null as long as nothing did. */
  final synchronized Effect.@Nullable Outcome outcome() {
    return state == State.DONE ? outcome : null;
  }

  final synchronized boolean isWaiting() {
    return state == State.WAITING;
  }

  /** Called outside of any lock, on a thread that must not be kept. */
  abstract void wake();

  /** A call whose thread waits for it, and computes. */
  static class Blocking extends Call {
    private final Thread caller = Thread.currentThread();

    @Override
    final void wake() {
      LockSupport.unpark(caller);
    }

    /**
     * Waits until there is something to do.
     *
     * @param nanos at most, 0 for no limit
     * @return whether there is
     */
    final boolean await(long nanos) throws InterruptedException {
      long end = System.nanoTime() + nanos;
      while (isWaiting()) {
        long left = end - System.nanoTime();
        if (nanos != 0 && left <= 0) {
          return false;
        }
        if (nanos == 0) {
          LockSupport.park(this);
        } else {
          LockSupport.parkNanos(this, left);
        }
        if (Thread.interrupted()) {
          throw new InterruptedException();
        }
      }
      return true;
    }
  }
}
