/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/**
 * A member's part in deciding, keeping and finding results: a pure core, events in, effects out. It
 * has no thread, no clock and no socket; its shell feeds one event at a time, then calls {@link
 * #flush}, and {@link #tick} when {@link #nextWake} has come.
 *
 * <p>The <em>decider</em> of a value is the member where it was submitted or, if that is gone, the
 * first of the others by a hash. The first offer that it gets stands. Whoever offered it keeps it
 * as the second member; if decider and offerer are one, another member keeps it.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>Nobody is told of a result before two members hold it, or all that there are. An offer is
 *       held by its offerer from the beginning.
 *   <li>An offer ends when its verdict comes; until then it is offered again to each next decider.
 *   <li>With each view goes out again what is not answered: a member that was taken for lost, and
 *       does not know it, sees in the view that has it back nobody who was ever missing, but what
 *       the others sent it meanwhile is gone. Mail waits for the view that its sender had, so that
 *       its answer is not lost in the same way: after all members have a view, nothing that was
 *       sent in it is dropped.
 *   <li>Who waits here is told once.
 * </ul>
 *
 * @param <T> who waits for a result, or for an offer's end
 */
final class ResultCore<T> {
  /** What the core wants done, in this order. Must not call back. */
  interface Effects<T> {
    void send(Member to, Mail mail);

    /** The offer is decided, whatever was decided. */
    void concluded(T ticket);

    /** Somebody who waits hears of the end. */
    void ended(T ticket, Outcome outcome);

    /** Nobody knows of an end of what somebody wants to submit. */
    void unknown(T ticket);
  }

  private final Roster roster;
  private final Mailbag bag;
  private final Rules rules;
  private final Offers<T> offers;
  private final Waiters<T> waiters;
  private final Decider<T> decider;
  private final List<Early> early = new ArrayList<>();
  private long view = -1;

  /** Mail of a view that this member does not have yet. */
  private record Early(Member from, long view, Mail mail) {}

  ResultCore(Member self, Rules rules, LongSupplier clock, Effects<T> effects) {
    this.roster = new Roster(self);
    this.bag = new Mailbag(effects::send);
    this.rules = rules;
    ResultDesk<T> desk = new ResultDesk<>(self, rules, clock, effects, bag, roster);
    this.offers = new Offers<>(desk);
    this.waiters = new Waiters<>(desk);
    this.decider = new Decider<>(desk, offers, waiters, new Questions(desk));
  }

  // ---- what this member does

  /** Somebody here waits for a value that is submitted here next. */
  void expect(String id, long deadline, long keepMillis, @Nullable Outcome late, T ticket) {
    waiters.expect(id, deadline, keepMillis, late, ticket);
    decider.tellIfKnown(id);
  }

  /** Somebody here wants the result of what was submitted anywhere. */
  void find(String id, T ticket) {
    waiters.find(id, ticket);
    look(id);
  }

  /**
   * Somebody here waits for a value that is submitted here next unless it was submitted before,
   * here or elsewhere: {@link Effects#unknown} says that no end of it is known.
   */
  void join(String id, T ticket) {
    waiters.join(id, decider.isHalfAnswered(id), ticket);
    decider.tellIfKnown(id);
    look(id);
  }

  /** Somebody who waits here asks the others too. */
  private void look(String id) {
    if (waiters.look(id)) {
      decider.ask(id);
    }
  }

  /** Dead letters are put back: what they ended with is no answer any more. */
  void revive(List<Death> deaths) {
    deaths.forEach(decider::revive);
  }

  /** Somebody does not wait any more. */
  void forget(String id, T ticket) {
    waiters.forget(id, ticket);
  }

  /** A value has ended here. Ends in {@link Effects#concluded}. */
  void offer(String id, String origin, boolean chosen, long keepMillis, Outcome outcome, T ticket) {
    decider.offer(offers.open(id, origin, chosen, keepMillis, outcome, null, ticket));
  }

  /** A message died without a step that says so. */
  void buried(
      Death death, String origin, boolean chosen, long keepMillis, Outcome outcome, T ticket) {
    decider.offer(offers.open(death.key(), origin, chosen, keepMillis, outcome, death, ticket));
  }

  // ---- members

  /** Takes a newer view. */
  void install(long id, List<Member> all) {
    if (id <= view) {
      return;
    }
    view = id;
    List<Member> before = roster.members();
    roster.install(all);
    decider.change(before);
    List<Early> waited = List.copyOf(early);
    early.clear();
    waited.forEach(mail -> received(mail.from, mail.view, mail.mail));
  }

  /** The member has no pipelines: it is for this as if it were not there. */
  void lacking(Member member) {
    List<Member> before = roster.members();
    if (roster.lacking(member)) {
      decider.change(before);
    }
  }

  // ---- messages

  /**
   * Mail has come.
   *
   * @param sent the number of the view that its sender had
   */
  void received(Member from, long sent, Mail mail) {
    if (sent > view && rules.apply(Rule.WAIT_FOR_VIEW)) {
      early.add(new Early(from, sent, mail));
      return;
    }
    mail.copies().forEach(copy -> decider.copy(from, copy));
    mail.copied().forEach(id -> decider.copied(from, id));
    mail.verdicts().forEach(verdict -> decider.verdict(from, verdict));
    mail.offers().forEach(offer -> decider.offered(from, offer));
    mail.inquiries().forEach(inquiry -> decider.inquired(from, inquiry));
    mail.answers().forEach(answer -> decider.answered(from, answer));
  }

  // ---- time

  /** Time has passed. */
  void tick() {
    decider.tick();
  }

  /** When {@link #tick} should be called though nothing happens. */
  long nextWake() {
    return Math.min(decider.nextExpiry(), waiters.nextWake());
  }

  /** Sends what has come together. Called at the end of each turn. */
  void flush() {
    offers.flush();
    bag.flush();
  }

  /** All who wait here, for results or for what becomes of offers: they hear nothing any more. */
  List<T> abandon() {
    List<T> all = new ArrayList<>(waiters.abandon());
    all.addAll(offers.abandon());
    return all;
  }
}
