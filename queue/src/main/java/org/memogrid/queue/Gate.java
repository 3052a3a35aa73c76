/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.ArrayDeque;
import java.util.Iterator;

/**
 * What the home may say only when the backup has what it is about.
 *
 * <p>While there is no complete copy beside the home's, confirmations wait, but messages that are
 * saved already are handed out and settled at once: nothing is gained by waiting, since without the
 * home they are gone anyway.
 */
final class Gate {
  private final Desk desk;
  private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();

  /**
   * @param confirms whether somebody is told that a message is safe
   * @param position of the operation that it follows
   * @param addedAt where the message came in
   */
  private record Waiting(boolean confirms, long position, long addedAt, Runnable release) {}

  Gate(Desk desk) {
    this.desk = desk;
  }

  /** Runs when the operations up to the position are safe. */
  void confirm(long position, Runnable release) {
    waiting.add(new Waiting(true, position, position, release));
  }

  /** Runs when the operations up to the position are as safe as they can be. */
  void follow(long position, long addedAt, Runnable release) {
    waiting.add(new Waiting(false, position, addedAt, release));
  }

  void release(long safe, boolean strict) {
    if (strict) {
      for (Waiting next = waiting.peek();
          next != null && mayPass(next, safe, true);
          next = waiting.peek()) {
        waiting.remove();
        next.release.run();
      }
    } else {
      for (Iterator<Waiting> all = waiting.iterator(); all.hasNext(); ) {
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
    boolean saved = next.addedAt <= safe && (!strict || next.position <= safe);
    return saved || !desk.apply(Rule.HAND_OUT_AFTER_BACKUP);
  }
}
