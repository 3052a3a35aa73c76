/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Registration;
import org.memogrid.cluster.Member;
import org.memogrid.cluster.Membership;
import org.memogrid.cluster.MembershipListener;

class MembershipsTest {
  private static final Member SELF = new Member("self", "1");

  private final Queue<Runnable> teller = new ArrayDeque<>();
  private final Memberships memberships = new Memberships(view(0), teller::add);
  private final List<String> told = new ArrayList<>();

  @Test
  void changesAreToldInOrderByTheTeller() {
    listen((before, now) -> told.add(before.id() + "->" + now.id()));
    memberships.change(view(1));
    memberships.change(view(2));
    assertThat(memberships.current().id()).isEqualTo(2);
    assertThat(told).as("not by the thread that brings the view").isEmpty();
    teller.forEach(Runnable::run);
    assertThat(told).containsExactly("0->1", "1->2");
  }

  @Test
  void aListenerThatThrowsIsToldOfTheNextAndHurtsNobody() {
    listen(
        (before, now) -> {
          told.add("bad " + now.id());
          throw new IllegalStateException("on purpose");
        });
    listen((before, now) -> told.add("good " + now.id()));
    memberships.change(view(1));
    memberships.change(view(2));
    teller.forEach(Runnable::run);
    assertThat(told).containsExactly("bad 1", "good 1", "bad 2", "good 2");
  }

  @Test
  void eachRegistrationEndsByItself() {
    MembershipListener listener = (before, now) -> told.add("told");
    Registration first = memberships.listen(listener);
    listen(listener);
    first.close();
    first.close();
    memberships.change(view(1));
    teller.forEach(Runnable::run);
    assertThat(told).containsExactly("told");
  }

  private void listen(MembershipListener listener) {
    var unused = memberships.listen(listener);
  }

  private static Membership view(long id) {
    return new Membership(id, List.of(SELF), SELF);
  }
}
