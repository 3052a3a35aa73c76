/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import java.time.LocalTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedDeque;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.Member;
import org.memogrid.cluster.Membership;

/**
 * Who joined and left lately, as this node saw it, the latest first. To be made as soon as the
 * cluster is joined: the others do not wait until the application is there. Thread-safe.
 */
final class Arrivals {
  private static final int EVENTS = 8;

  private final Deque<Map<String, Object>> events = new ConcurrentLinkedDeque<>();

  Arrivals(Cluster cluster) {
    event("joined", cluster.self());
    var unused = cluster.onMembership(this::changed);
  }

  /** Each with {@code at}, {@code what} and {@code member}. */
  List<Map<String, Object>> events() {
    return new ArrayList<>(events);
  }

  private void changed(Membership before, Membership now) {
    now.members().stream()
        .filter(member -> !before.members().contains(member))
        .forEach(member -> event("joined", member));
    before.members().stream()
        .filter(member -> !now.members().contains(member))
        .forEach(member -> event("left", member));
  }

  private void event(String what, Member member) {
    String now =
        LocalTime.now(ZoneId.systemDefault())
            .truncatedTo(ChronoUnit.SECONDS)
            .format(DateTimeFormatter.ISO_LOCAL_TIME);
    events.addFirst(Map.of("at", now, "what", what, "member", member.name()));
    while (events.size() > EVENTS) {
      events.removeLast();
    }
  }
}
