/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.List;
import org.memogrid.cluster.Codec;
import org.memogrid.cluster.Member;
import org.memogrid.internal.store.KeyHash;
import org.memogrid.internal.store.Topology;

/**
 * A configuration of a cache whose entries have no owners: the view. A key's home is the member
 * that scores highest for it, so a member that leaves moves its own keys only.
 */
record ViewTopology(long id, List<Member> members, Member self, Codec codec) implements Topology {
  @Override
  public Member coordinator() {
    return members.get(0);
  }

  @Override
  public Member home(Object key) {
    int hash = KeyHash.of(key, codec);
    Member best = coordinator();
    long highest = Long.MIN_VALUE;
    for (Member member : members) {
      long score = score(hash, member);
      if (score > highest) {
        highest = score;
        best = member;
      }
    }
    return best;
  }

  /** String's hash is specified, so all members score alike. */
  private static long score(int hash, Member member) {
    long mixed = ((long) member.id().hashCode() << 32 | (hash & 0xFFFFFFFFL)) * 0x9E3779B97F4A7C15L;
    mixed = (mixed ^ (mixed >>> 32)) * 0xD6E8FEB86659FD93L;
    return mixed ^ (mixed >>> 32);
  }

  @Override
  public List<Member> owners(Object key) {
    return List.of(self);
  }
}
