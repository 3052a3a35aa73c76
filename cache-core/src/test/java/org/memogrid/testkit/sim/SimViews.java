/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.testkit.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/**
 * Who is in the cluster in truth, and when each member learns of it: each at its own moment, so
 * that members of different views talk to each other. The cluster may be cut in two sides, whose
 * views bear the same numbers, and become one again.
 */
public final class SimViews {
  private final VirtualTime time;
  private final BiConsumer<Member, View> learn;

  /** One, or two while the cluster is cut. */
  private final List<View> sides = new ArrayList<>(List.of(new View(0, List.of())));

  public SimViews(VirtualTime time, BiConsumer<Member, View> learn) {
    this.time = time;
    this.learn = learn;
  }

  /** The view of the first side. */
  public View current() {
    return sides.get(0);
  }

  public boolean isCut() {
    return sides.size() > 1;
  }

  public boolean has(Member member) {
    return sideOf(member) >= 0;
  }

  /** 0 or 1; -1 if it is in no view. */
  public int sideOf(Member member) {
    for (int side = 0; side < sides.size(); side++) {
      if (sides.get(side).members.contains(member)) {
        return side;
      }
    }
    return -1;
  }

  /** The newest view that has the member; null if it is in none. */
  public @Nullable View of(Member member) {
    int side = sideOf(member);
    return side < 0 ? null : sides.get(side);
  }

  /** All members of all sides. */
  public List<Member> members() {
    List<Member> all = new ArrayList<>();
    sides.forEach(side -> all.addAll(side.members));
    return all;
  }

  /** Joins the first side. */
  public void join(Member member) {
    List<Member> members = new ArrayList<>(current().members);
    members.add(member);
    install(members);
  }

  public void exclude(Member member) {
    int side = sideOf(member);
    if (side >= 0) {
      List<Member> members = new ArrayList<>(sides.get(side).members);
      members.remove(member);
      install(side, sides.get(side).id + 1, members);
    }
  }

  public void install(List<Member> members) {
    install(0, current().id + 1, members);
  }

  /** Cuts off those who fulfil the condition, if that leaves somebody on either side. */
  public boolean cut(Predicate<Member> away) {
    List<Member> here = current().members.stream().filter(away.negate()).toList();
    List<Member> there = current().members.stream().filter(away).toList();
    if (isCut() || here.isEmpty() || there.isEmpty()) {
      return false;
    }
    long id = current().id + 1;
    sides.add(current());
    install(0, id, here);
    install(1, id, there);
    return true;
  }

  /** Both sides see each other again. Returns the number of their view. */
  public long merge() {
    View there = sides.remove(1);
    List<Member> members = new ArrayList<>(current().members);
    members.addAll(there.members);
    install(0, Math.max(current().id, there.id) + 1, members);
    return current().id;
  }

  private void install(int side, long id, List<Member> members) {
    View view = new View(id, List.copyOf(members));
    sides.set(side, view);
    for (Member member : view.members) {
      time.after(time.between(1, 30), () -> learn.accept(member, view));
    }
  }

  /** The members, oldest first. */
  public record View(long id, List<Member> members) {}
}
