/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/**
 * A member's sending side: numbers messages, sends them in order, and sends again to a new home
 * what the last one did not confirm. What comes while two batches are under way goes together.
 */
final class Producer {
  private static final int IN_FLIGHT = 2;
  private static final int BATCH_LETTERS = 512;
  private static final int BATCH_BYTES = 256 * 1024;

  private final Desk desk;
  private final Map<Long, Pending> pending = new LinkedHashMap<>();
  private final ArrayDeque<Letter> unsent = new ArrayDeque<>();
  private final ArrayDeque<Long> batchEnds = new ArrayDeque<>();

  /** Up to where each home was sent what is pending, since it is sent in order. */
  private final Map<Member, Long> sentTo = new LinkedHashMap<>();

  private long last;

  private record Pending(Letter letter, Object ticket) {}

  Producer(Desk desk) {
    this.desk = desk;
  }

  void publish(Traits traits, byte[] body, Object ticket) {
    Letter letter = new Letter(desk.self().id(), ++last, desk.now(), traits, body);
    pending.put(letter.number, new Pending(letter, ticket));
    unsent.add(letter);
  }

  /** A home reigns that has heard nothing yet. */
  void newHome() {
    batchEnds.clear();
    if (desk.apply(Rule.SEND_AGAIN)) {
      unsent.clear();
      pending.values().forEach(waiting -> unsent.add(waiting.letter));
    }
  }

  /**
   * The home has answered. What one refuses that reigns no more, the next has been sent and may
   * have taken.
   */
  void enqueued(Packet.Enqueued enqueued, Epoch reign) {
    enqueued.taken().forEach(number -> end(number, null));
    if (enqueued.epoch().equals(reign)) {
      enqueued.refused().forEach(refused -> end(refused.number(), refused));
    }
  }

  private void end(long number, Packet.@Nullable Refused refused) {
    Pending ended = pending.remove(number);
    if (ended != null) {
      desk.perform(
          refused == null
              ? new Effect.Published(ended.ticket, null, null)
              : new Effect.Published(ended.ticket, refused.why(), refused.kind()));
    }
  }

  void flush(Member home, Epoch epoch) {
    long lowest = lowest();
    while (!batchEnds.isEmpty() && batchEnds.element() < lowest) {
      batchEnds.remove();
    }
    sentTo.values().removeIf(upTo -> upTo < lowest);
    while (!unsent.isEmpty() && batchEnds.size() < IN_FLIGHT) {
      List<Letter> batch = new ArrayList<>();
      int bytes = 0;
      while (!unsent.isEmpty() && batch.size() < BATCH_LETTERS && bytes < BATCH_BYTES) {
        Letter next = unsent.remove();
        batch.add(next);
        bytes += next.size();
      }
      long end = batch.get(batch.size() - 1).number;
      batchEnds.add(end);
      desk.send(home, new Packet.Enqueue(epoch, lowest, sentToOthers(home), batch));
      sentTo.merge(home, end, Math::max);
    }
  }

  private List<Packet.Before> sentToOthers(Member home) {
    return sentTo.isEmpty()
        ? List.of()
        : sentTo.entrySet().stream()
            .filter(each -> !each.getKey().equals(home))
            .map(each -> new Packet.Before(each.getKey(), each.getValue()))
            .toList();
  }

  private long lowest() {
    return pending.isEmpty() ? last + 1 : pending.keySet().iterator().next();
  }

  /** What waits to be held is given up; it may come in all the same. */
  void fail(String why) {
    List<Pending> all = List.copyOf(pending.values());
    pending.clear();
    unsent.clear();
    all.forEach(
        waiting ->
            desk.perform(new Effect.Published(waiting.ticket, why, Packet.Refusal.NOT_KEPT)));
  }

  /** Nobody gets an answer any more: tell them. */
  void shutDown(String why) {
    List<Pending> all = List.copyOf(pending.values());
    pending.clear();
    unsent.clear();
    all.forEach(waiting -> desk.perform(new Effect.Published(waiting.ticket, why, null)));
  }
}
