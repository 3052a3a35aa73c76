/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.Comparator;
import java.util.List;
import org.memogrid.cluster.Member;

/**
 * Which members a queue lives on: by a hash of its name and theirs, so that all that know the same
 * members agree, queues spread, and one that comes or goes moves its own share only. When the first
 * leaves, the second, its backup, is the first.
 */
final class Placement {
  private Placement() {}

  /** All members, the home first, then the backup, then those that would follow. */
  static List<Member> rank(String queue, List<Member> members) {
    long name = hash(queue);
    return members.stream()
        .sorted(
            Comparator.comparingLong((Member m) -> -(score(name, m) >>> 1))
                .thenComparing(Member::id))
        .toList();
  }

  private static long score(long name, Member member) {
    return mix(name ^ mix(hash(member.id())));
  }

  /** Specified, unlike hashCode of most things, but String's 32 bits are few. */
  private static long hash(String text) {
    long hash = 0xcbf29ce484222325L;
    for (int i = 0; i < text.length(); i++) {
      hash = (hash ^ text.charAt(i)) * 0x100000001b3L;
    }
    return mix(hash);
  }

  private static long mix(long x) {
    long z = (x ^ (x >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
