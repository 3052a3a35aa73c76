/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import java.util.List;

/**
 * Who is in the cluster, as one member knows it. Immutable.
 *
 * @param id rises with every change a member sees; two sides of a split cluster reuse numbers, so
 *     compare memberships whole
 * @param members oldest first; the first is the coordinator
 * @param self the member that this knowledge belongs to
 */
public record Membership(long id, List<Member> members, Member self) {
  public Membership {
    members = List.copyOf(members);
  }

  /** The oldest member. */
  public Member coordinator() {
    return members.get(0);
  }
}
