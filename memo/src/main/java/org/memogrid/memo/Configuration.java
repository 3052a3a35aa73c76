/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.List;
import java.util.function.Function;
import org.memogrid.cluster.Member;

/**
 * Who the members are and which of them is home to a key. Compared whole, by its {@link Stamp}: the
 * sides of a split cluster reuse numbers.
 */
final class Configuration {
  private final Stamp stamp;
  private final Member coordinator;
  private final List<Member> members;
  private final Function<Object, Member> home;

  Configuration(long id, Member coordinator, List<Member> members, Function<Object, Member> home) {
    this.coordinator = coordinator;
    this.members = List.copyOf(members);
    this.home = home;
    this.stamp = Stamp.of(id, coordinator, this.members);
  }

  Stamp stamp() {
    return stamp;
  }

  Member coordinator() {
    return coordinator;
  }

  List<Member> members() {
    return members;
  }

  Member home(Object key) {
    return home.apply(key);
  }

  boolean has(Member member) {
    return members.contains(member);
  }

  @Override
  public String toString() {
    return "configuration " + stamp.id() + members;
  }

  /**
   * A configuration in short, as messages carry it.
   *
   * @param id rises with every configuration that a member installs
   * @param fingerprint of coordinator and members
   */
  record Stamp(long id, long fingerprint) {
    static Stamp of(long id, Member coordinator, List<Member> members) {
      long hash = mix(0xcbf29ce484222325L, coordinator.id());
      for (Member member : members) {
        hash = mix(hash, member.id());
      }
      return new Stamp(id, hash);
    }

    private static long mix(long hash, String text) {
      long mixed = hash;
      for (int i = 0; i < text.length(); i++) {
        mixed = (mixed ^ text.charAt(i)) * 0x100000001b3L;
      }
      return (mixed ^ '/') * 0x100000001b3L;
    }
  }
}
