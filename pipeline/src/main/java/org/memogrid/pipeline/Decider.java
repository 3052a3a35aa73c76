/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/**
 * How it comes that two members hold one result of a value: what is offered, decided, copied, and
 * asked before. Not thread-safe. The invariants are those of {@link ResultCore}.
 */
final class Decider<T> {
  private final ResultDesk<T> desk;
  private final Roster roster;
  private final Mailbag bag;
  private final Keep keep = new Keep();
  private final Revived revived = new Revived();
  private final Offers<T> offers;
  private final Waiters<T> waiters;
  private final Questions questions;

  Decider(ResultDesk<T> desk, Offers<T> offers, Waiters<T> waiters, Questions questions) {
    this.desk = desk;
    this.roster = desk.roster();
    this.bag = desk.bag();
    this.offers = offers;
    this.waiters = waiters;
    this.questions = questions;
  }

  // ---- own offers

  /** Offers it to who decides now. */
  void offer(Offers.Offered<T> own) {
    if (roster.members().isEmpty()) {
      return; // with the first view
    }
    Member to = roster.decider(own.offer);
    if (to.equals(desk.self())) {
      offers.stay(own);
      offered(to, own.offer);
    } else {
      offers.line(own, to);
    }
  }

  private void offerAgain(Offers.Offered<T> own) {
    Member asked = own.decider;
    if (asked == null || !roster.has(asked) || isBack(own.offer, asked)) {
      if (desk.apply(Rule.OFFER_AGAIN)) {
        offer(own);
      }
    } else if (!asked.equals(desk.self()) && desk.apply(Rule.SEND_AGAIN)) {
      offers.line(own, asked); // not to who would be first now: two would decide
    }
  }

  private boolean isBack(Mail.Offer offer, Member asked) {
    return roster.hasId(offer.origin()) && !asked.id().equals(offer.origin());
  }

  void verdict(Member from, Mail.Verdict verdict) {
    Offers.Offered<T> own = offers.get(verdict.number());
    boolean passed = own != null && !verdict.yours() && !from.equals(own.decider);
    if (own == null || passed) {
      // Somebody else decides it, or has. But whoever says that it stands counts on this copy.
      return;
    }
    Mail.Offer offer = own.offer;
    if (verdict.yours() && desk.apply(Rule.HELD_BY_TWO)) {
      Kept decided = Kept.of(offer, verdict.expiresAt(), from);
      keep(decided);
      confirmed(decided);
    }
    offers.conclude(verdict.number());
  }

  // ---- deciding

  void offered(Member from, Mail.Offer offer) {
    Kept known = keep.live(offer.id(), desk.now());
    Questions.Question asked = questions.open(offer.id());
    if (known != null && stands(known, offer.outcome())) {
      reject(from, offer, known);
    } else if (isRevived(offer)) {
      rejectForOther(from, offer);
    } else if (asked != null) {
      asked.attach(from, offer);
    } else if (isInPlace(offer) && desk.apply(Rule.ASK_BEFORE_DECIDING)) {
      questions.ask(offer.id()).attach(from, offer);
      ask(offer.id());
    } else {
      decide(from, offer);
    }
  }

  private boolean isRevived(Mail.Offer offer) {
    Death death = offer.death();
    return death != null && revived.has(death) && desk.apply(Rule.DEATH_OF_ONE_LIFE);
  }

  private boolean isInPlace(Mail.Offer offer) {
    return !offer.origin().equals(desk.self().id());
  }

  private boolean stands(Kept known, Outcome other) {
    if (!desk.apply(Rule.FIRST_STANDS)) {
      return false;
    }
    boolean better = !known.outcome.isFinal() && other.isFinal();
    return !better || !desk.apply(Rule.DEAD_IS_NOT_FINAL);
  }

  private void reject(Member from, Mail.Offer offer, Kept known) {
    if (!from.equals(desk.self())) {
      // It may have been decided for this offer, and the verdict lost.
      boolean yours = from.equals(known.partner) && offer.number() == known.number;
      bag.verdict(from, new Mail.Verdict(offer.number(), yours, yours ? known.expiresAt : 0));
    } else if (known.isConfirmed()) {
      offers.conclude(offer.number());
    } else {
      known.attach(offer.number());
    }
  }

  private void rejectForOther(Member from, Mail.Offer offer) {
    if (from.equals(desk.self())) {
      offers.conclude(offer.number());
    } else {
      bag.verdict(from, new Mail.Verdict(offer.number(), false, 0));
    }
  }

  private void decide(Member from, Mail.Offer offer) {
    boolean inPlace = isInPlace(offer);
    if (inPlace && roster.hasId(offer.origin()) && desk.apply(Rule.LEAVE_IT_TO_THE_ORIGIN)) {
      return; // who offers it hears of the origin too, and offers it there
    }
    long expiresAt = desk.now() + Math.max(Keep.LEAST_KEPT, offer.keep());
    if (!from.equals(desk.self())) {
      Kept decided = Kept.of(offer, expiresAt, from);
      decided.number = offer.number();
      decided.inPlace = inPlace;
      keep(decided);
      bag.verdict(from, new Mail.Verdict(offer.number(), true, expiresAt));
      confirmed(decided);
      return;
    }
    Kept decided = Kept.of(offer, expiresAt, null);
    decided.inPlace = inPlace;
    decided.attach(offer.number());
    keep(decided);
    if (desk.apply(Rule.HELD_BY_TWO)) {
      copy(decided);
    } else {
      confirmed(decided);
    }
  }

  private void keep(Kept result) {
    Kept gone = keep.put(result, desk.now());
    if (gone != null) {
      dropped(gone);
    }
  }

