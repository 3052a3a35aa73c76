/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * Events, handled one at a time. Whoever brings an event handles it, and those that come meanwhile,
 * unless somebody is at it already: no lock is held, nobody waits for a turn. Thread-safe.
 *
 * <p>Invariants: {@link #backlog} counts the events that were brought and not handled yet, so that
 * of those who raise it, the one who found 0 has the turn, until it is 0 again. Events of one
 * thread are handled in their order. Whatever an event throws, the turn goes on: whoever has it and
 * left would leave all others without one.
 */
final class Turns {
  private final Consumer<Throwable> onFailure;
  private final Queue<Runnable> events = new ConcurrentLinkedQueue<>();

  /** What events bring themselves: it goes before what others bring. For whoever has the turn. */
  private final Queue<Runnable> own = new ArrayDeque<>();

  /** One more until {@link #open}. */
  private final AtomicInteger backlog = new AtomicInteger(1);

  /**
   * @param onFailure hears of an event that threw; the next are handled all the same, also if it
   *     throws itself
   */
  Turns(Consumer<Throwable> onFailure) {
    this.onFailure = onFailure;
  }

  /** From here on events are handled, first those that were brought before. Once. */
  void open() {
    handle();
  }

  /** Brings an event, from any thread. */
  void add(Runnable event) {
    events.add(event);
    if (backlog.getAndIncrement() == 0) {
      handle();
    }
  }

  /** Brings an event that goes before those of others, from within one. */
  void addOwn(Runnable event) {
    own.add(event);
    backlog.incrementAndGet();
  }

  private void handle() {
    do {
      Runnable mine = own.poll();
      Runnable next = mine == null ? events.poll() : mine;
      if (next != null) {
        try {
          next.run();
        } catch (RuntimeException | Error e) {
          try {
            onFailure.accept(e);
          } catch (RuntimeException | Error again) {
            var unused = again; // there is nobody else to tell
          }
        }
      }
    } while (backlog.decrementAndGet() != 0);
  }
}
