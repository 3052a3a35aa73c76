/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.memogrid.cluster.Member;

/**
 * A member's receiving side: what its listeners are, what they have, and what became of what they
 * had until the home has confirmed that it knows.
 *
 * <p>That is how work outlives the home: 1. the home hands out and dies; 2. the next one hands out
 * the same again, by its copy; 3. here it is known, so it is not begun again; and if it has ended
 * already, the new home is told how.
 */
final class Consumer {
  private static final int IN_FLIGHT = 2;

  private final Desk desk;
  private final Map<Long, Packet.Subscription> subscriptions = new LinkedHashMap<>();
  private final Map<Tag, Packet.Delivery> held = new LinkedHashMap<>();
  private final Map<Tag, Packet.Settlement> settled = new LinkedHashMap<>();
  private final List<Packet.Settlement> unsent = new ArrayList<>();
  private final ArrayDeque<Tag> batchEnds = new ArrayDeque<>();
  private boolean changed;
  private boolean first;
  private boolean mayGet;

  Consumer(Desk desk) {
    this.desk = desk;
  }

  void subscribe(Packet.Subscription subscription) {
    subscriptions.put(subscription.id(), subscription);
    changed = true;
  }

  void unsubscribe(long id) {
    changed |= subscriptions.remove(id) != null;
  }

  boolean isIdle() {
    return held.isEmpty() && settled.isEmpty();
  }

  int held() {
    return held.size();
  }

  void newHome() {
    first = true;
    unsent.clear();
    batchEnds.clear();
    if (desk.apply(Rule.REMEMBER_SETTLED)) {
      unsent.addAll(settled.values());
    } else {
      settled.clear();
    }
  }

  void deliver(Packet.Deliver deliver) {
    for (Packet.Delivery delivery : deliver.deliveries()) {
      Tag tag = delivery.tag();
      boolean known = held.containsKey(tag) || settled.containsKey(tag);
      if (known && desk.apply(Rule.BEGIN_ONCE)) {
        continue;
      }
      held.put(tag, delivery);
      if (subscriptions.containsKey(delivery.subscription())) {
        desk.perform(new Effect.Begin(delivery));
      } else {
        settle(new Packet.Settlement(tag, Packet.Verdict.RELEASED, "", 0));
      }
    }
  }

  /** A message has ended here; again is ignored. */
  void settle(Packet.Settlement settlement) {
    if (held.remove(settlement.tag()) != null) {
      settled.put(settlement.tag(), settlement);
      unsent.add(settlement);
    }
  }

  /**
   * Takes nothing more, and is idle when nothing is on its way here: 1. the home hears that nobody
   * listens, and hands out no more; 2. it hears of the end of a message that there is not; 3. its
   * answer to that comes behind all that it handed out before.
   */
  void leave() {
    subscriptions.clear();
    changed = true;
    if (mayGet && desk.apply(Rule.LEAVE_AFTER_THE_LAST)) {
      Packet.Settlement last = new Packet.Settlement(Tag.LAST, Packet.Verdict.RELEASED, "", 0);
      settled.put(last.tag(), last);
      unsent.add(last);
    }
  }

  /** All that is held goes back; what becomes of it here is ignored. */
  void giveBack() {
    List.copyOf(held.keySet())
        .forEach(tag -> settle(new Packet.Settlement(tag, Packet.Verdict.RELEASED, "", 0)));
  }

  void confirmed(Packet.Settled confirmed) {
    confirmed.tags().forEach(settled::remove);
  }

  void flush(Member home, Epoch epoch) {
    introduce(home, epoch);
    while (!batchEnds.isEmpty() && !settled.containsKey(batchEnds.element())) {
      batchEnds.remove();
    }
    // What comes while some are under way goes together.
    if (batchEnds.size() < IN_FLIGHT) {
      sendEnds(home, epoch);
    }
  }

  /**
   * Sends what has ended, however much is under way: a question comes behind it. Else: 1. two
   * batches are under way; 2. a message ends here and waits for one of them; 3. who handled it asks
   * how many there are, and the home counts it.
   */
  void flushAll(Member home, Epoch epoch) {
    introduce(home, epoch);
    sendEnds(home, epoch);
  }

  /** Comes before what is settled here, so that a new home knows whom it settles for. */
  private void introduce(Member home, Epoch epoch) {
    if (first || changed) {
      mayGet |= !subscriptions.isEmpty();
      desk.send(home, new Packet.Subscribe(epoch, first, List.copyOf(subscriptions.values())));
      first = false;
      changed = false;
    }
  }

  private void sendEnds(Member home, Epoch epoch) {
    if (!unsent.isEmpty()) {
      desk.send(home, new Packet.Settle(epoch, List.copyOf(unsent)));
      batchEnds.add(unsent.get(unsent.size() - 1).tag());
      unsent.clear();
    }
  }
}
