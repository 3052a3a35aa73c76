/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.testkit.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import org.memogrid.cluster.Member;

/**
 * Who is in the cluster in truth, and when each member learns of it: each at its own moment, so
 * that members of different views talk to each other.
 */
public final class SimViews {
  private final VirtualTime time;
  private final BiConsumer<Member, View> learn;
  private View current = new View(0, List.of());

  public SimViews(VirtualTime time, BiConsumer<Member, View> learn) {
    this.time = time;
    this.learn = learn;
  }

  public View current() {
    return current;
  }

  public boolean has(Member member) {
    return current.members.contains(member);
  }

  public void join(Member member) {
    List<Member> members = new ArrayList<>(current.members);
    members.add(member);
    install(members);
  }

  public void exclude(Member member) {
    List<Member> members = new ArrayList<>(current.members);
    if (members.remove(member)) {
      install(members);
    }
  }

  public void install(List<Member> members) {
    View view = new View(current.id + 1, List.copyOf(members));
    current = view;
    for (Member member : view.members) {
      time.after(time.between(1, 30), () -> learn.accept(member, view));
    }
  }

  /** The members, oldest first. */
  public record View(long id, List<Member> members) {}
}
