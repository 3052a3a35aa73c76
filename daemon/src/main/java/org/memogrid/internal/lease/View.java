/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.lease;

import java.util.List;
import java.util.Set;
import org.memogrid.cluster.Member;

/** Who is in the cluster, oldest first. Two sides of a split reuse ids: compared with its mark. */
record View(long id, List<Member> members) {
  View {
    members = List.copyOf(members);
  }

  Member oldest() {
    return members.get(0);
  }

  boolean has(Member member) {
    return members.contains(member);
  }

  View without(Set<Member> some) {
    return new View(id, members.stream().filter(member -> !some.contains(member)).toList());
  }

  /** Tells views of one id apart. */
  long mark() {
    long hash = 0xcbf29ce484222325L;
    for (Member member : members) {
      hash = (hash ^ member.id().hashCode()) * 0x100000001b3L;
    }
    return hash;
  }
}
