/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/**
 * What this member offers to those who decide, until it hears what was decided. Not thread-safe.
 */
final class Offers<T> {
  private final ResultDesk<T> desk;
  private final Map<Long, Offered<T>> offers = new LinkedHashMap<>();
  private final Map<Member, Line> lines = new LinkedHashMap<>();
  private long last;

  /** An own offer. */
  static final class Offered<T> {
    final Mail.Offer offer;
    private final T ticket;

    /** Who was asked last. */
    @Nullable Member decider;

    Offered(Mail.Offer offer, T ticket) {
      this.offer = offer;
      this.ticket = ticket;
    }
  }

  /** Offers to one member. Those that come while as many are under way wait, and go together. */
  private static final class Line {
    final Map<Long, Mail.Offer> waiting = new LinkedHashMap<>();
    final Set<Long> underWay = new HashSet<>();
  }

  Offers(ResultDesk<T> desk) {
    this.desk = desk;
  }

  Offered<T> open(
      String id,
      String origin,
      boolean chosen,
      long keep,
      Outcome outcome,
      @Nullable Death death,
      T ticket) {
    Mail.Offer offer = new Mail.Offer(++last, id, origin, chosen, keep, outcome, death);
    Offered<T> own = new Offered<>(offer, ticket);
    offers.put(own.offer.number(), own);
    return own;
  }

  @Nullable Offered<T> get(long number) {
    return offers.get(number);
  }

  List<Offered<T>> all() {
    return List.copyOf(offers.values());
  }

  /** It goes to another member, in its line. */
  void line(Offered<T> own, Member to) {
    leaveLine(own);
    own.decider = to;
    lines.computeIfAbsent(to, m -> new Line()).waiting.put(own.offer.number(), own.offer);
  }

  /** It is decided here. */
  void stay(Offered<T> own) {
    leaveLine(own);
    own.decider = desk.self();
  }

  private void leaveLine(Offered<T> own) {
    Member asked = own.decider;
    Line line = asked == null ? null : lines.get(asked);
    if (line != null && asked != null) {
      line.waiting.remove(own.offer.number());
      line.underWay.remove(own.offer.number());
      if (line.waiting.isEmpty() && line.underWay.isEmpty()) {
        lines.remove(asked);
      }
    }
  }

  /** It is decided, whatever was decided. */
  void conclude(long number) {
    Offered<T> own = offers.remove(number);
    if (own != null) {
      leaveLine(own);
      desk.effects().concluded(own.ticket);
    }
  }

  /** All who wait for what becomes of their offers, who hear nothing any more. */
  List<T> abandon() {
    List<T> all = offers.values().stream().map(own -> own.ticket).toList();
    offers.clear();
    lines.clear();
    return all;
  }

  /** Sends what may go. */
  void flush() {
    lines.forEach(
        (member, line) -> {
          if (line.waiting.size() >= line.underWay.size()) {
            line.waiting.values().forEach(offer -> desk.bag().offer(member, offer));
            line.underWay.addAll(line.waiting.keySet());
            line.waiting.clear();
          }
        });
  }
}
