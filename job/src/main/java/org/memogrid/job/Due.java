/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * The latest instants of a schedule that have passed, kept from one look to the next: to find what
 * follows on what is costly for a cron expression, and of a thousand that are to be made up for
 * each is asked for once, not each time that one of them has fired. Not thread-safe.
 *
 * <p>Invariant: {@code latest} are the last {@code most} instants in {@code (from, to]}, or all of
 * them if there are no more.
 */
final class Due {
  private final Times times;
  private final int most;
  private final Deque<Long> latest = new ArrayDeque<>();
  private long from;
  private long to;

  Due(Times times, int most) {
    this.times = times;
    this.most = most;
    this.from = Times.NEVER;
  }

  /** Whether it is of these times, and keeps that many. */
  boolean isOf(Times other, int much) {
    return times == other && most == much;
  }

  /** The last {@code most} instants in {@code (after, now]}, the oldest first. */
  List<Long> latest(long after, long now) {
    if (after < from || now < to) {
      latest.clear();
      latest.addAll(times.latest(after, now, most));
    } else {
      while (!latest.isEmpty() && latest.getFirst() <= after) {
        latest.removeFirst();
      }
      add(after, now);
    }
    from = after;
    to = now;
    return List.copyOf(latest);
  }

  /** What has passed since the last look. More than are kept are looked for from the end. */
  private void add(long after, long now) {
    long since = Math.max(after, to);
    for (long next : times.latest(since, now, most)) {
      latest.addLast(next);
      if (latest.size() > most) {
        latest.removeFirst();
      }
    }
  }
}
