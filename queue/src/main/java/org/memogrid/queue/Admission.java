/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Set;
import org.memogrid.cluster.Member;

/** The home's door: what is published comes in once, and only if there is room. */
final class Admission {
  private final Desk desk;
  private final Log log;
  private final Gate gate;
  private final Outbox outbox;
  private final Handout handout;
  private final ArrayDeque<Blocked> blocked = new ArrayDeque<>();

  private Set<Origin> orphans = Set.of();

  private record Blocked(Member from, Letter letter, long settledBelow) {}

  Admission(Desk desk, Log log, Gate gate, Outbox outbox, Handout handout) {
    this.desk = desk;
    this.log = log;
    this.gate = gate;
    this.outbox = outbox;
    this.handout = handout;
  }

  void enqueue(Member from, Packet.Enqueue batch) {
    for (Letter letter : batch.letters()) {
      if (isKnown(letter)) {
        confirm(from, letter);
      } else if (letter.body.length > settings().largest()) {
        // Its publisher did not know: who opened the queue with less did so after it.
        refuse(
            from,
            letter,
            Packet.Refusal.TOO_LARGE,
            settings().tooLarge("queue '" + desk.queue() + "'", letter.body.length));
      } else if (hasRoom() || letter.traits.room() == Traits.Room.EXCEED) {
        take(from, letter, batch.settledBelow());
      } else {
        full(from, letter, batch.settledBelow());
      }
    }
  }

  private boolean isKnown(Letter letter) {
    String id = letter.traits.dedupeId();
    boolean seen =
        log.state.hasSeen(letter.producer, letter.number)
            || (!orphans.isEmpty() && orphans.contains(Origin.of(letter)));
    return (seen && desk.apply(Rule.TAKE_ONCE)) || (id != null && log.state.hasId(id));
  }

  private boolean hasRoom() {
    long capacity = settings().capacity();
    return capacity == 0 || (blocked.isEmpty() && log.state.live() < capacity);
  }

  private Settings settings() {
    return log.state.settingsOrDefault();
  }

  private void take(Member from, Letter letter, long settledBelow) {
    Entry entry = log.append(new Op.Add(letter, settledBelow, desk.now()));
    if (entry != null) {
      entry.addedAt = log.position();
      handout.enter(entry);
    }
    confirm(from, letter);
  }

  private void confirm(Member from, Letter letter) {
    gate.confirm(log.position(), () -> outbox.taken(from, letter.number));
  }

  private void full(Member from, Letter letter, long settledBelow) {
    if (letter.traits.room() == Traits.Room.FAIL) {
      refuse(from, letter, Packet.Refusal.FULL, whyFull());
      return;
    }
    switch (settings().whenFull()) {
      case BLOCK -> blocked.add(new Blocked(from, letter, settledBelow));
      case FAIL -> refuse(from, letter, Packet.Refusal.FULL, whyFull());
      case DROP_OLDEST -> {
        Entry oldest = handout.oldestWaiting();
        if (oldest == null) {
          refuse(from, letter, Packet.Refusal.FULL, whyFull());
        } else {
          handout.remove(oldest, Op.Reason.DROPPED);
          take(from, letter, settledBelow);
        }
      }
    }
  }

  private void refuse(Member from, Letter letter, Packet.Refusal kind, String why) {
    outbox.refused(from, new Packet.Refused(letter.number, kind, why));
  }

  private String whyFull() {
    return "queue '"
        + desk.queue()
        + "' is full: it has "
        + log.state.live()
        + " of at most "
        + settings().capacity()
        + " messages; publish later, add consumers, or open it with another capacity or WhenFull";
  }

  /** Lets in those for whom there is room now. */
  void run() {
    while (!blocked.isEmpty() && log.state.live() < settings().capacity()) {
      Blocked next = blocked.remove();
      if (isKnown(next.letter)) {
        confirm(next.from, next.letter);
      } else {
        take(next.from, next.letter, next.settledBelow);
      }
    }
  }

  /** Takes none of these again. */
  void orphans(Set<Origin> here) {
    orphans = here;
  }

  /** Members are gone, and those of their messages that are not in with them. */
  void keepOnly(List<Member> members) {
    blocked.removeIf(waiting -> !members.contains(waiting.from));
  }
}
