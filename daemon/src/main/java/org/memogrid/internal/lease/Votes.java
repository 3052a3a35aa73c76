/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.lease;

import java.util.HashMap;
import java.util.Map;
import org.memogrid.cluster.Member;

/** Who has answered this member's beats, for names that need a vote. */
final class Votes {
  private final Map<Member, Vote> votes = new HashMap<>();

  /** The last answer: to the beat of when, in which view, and whether that has stood for long. */
  private record Vote(long sentAt, long viewId, boolean settled) {}

  void heard(Member from, long sentAt, long viewId, boolean settled) {
    Vote last = votes.get(from);
    if (last == null || last.sentAt <= sentAt) {
      votes.put(from, new Vote(sentAt, viewId, settled));
    }
  }

  void forget(Member gone) {
    votes.remove(gone);
  }

  /** When the beat was sent that so many have answered, this member itself at {@code self}. */
  long confirmed(int quorum, long self) {
    long[] times = new long[votes.size() + 1];
    times[0] = self;
    int i = 1;
    for (Vote vote : votes.values()) {
      times[i++] = vote.sentAt;
    }
    if (quorum > times.length) {
      return Long.MIN_VALUE / 2;
    }
    java.util.Arrays.sort(times);
    return times[times.length - quorum];
  }

  /** How many voters of a view not older, beats not older than {@code since}, are settled. */
  int settled(long viewId, long since) {
    return (int)
        votes.values().stream()
            .filter(vote -> vote.settled && vote.viewId >= viewId && vote.sentAt >= since)
            .count();
  }
}
