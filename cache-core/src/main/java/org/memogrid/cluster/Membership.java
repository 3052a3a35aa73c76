/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import java.util.List;

/**
 * Who is in the cluster, as one member knows it. Immutable. Others may know more or less for a
 * moment, and those that cannot be reached for longer; counting members therefore decides nothing
 * about a majority.
 *
 * @param id rises with every change a member sees; two sides of a split cluster reuse numbers, so
 *     compare memberships whole
 * @param members oldest first, never empty; the first is the coordinator
 * @param self the member that this knowledge belongs to
 */
public record Membership(long id, List<Member> members, Member self) {
  /** Copies the list. */
  public Membership {
    members = List.copyOf(members);
  }

  /** The oldest member. */
  public Member coordinator() {
    return members.get(0);
  }
}
