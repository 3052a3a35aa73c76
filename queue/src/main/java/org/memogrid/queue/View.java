/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.List;
import org.memogrid.cluster.Member;

/**
 * Who is there, as one member knows it, and what that means for one queue.
 *
 * @param rank the members in the order in which they would be home
 */
record View(long id, List<Member> members, List<Member> rank) {
  static View of(String queue, long id, List<Member> members) {
    return new View(id, List.copyOf(members), Placement.rank(queue, members));
  }

  Member home() {
    return rank.get(0);
  }

  boolean has(Member member) {
    return members.contains(member);
  }
}
