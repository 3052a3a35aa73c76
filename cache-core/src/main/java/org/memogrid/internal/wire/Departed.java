/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.wire;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.memogrid.cluster.Member;
import org.memogrid.cluster.Membership;

/**
 * The members that left. A member in no view so far is not among them: it may have joined a view
 * that is still on its way here. The oldest are forgotten; ids are never used again.
 */
final class Departed {
  private static final int REMEMBERED = 1_000;

  private volatile Set<Member> gone = Set.of();

  boolean contains(Member member) {
    return gone.contains(member);
  }

  /** Takes a change and returns who left by it. Called by one thread at a time. */
  List<Member> change(Membership before, Membership now) {
    List<Member> left = new ArrayList<>(before.members());
    left.removeAll(now.members());
    Set<Member> next = new LinkedHashSet<>(gone);
    next.addAll(left);
    now.members().forEach(next::remove);
    Iterator<Member> oldest = next.iterator();
    while (next.size() > REMEMBERED) {
      oldest.next();
      oldest.remove();
    }
    gone = next;
    return left;
  }
}
