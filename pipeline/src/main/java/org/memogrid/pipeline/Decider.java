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
  /** Who waits may ask again until then. */
  private static final long LEAST_KEPT = 30_000;

  private final ResultDesk<T> desk;
  private final Roster roster;
  private final Mailbag bag;
  private final Keep keep;
  private final Offers<T> offers;
  private final Waiters<T> waiters;
  private final Questions questions;

  Decider(
      ResultDesk<T> desk, Keep keep, Offers<T> offers, Waiters<T> waiters, Questions questions) {
    this.desk = desk;
    this.roster = desk.roster();
    this.bag = desk.bag();
    this.keep = keep;
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
      Kept decided = new Kept(offer.origin(), offer.outcome(), verdict.expiresAt(), from);
      keep(offer.id(), decided);
      confirmed(offer.id(), decided);
    }
    offers.conclude(verdict.number());
  }

  // ---- deciding

  void offered(Member from, Mail.Offer offer) {
    Kept known = keep.get(offer.id());
    Questions.Question asked = questions.open(offer.id());
    if (known != null && stands(known, offer.outcome())) {
      reject(from, offer, known);
    } else if (asked != null) {
      asked.attach(from, offer);
    } else if (isInPlace(offer) && desk.apply(Rule.ASK_BEFORE_DECIDING)) {
      questions.ask(offer.id()).attach(from, offer);
      ask(offer.id());
    } else {
      decide(from, offer);
    }
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
    } else if (known.unconfirmed.isEmpty()) {
      offers.conclude(offer.number());
    } else {
      known.unconfirmed.add(offer.number());
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
    String id = offer.id();
    boolean inPlace = isInPlace(offer);
    if (inPlace && roster.hasId(offer.origin()) && desk.apply(Rule.LEAVE_IT_TO_THE_ORIGIN)) {
      return; // who offers it hears of the origin too, and offers it there
    }
    long expiresAt = desk.now() + Math.max(LEAST_KEPT, offer.keep());
    if (!from.equals(desk.self())) {
      Kept decided = new Kept(offer.origin(), offer.outcome(), expiresAt, from);
      decided.number = offer.number();
      decided.inPlace = inPlace;
      keep(id, decided);
      bag.verdict(from, new Mail.Verdict(offer.number(), true, expiresAt));
      confirmed(id, decided);
      return;
    }
    Kept decided = new Kept(offer.origin(), offer.outcome(), expiresAt, null);
    decided.inPlace = inPlace;
    decided.unconfirmed.add(offer.number());
    keep(id, decided);
    if (desk.apply(Rule.HELD_BY_TWO)) {
      copy(id, decided);
    } else {
      confirmed(id, decided);
    }
  }

  private void keep(String id, Kept result) {
    Kept gone = keep.put(id, result);
    if (gone != null) {
      gone.unconfirmed.forEach(offers::conclude);
    }
  }

  // ---- copies

  private void copy(String id, Kept result) {
    Member next = roster.first(id, desk.self());
    if (next.equals(desk.self())) {
      result.partner = null;
      confirmed(id, result);
    } else {
      copy(id, result, next);
    }
  }

  private void copy(String id, Kept result, Member to) {
    result.partner = to;
    result.number = 0;
    result.copyOut = true;
    bag.copy(to, new Mail.Copy(id, result.origin, result.expiresAt, result.outcome));
  }

  private void copyAgain(String id, Kept result) {
    Member partner = result.partner;
    if (partner == null || !roster.has(partner)) {
      if (desk.apply(Rule.COPY_AGAIN)) {
        copy(id, result);
      }
    } else if (result.copyOut && desk.apply(Rule.SEND_AGAIN)) {
      copy(id, result, partner);
    }
  }

  void copy(Member from, Mail.Copy copy) {
    Kept known = keep.get(copy.id());
    if (known == null || !stands(known, copy.outcome())) {
      Kept decided = new Kept(copy.origin(), copy.outcome(), copy.expiresAt(), from);
      keep(copy.id(), decided);
      confirmed(copy.id(), decided);
    }
    bag.copied(from, copy.id());
  }

  void copied(Member from, String id) {
    Kept result = keep.get(id);
    if (result != null && from.equals(result.partner)) {
      result.copyOut = false;
      confirmed(id, result);
    }
  }

  /** Two members have it, or all. */
  private void confirmed(String id, Kept result) {
    List<Long> ended = List.copyOf(result.unconfirmed);
    result.unconfirmed.clear();
    ended.forEach(offers::conclude);
    waiters.tell(id, result.outcome);
  }

  /** Somebody begins to wait: is told if this member knows the end, and another does. */
  void tellIfKnown(String id) {
    Kept known = keep.get(id);
    if (known != null && known.unconfirmed.isEmpty()) {
      waiters.tell(id, known.outcome);
    }
  }

  // ---- questions

  /** Asks all members, unless they are asked. */
  void ask(String id) {
    answered(questions.ask(id));
  }

  void inquired(Member from, Mail.Inquiry inquiry) {
    Kept known = keep.get(inquiry.id());
    Outcome outcome = known == null || known.expiresAt <= desk.now() ? null : known.outcome;
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
    Kept own = keep.get(asked.id);
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
    } else {
      waiters.answered(asked.id, found != null);
    }
  }

  private void answered(Member from, Mail.Offer offer, @Nullable Outcome found) {
    Kept known = keep.get(offer.id());
    if (known != null && stands(known, offer.outcome())) {
      reject(from, offer, known);
    } else if (found != null && !(offer.outcome().isFinal() && !found.isFinal())) {
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
        (id, result) -> {
          if (result.inPlace && result.origin.equals(member.id())) {
            result.inPlace = false;
            copy(id, result, member);
          }
        });
  }

  /** Dead letters are put back: what they ended with is no answer any more. */
  void revive(String id) {
    Kept known = keep.get(id);
    if (known != null && !known.outcome.isFinal() && known.unconfirmed.isEmpty()) {
      keep.remove(id);
    }
    questions.revive(id);
  }

  void tick() {
    long now = desk.now();
    for (Kept gone : keep.expire(now)) {
      gone.unconfirmed.forEach(offers::conclude);
    }
    for (Waiters.Late<T> late = waiters.pollLate(now); late != null; late = waiters.pollLate(now)) {
      offer(offers.open(late.id(), desk.self().id(), late.keep(), late.outcome(), late.ticket()));
    }
    waiters.toAsk(now).forEach(this::ask);
  }
}
