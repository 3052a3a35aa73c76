/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The instants of a schedule, in milliseconds since the epoch, from when it was scheduled. Nothing
 * here knows what time it is. Immutable, but for a count. Not thread-safe.
 */
final class Times {
  /** No instant. */
  static final long NEVER = Long.MAX_VALUE;

  /** How far back the first look for what has passed goes. */
  private static final long WINDOW = 1_000;

  private final @Nullable Cron cron;
  private final ZoneId zone;
  private final Gap gap;
  private final long first;
  private final long period;
  private final long until;
  private long looks;

  Times(Schedule schedule, long scheduledAt) {
    String expression = schedule.cron();
    Duration every = schedule.every();
    Duration in = schedule.in();
    Instant at = schedule.at();
    Instant end = schedule.until();
    this.cron = expression == null ? null : Cron.parse(expression);
    this.zone = Objects.requireNonNullElse(schedule.zone(), ZoneId.of("UTC"));
    this.gap = schedule.gap();
    this.period = every == null ? NEVER : every.toMillis();
    this.until = end == null ? NEVER : end.toEpochMilli();
    this.first =
        at != null ? at.toEpochMilli() : in != null ? scheduledAt + in.toMillis() : scheduledAt;
  }

  /** Before the first instant: what {@link #nextAfter} finds that one from. */
  long beginning() {
    return first - 1;
  }

  /** The first instant after that; {@link #NEVER} if there is none. */
  long nextAfter(long after) {
    looks++;
    long next = cron == null ? periodic(after) : byCron(after, cron);
    return next > until ? NEVER : next;
  }

  /** For tests: how often it was asked what follows. */
  long looks() {
    return looks;
  }

  private long periodic(long after) {
    if (after < first) {
      return first;
    }
    return period == NEVER ? NEVER : first + ((after - first) / period + 1) * period;
  }

  private long byCron(long after, Cron cron) {
    Instant next = cron.nextAfter(Instant.ofEpochMilli(after), zone, gap);
    return next == null ? NEVER : next.toEpochMilli();
  }

  /** How many instants there are in {@code (after, to]}; no more than {@code most} are counted. */
  long count(long after, long to, int most) {
    int count = 0;
    for (long next = nextAfter(after); next <= to && count < most; next = nextAfter(next)) {
      count++;
    }
    return count;
  }

  /**
   * The last {@code most} instants in {@code (after, to]}, the oldest first. The cost is that of
   * what it finds, however long ago {@code after} is: it looks back further and further.
   */
  List<Long> latest(long after, long to, int most) {
    for (long window = WINDOW; ; window *= 8) {
      long from = to - window <= after ? after : to - window;
      List<Long> found = new ArrayList<>();
      for (long next = nextAfter(from); next <= to; next = nextAfter(next)) {
        found.add(next);
      }
      if (found.size() >= most || from == after) {
        return found.size() <= most
            ? Collections.unmodifiableList(found)
            : List.copyOf(found.subList(found.size() - most, found.size()));
      }
    }
  }
}
