/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/** The home's door: what is published comes in once, and only if there is room. */
final class Admission {
  private final Desk desk;
  private final Log log;
  private final Gate gate;
  private final Outbox outbox;
  private final Handout handout;
  private final ArrayDeque<Offer> blocked = new ArrayDeque<>();

  private Set<Origin> orphans = Set.of();

  /**
   * @param doubted a lost home that may have begun it; null if there is none
   */
  private record Offer(Member from, Letter letter, long settledBelow, @Nullable Member doubted) {}

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
        confirmKnown(from, letter);
      } else if (letter.body.length > settings().largest()) {
        // Its publisher did not know: who opened the queue with less did so after it.
        refuse(
            from,
            letter,
            Packet.Refusal.TOO_LARGE,
            settings().tooLarge("queue '" + desk.queue() + "'", letter.body.length));
      } else if (hasRoom() || letter.traits.room() == Traits.Room.EXCEED) {
        take(new Offer(from, letter, batch.settledBelow(), doubted(batch, letter)));
      } else {
        full(new Offer(from, letter, batch.settledBelow(), doubted(batch, letter)));
      }
    }
  }

  /**
   * The race: 1. a home takes a message, and its own listener has it before the backup does; 2. it
   * takes the home with it; 3. the producer sends it to the next home, whose copy has nothing of
   * it.
   *
   * <p>One home at most: the next has it wait for the backup, so that its copy knows.
   */
  private @Nullable Member doubted(Packet.Enqueue batch, Letter letter) {
    for (Packet.Before sent : batch.before()) {
      if (letter.number <= sent.upTo()
          && log.state.doubts().lost().contains(sent.home().id())
          && desk.apply(Rule.SUSPECT_WHAT_IS_SENT_AGAIN)) {
        return sent.home();
      }
    }
    return null;
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

  private void take(Offer offer) {
    Letter letter = offer.letter;
    Entry entry = log.append(new Op.Add(letter, offer.settledBelow, desk.now()));
    if (entry != null) {
      entry.addedAt = log.position();
      Member doubted = offer.doubted;
      if (doubted == null) {
        // One with a dedupe id may be another's that comes in again.
        entry.comesAgain = letter.traits.dedupeId() == null;
        handout.enter(entry);
      } else {
        handout.enterDoubted(entry, doubted);
      }
    }
    confirm(offer.from, letter);
  }

  private void confirm(Member from, Letter letter) {
    long number = letter.number;
    long mark = log.spool.mark();
    gate.confirm(
        log.position(),
        () ->
            log.spool.confirm(
                mark, why -> notKept(from, number, why), () -> outbox.taken(from, number)));
  }

  private void confirmKnown(Member from, Letter letter) {
    long number = letter.number;
    long mark = log.spool.mark();
    gate.confirm(
        log.position(),
        () ->
            log.spool.confirmKnown(
                mark, why -> notKept(from, number, why), () -> outbox.taken(from, number)));
  }

  private void notKept(Member from, long number, String why) {
    outbox.refused(from, new Packet.Refused(number, Packet.Refusal.NOT_KEPT, why));
  }

  private void full(Offer offer) {
    if (offer.letter.traits.room() == Traits.Room.FAIL) {
      refuse(offer.from, offer.letter, Packet.Refusal.FULL, whyFull());
      return;
    }
    switch (settings().whenFull()) {
      case BLOCK -> blocked.add(offer);
      case FAIL -> refuse(offer.from, offer.letter, Packet.Refusal.FULL, whyFull());
      case DROP_OLDEST -> {
        Entry oldest = handout.oldestWaiting();
        if (oldest == null) {
          refuse(offer.from, offer.letter, Packet.Refusal.FULL, whyFull());
        } else {
          handout.remove(oldest, Op.Reason.DROPPED);
          take(offer);
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
      Offer next = blocked.remove();
      if (isKnown(next.letter)) {
        confirmKnown(next.from, next.letter);
      } else {
        take(next);
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
