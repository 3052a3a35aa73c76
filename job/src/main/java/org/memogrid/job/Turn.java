/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/**
 * The last turn in which a firing of a durable job was claimed. Its number is kept with the job,
 * since those of leases begin anew when all members have ended.
 *
 * @param number the token of its firings: higher than that of any turn before, in whatever life of
 *     the cluster
 * @param member the id of the member that has it, or had
 * @param lease the number of the lease that it goes by
 */
record Turn(long number, String member, long lease) {
  boolean is(Member holder, long held) {
    return lease == held && member.equals(holder.id());
  }

  /**
   * The turn that follows. No lower than the clock, so that it is higher also if the entry is an
   * old one, or a new one, since nobody could wait for those who had the last.
   */
  static Turn after(@Nullable Turn before, Member holder, long lease, long now) {
    long number = before == null ? now : Math.max(before.number + 1, now);
    return new Turn(number, holder.id(), lease);
  }
}
