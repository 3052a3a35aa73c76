/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.jgroups.Address;
import org.junit.jupiter.api.Test;

final class KnownMembersTest {
  private final KnownMembers known = new KnownMembers();

  private static String id(Address member) {
    return Addresses.member(member).id();
  }

  @Test
  void whoLeftIsRememberedForAWhileAndThenForgotten() {
    Address stays = Addresses.naming("stays");
    List<Address> others = new ArrayList<>();
    for (int i = 0; i < KnownMembers.REMEMBERED + 10; i++) {
      Address other = Addresses.naming("other" + i);
      others.add(other);
      known.onView(List.of(stays, other));
    }
    known.onView(List.of(stays));
    assertThat(known.get(id(stays))).isEqualTo(stays);
    assertThat(known.get(id(others.get(others.size() - 1)))).isNotNull();
    assertThat(known.get(id(others.get(10)))).isNotNull();
    assertThat(known.get(id(others.get(9)))).isNull();
  }

  @Test
  void aMemberThatComesBackAfterASplitIsNotForgotten() {
    Address stays = Addresses.naming("stays");
    Address back = Addresses.naming("back");
    known.onView(List.of(stays, back));
    known.onView(List.of(stays));
    known.onView(List.of(stays, back));
    for (int i = 0; i < KnownMembers.REMEMBERED + 10; i++) {
      known.onView(List.of(stays, back, Addresses.naming("other" + i)));
    }
    assertThat(known.get(id(back))).isEqualTo(back);
  }

  @Test
  void aSenderIsKnownBeforeItsView() {
    Address early = Addresses.naming("early");
    known.heardOf(early);
    assertThat(known.get(id(early))).isEqualTo(early);
  }
}
