/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/** Who is there to decide and to keep results, as one member sees it. Not thread-safe. */
final class Roster {
  private final Member self;
  private List<Member> present = List.of();

  /** Those present that have no pipelines: they answer nothing and keep nothing. */
  private final Set<Member> lacking = new HashSet<>();

  /** The others. */
  private List<Member> members = List.of();

  Roster(Member self) {
    this.self = self;
  }

  /** Takes a view. */
  void install(List<Member> all) {
    present = List.copyOf(all);
    lacking.retainAll(present);
    choose();
  }

  /** Whether that is new: the member has no pipelines, and is for all this as if not there. */
  boolean lacking(Member member) {
    boolean isNew = present.contains(member) && lacking.add(member);
    if (isNew) {
      choose();
    }
    return isNew;
  }

  private void choose() {
    members = present.stream().filter(member -> !lacking.contains(member)).toList();
  }

  List<Member> members() {
    return members;
  }

  boolean has(Member member) {
    return members.contains(member);
  }

  /** Whether the member with this id is there. */
  boolean hasId(String id) {
    return members.stream().anyMatch(m -> m.id().equals(id));
  }

  /** Who decides what is offered. */
  Member decider(Mail.Offer offer) {
    for (Member member : members) {
      if (member.id().equals(offer.origin())) {
        return member;
      }
    }
    return first(offer.id(), null);
  }

  /** The first by a hash that is not {@code but}; self if there is no other. */
  Member first(String id, @Nullable Member but) {
    Member best = self;
    long most = Long.MIN_VALUE;
    for (Member member : members) {
      long score = Scores.of(id, member);
      if (!member.equals(but) && (score > most || best.equals(but))) {
        best = member;
        most = score;
      }
    }
    return best;
  }
}
