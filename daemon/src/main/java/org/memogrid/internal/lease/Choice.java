/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.lease;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import org.memogrid.cluster.Member;

/** Which of the members that offer a name gets it: the same answer wherever it is asked. */
final class Choice {
  private Choice() {}

  static Member of(String name, LeaseSpec spec, Collection<Member> among, List<Member> byAge) {
    return among.stream()
        .max(
            switch (spec.order()) {
              case SPREAD -> byScore(name);
              case OLDEST -> Comparator.<Member>comparingInt(m -> -byAge.indexOf(m));
              case PREFERRED ->
                  Comparator.<Member>comparingInt(m -> -place(spec.preferred(), m))
                      .thenComparing(byScore(name));
            })
        .orElseThrow();
  }

  private static int place(List<String> preferred, Member member) {
    int place = preferred.indexOf(member.name());
    return place < 0 ? preferred.size() : place;
  }

  /** Rendezvous: a member that goes moves its own names only, and to all others alike. */
  private static Comparator<Member> byScore(String name) {
    return Comparator.<Member>comparingLong(m -> score(name, m)).thenComparing(Member::id);
  }

  /** String's hash is specified, so all JVMs score alike. */
  private static long score(String name, Member member) {
    long z = ((long) name.hashCode() << 32) ^ (member.id().hashCode() * 0x9E3779B97F4A7C15L);
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
