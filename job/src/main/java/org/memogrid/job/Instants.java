/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The instants of a job's schedule, and what was found out about them, kept from one look to the
 * next as long as the schedule stays. Not thread-safe.
 */
final class Instants {
  private @Nullable Definition definition;
  private long scheduledAt;
  private @Nullable Times times;
  private @Nullable Due due;

  Times of(JobState state) {
    Times known = times;
    if (known == null
        || scheduledAt != state.scheduledAt()
        || !state.definition().equals(definition)) {
      definition = state.definition();
      scheduledAt = state.scheduledAt();
      known = new Times(state.definition().schedule(), scheduledAt);
      times = known;
    }
    return known;
  }

  /** The last {@code most} in {@code (after, now]} of those that were asked for last. */
  List<Long> latest(int most, long after, long now) {
    Times known = times;
    if (known == null) {
      return List.of();
    }
    Due last = due;
    if (last == null || !last.isOf(known, most)) {
      last = new Due(known, most);
      due = last;
    }
    return last.latest(after, now);
  }

  /** All that have passed are decided: what was found out about them is of no use. */
  void noneIsDue() {
    due = null;
  }

  /** For tests: how often the instant that follows on another was looked for. */
  long looks() {
    Times known = times;
    return known == null ? 0 : known.looks();
  }
}
