/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Queue;
import java.util.function.ToLongFunction;
import org.memogrid.cluster.Member;

/**
 * What the home may say only when the backup has what it is about.
 *
 * <p>While there is no complete copy beside the home's, confirmations wait, but messages that are
 * saved already are handed out and settled at once: nothing is gained by waiting, since without the
 * home they are gone anyway.
 *
 * <p>What is handed out to the backup itself waits for no answer: it goes behind the step that says
 * so, on the same way, so the backup knows when it comes, or refuses both. What is handed out
 * {@link Ahead} goes when that step is sent.
 */
final class Gate {
  private final Desk desk;
  private final Queue<Waiting> waiting = new ArrayDeque<>();

  /** What is handed out, in order for each member, ahead of what else is said to it. */
  private final Map<Member, Queue<Waiting>> deliveries = new LinkedHashMap<>();

  /** What is handed out ahead goes up to here. */
  private long ahead;

  /**
   * @param confirms whether somebody is told that a message is safe
   * @param position of the operation that it follows
   * @param addedAt where the message came in
   * @param ahead whether it is enough that the one backup is told
   */
  private record Waiting(
      boolean confirms, long position, long addedAt, boolean ahead, Runnable release) {}

  Gate(Desk desk) {
    this.desk = desk;
  }

  /** Runs when the operations up to the position are safe. */
  void confirm(long position, Runnable release) {
    waiting.add(new Waiting(true, position, position, false, release));
  }

  /** Runs when the operations up to the position are as safe as they can be. */
  void follow(long position, long addedAt, Runnable release) {
    waiting.add(new Waiting(false, position, addedAt, false, release));
  }

  /** {@link #follow} for a message that is handed out to a member. */
  void deliver(Member to, long position, long addedAt, boolean ahead, Runnable release) {
    deliveries
        .computeIfAbsent(to, member -> new ArrayDeque<>())
        .add(new Waiting(false, position, addedAt, ahead, release));
  }

  /** Whether what is handed out to a member ahead need not wait for what was before. */
  boolean isClear(Member to) {
    Queue<Waiting> its = deliveries.get(to);
    Waiting first = its == null ? null : its.peek();
    return first == null || first.ahead;
  }

  /**
   * @param safe up to where all is as safe as it should be
   * @param strict whether nothing that is not may pass
   * @param told up to where what is said to a member now comes behind the log; -1 if it gets none
   * @param toldAll up to where the one backup is told; -1 if there is not one that has everything
   */
  void release(long safe, boolean strict, ToLongFunction<Member> told, long toldAll) {
    ahead = Math.max(safe, toldAll);
    deliveries.forEach((to, its) -> release(its, Math.max(safe, told.applyAsLong(to)), strict));
    deliveries.values().removeIf(Queue::isEmpty);
    release(waiting, safe, strict);
  }

  private void release(Queue<Waiting> those, long safe, boolean strict) {
    if (strict) {
      for (Waiting next = those.peek();
          next != null && mayPass(next, safe, true);
          next = those.peek()) {
        those.remove();
        next.release.run();
      }
    } else {
      for (Iterator<Waiting> all = those.iterator(); all.hasNext(); ) {
        Waiting next = all.next();
        if (mayPass(next, safe, false)) {
          all.remove();
          next.release.run();
        }
      }
    }
  }

  private boolean mayPass(Waiting next, long safe, boolean strict) {
    if (next.confirms) {
      return next.position <= safe || !desk.apply(Rule.CONFIRM_AFTER_BACKUP);
    }
    long enough = next.ahead ? Math.max(safe, ahead) : safe;
    boolean saved = next.addedAt <= enough && (!strict || next.position <= enough);
    return saved || !desk.apply(Rule.HAND_OUT_AFTER_BACKUP);
  }
}