  /** Nobody confirms it any more: whoever waits for it here hears of it now. */
  private void dropped(Kept result) {
    if (!result.isConfirmed()) {
      confirmed(result);
    }
  }

  // ---- copies

  private void copy(Kept result) {
    Member next = roster.first(result.id, desk.self());
    if (next.equals(desk.self())) {
      result.partner = null;
      confirmed(result);
    } else {
      copy(result, next);
    }
  }

  private void copy(Kept result, Member to) {
    result.partner = to;
    result.number = 0;
    result.copyOut = true;
    bag.copy(to, result.copy());
  }

  private void copyAgain(Kept result) {
    Member partner = result.partner;
    if (partner == null || !roster.has(partner)) {
      if (desk.apply(Rule.COPY_AGAIN)) {
        copy(result);
      }
    } else if (result.copyOut && desk.apply(Rule.SEND_AGAIN)) {
      copy(result, partner);
    }
  }

  void copy(Member from, Mail.Copy copy) {
    Kept known = keep.get(copy.id());
    if (known == null || !stands(known, copy.outcome())) {
      Kept decided = Kept.of(copy, from);
      keep(decided);
      confirmed(decided);
    }
    bag.copied(from, copy.id());
  }

  void copied(Member from, String id) {
    Kept result = keep.get(id);
    if (result != null && from.equals(result.partner)) {
      result.copyOut = false;
      confirmed(result);
    }
  }

  /** Two members have it, or all. */
  private void confirmed(Kept result) {
    result.confirm().forEach(offers::conclude);
    waiters.tell(result.id, result.outcome);
  }

  /** Somebody begins to wait: is told if this member knows the end, and another does. */
  void tellIfKnown(String id) {
    Kept known = keep.live(id, desk.now());
    if (known != null && known.isConfirmed()) {
      waiters.tell(id, known.outcome);
    }
  }

  // ---- questions

  /** Whether who asks now would hear answers of before. */
  boolean isHalfAnswered(String id) {
    return questions.isHalfAnswered(id);
  }

  /** Asks all members, unless they are asked. */
  void ask(String id) {
    answered(questions.ask(id));
  }

  void inquired(Member from, Mail.Inquiry inquiry) {
    Kept known = keep.live(inquiry.id(), desk.now());
    Outcome outcome = known == null ? null : known.outcome;
    bag.answer(from, new Mail.Answer(inquiry.number(), outcome));
  }

  void answered(Member from, Mail.Answer answer) {
    Questions.Question asked = questions.heard(from, answer);
    if (asked != null) {
      answered(asked);
    }
  }

  private void answered(Questions.Question asked) {
    if (!questions.close(asked)) {
      return;
    }
    Kept own = keep.live(asked.id, desk.now());
    Outcome found = asked.found;
    if (own != null) {
      asked.holders.add(desk.self());
      found = found == null || own.outcome.isFinal() ? own.outcome : found;
    }
    for (Questions.Offering offering : asked.offerings) {
      answered(offering.from(), offering.offer(), found);
    }
    if (found != null && believed(asked)) {
      waiters.tell(asked.id, found);
    } else if (waiters.answered(asked.id, found != null)) {
      ask(asked.id);
    }
  }

  private void answered(Member from, Mail.Offer offer, @Nullable Outcome found) {
    Kept known = keep.live(offer.id(), desk.now());
    if (known != null && stands(known, offer.outcome())) {
      reject(from, offer, known);
    } else if (isRevived(offer)
        || (found != null && !(offer.outcome().isFinal() && !found.isFinal()))) {
      rejectForOther(from, offer);
    } else {
      decide(from, offer);
    }
  }

  private boolean believed(Questions.Question asked) {
    return asked.holders.size() >= Math.min(2, roster.members().size())
        || !desk.apply(Rule.BELIEVE_TWO);
  }

  // ---- members, and time

  /** There are other members. */
  void change(List<Member> before) {
    for (Questions.Question question : questions.all()) {
      questions.change(question);
      answered(question);
    }
    keep.forEach(this::copyAgain);
    if (desk.apply(Rule.TELL_WHO_RETURNS)) {
      roster.members().stream().filter(m -> !before.contains(m)).forEach(this::tellIfBack);
    }
    offers.all().forEach(this::offerAgain);
    if (desk.apply(Rule.ASK_AFTER_CHANGE)) {
      waiters.ids().forEach(this::ask);
    }
  }

  /** The origin of what was decided here meanwhile may still wait for it. */
  private void tellIfBack(Member member) {
    keep.forEach(
        result -> {
          if (result.inPlace && result.origin.equals(member.id())) {
            result.inPlace = false;
            copy(result, member);
          }
        });
  }

  /** Dead letters are put back: what they ended with is no answer any more. */
  void revive(Death death) {
    Kept known = keep.get(death.key());
    if (known != null && !known.outcome.isFinal() && known.isConfirmed()) {
      var unused = keep.remove(death.key());
    }
    revived.add(death, desk.now());
    questions.revive(death.key());
  }

  /** When something is kept no longer. */
  long nextExpiry() {
    return Math.min(keep.nextExpiry(), revived.nextExpiry());
  }

  void tick() {
    long now = desk.now();
    keep.expire(now).forEach(this::dropped);
    revived.expire(now);
    for (Waiters.Late<T> late = waiters.pollLate(now); late != null; late = waiters.pollLate(now)) {
      offer(
          offers.open(
              late.id(),
              desk.self().id(),
              false,
              late.keep(),
              late.outcome(),
              null,
              late.ticket()));
    }
    waiters.toAsk(now).forEach(this::ask);
  }
}
