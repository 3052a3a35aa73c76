/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
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
  private static final int MOST_KEPT = 100_000;
  private static final long LOOK_AGAIN = 200;
  private static final long LOOK_SELDOM = 2_000;

  /** Who waits may ask again until then. */
  private static final long LEAST_KEPT = 30_000;

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

  private final Member self;
  private final Rules rules;
  private final LongSupplier clock;
  private final Effects<T> effects;
  private final Mailbag bag;
  private List<Member> present = List.of();

  /** Those present that have no pipelines: they answer nothing and keep nothing. */
  private final Set<Member> lacking = new HashSet<>();

  /** The others. */
  private List<Member> members = List.of();

  private long view = -1;

  private final LinkedHashMap<String, Kept> kept = new LinkedHashMap<>();
  private final Map<Long, Offered<T>> offers = new LinkedHashMap<>();
  private final Map<Member, Line> lines = new LinkedHashMap<>();
  private final Map<String, Waiting<T>> waiting = new LinkedHashMap<>();
  private final TreeSet<Due> deadlines = new TreeSet<>(Due.ORDER);
  private final Map<String, Question> questions = new HashMap<>();
  private final Map<Long, Question> byNumber = new HashMap<>();
  private final List<Early> early = new ArrayList<>();
  private long last;
  private long lookAt = Long.MAX_VALUE;

  /** Mail of a view that this member does not have yet. */
  private record Early(Member from, long view, Mail mail) {}

  /** Something that is due for an id. */
  private record Due(long at, String id) {
    static final Comparator<Due> ORDER = Comparator.comparingLong(Due::at).thenComparing(Due::id);
  }

  /** A decided result. */
  private static final class Kept {
    final String origin;
    final Outcome outcome;
    final long expiresAt;
    @Nullable Member partner;

    /** The partner's offer that this is; 0 if the partner has it as a copy. */
    long number;

    /** Whether the partner has not said yet that it has its copy. */
    boolean copyOut;

    /** Whether it was decided here in the place of its origin, which has not heard of it. */
    boolean inPlace;

    /** Own offers that end when the partner has it. */
    final List<Long> unconfirmed = new ArrayList<>();

    Kept(String origin, Outcome outcome, long expiresAt, @Nullable Member partner) {
      this.origin = origin;
      this.outcome = outcome;
      this.expiresAt = expiresAt;
      this.partner = partner;
    }
  }

  /** An own offer. */
  private static final class Offered<T> {
    final Mail.Offer offer;
    final T ticket;
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

  /** Who waits here for one id. */
  private static final class Waiting<T> {
    final List<T> tickets = new ArrayList<>();

    /** Those of them that want to hear if nobody knows of an end. */
    final List<T> undecided = new ArrayList<>();

    /** Whether others may know what nobody will tell this member. */
    boolean look;

    long lookAt = Long.MAX_VALUE;
    long pause = LOOK_AGAIN;
    long deadline;
    @Nullable Outcome late;
    long keep;
  }

  /** What was asked of all members about one id. */
  private static final class Question {
    final long number;
    final String id;
    final Set<Member> silent = new HashSet<>();
    final Set<Member> holders = new HashSet<>();
    @Nullable Outcome found;

    void forget() {
      found = null;
      holders.clear();
    }

    /** Offers that wait for the answers, with who made them. */
    final List<Mail.Offer> offers = new ArrayList<>();

    final List<Member> offerers = new ArrayList<>();

    Question(long number, String id) {
      this.number = number;
      this.id = id;
    }
  }

  ResultCore(Member self, Rules rules, LongSupplier clock, Effects<T> effects) {
    this.self = self;
    this.rules = rules;
    this.clock = clock;
    this.effects = effects;
    this.bag = new Mailbag(effects::send);
  }

  // ---- what this member does

  /** Somebody here waits for a value that is submitted here next. */
  void expect(String id, long deadline, long keep, @Nullable Outcome late, T ticket) {
    Waiting<T> its = waiting.computeIfAbsent(id, i -> new Waiting<>());
    its.tickets.add(ticket);
    its.keep = keep;
    if (deadline > 0 && (its.deadline == 0 || deadline < its.deadline)) {
      deadlines.remove(new Due(its.deadline, id));
      its.deadline = deadline;
      its.late = late;
      deadlines.add(new Due(deadline, id));
    }
    Kept known = kept.get(id);
    if (known != null) {
      tell(id, known);
    }
  }

  /** Somebody here wants the result of what was submitted anywhere. */
  void find(String id, T ticket) {
    Waiting<T> its = waiting.computeIfAbsent(id, i -> new Waiting<>());
    its.tickets.add(ticket);
    look(id);
  }

  /**
   * Somebody here waits for a value that is submitted here next unless it was submitted before,
   * here or elsewhere: {@link Effects#unknown} says that no end of it is known.
   */
  void join(String id, T ticket) {
    Waiting<T> its = waiting.computeIfAbsent(id, i -> new Waiting<>());
    its.tickets.add(ticket);
    its.undecided.add(ticket);
    Kept known = kept.get(id);
    if (known != null) {
      tell(id, known);
    }
    look(id);
  }

  /** Somebody who waits here asks the others too. */
  private void look(String id) {
    Waiting<T> its = waiting.get(id);
    if (its != null) {
      its.look = true;
      its.pause = LOOK_AGAIN;
      ask(id);
    }
  }

  /** Dead letters are put back: what they ended with is no answer any more. */
  void revive(List<String> ids) {
    for (String id : ids) {
      Kept known = kept.get(id);
      if (known != null && !known.outcome.isFinal() && known.unconfirmed.isEmpty()) {
        kept.remove(id);
      }
      Question open = questions.get(id);
      if (open != null && open.found != null && !open.found.isFinal()) {
        open.forget();
      }
    }
  }

  /** Somebody does not wait any more. */
  void forget(String id, T ticket) {
    Waiting<T> its = waiting.get(id);
    if (its != null) {
      its.tickets.remove(ticket);
      its.undecided.remove(ticket);
      if (its.tickets.isEmpty()) {
        waiting.remove(id);
        deadlines.remove(new Due(its.deadline, id));
      }
    }
  }

  /** A value has ended here. Ends in {@link Effects#concluded}. */
  void offer(String id, String origin, long keep, Outcome outcome, T ticket) {
    Offered<T> own = new Offered<>(new Mail.Offer(++last, id, origin, keep, outcome), ticket);
    offers.put(own.offer.number(), own);
    offer(own);
  }

  private void offer(Offered<T> own) {
    if (members.isEmpty()) {
      return; // with the first view
    }
    Member to = decider(own.offer);
    if (to.equals(self)) {
      leaveLine(own);
      own.decider = to;
      offered(self, own.offer);
    } else {
      line(own, to);
    }
  }

  private void line(Offered<T> own, Member to) {
    leaveLine(own);
    own.decider = to;
    lines.computeIfAbsent(to, m -> new Line()).waiting.put(own.offer.number(), own.offer);
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

  private boolean hasMember(String id) {
    return members.stream().anyMatch(m -> m.id().equals(id));
  }

  private Member decider(Mail.Offer offer) {
    for (Member member : members) {
      if (member.id().equals(offer.origin())) {
        return member;
      }
    }
    return first(offer.id(), null);
  }

  /** The first by a hash that is not {@code but}; self if there is no other. */
  private Member first(String id, @Nullable Member but) {
    Member best = self;
    long most = Long.MIN_VALUE;
    for (Member member : members) {
      long score = Scores.of(id, member);
      if (!member.equals(but) && (score > most || best.equals(but))) {
        best = member;
        most = score;
      }
    }
    return best;
  }

  // ---- members

  /** Takes a newer view. */
  void install(long id, List<Member> all) {
    if (id <= view) {
      return;
    }
    view = id;
    present = List.copyOf(all);
    lacking.retainAll(present);
    change();
    List<Early> waited = List.copyOf(early);
    early.clear();
    waited.forEach(mail -> received(mail.from, mail.view, mail.mail));
  }

  /** The member has no pipelines: it is for this as if it were not there. */
  void lacking(Member member) {
    if (present.contains(member) && lacking.add(member)) {
      change();
    }
  }

  private void change() {
    List<Member> before = members;
    members = present.stream().filter(member -> !lacking.contains(member)).toList();
    for (Question question : List.copyOf(questions.values())) {
      question.silent.retainAll(members);
      question.holders.retainAll(members);
      if (rules.apply(Rule.SEND_AGAIN)) {
        question.silent.forEach(member -> inquire(member, question));
      }
      answered(question);
    }
    kept.forEach(this::copyAgain);
    if (rules.apply(Rule.TELL_WHO_RETURNS)) {
      members.stream().filter(m -> !before.contains(m)).forEach(this::tellIfBack);
    }
    List.copyOf(offers.values()).forEach(this::offerAgain);
    if (rules.apply(Rule.ASK_AFTER_CHANGE)) {
      List.copyOf(waiting.keySet()).forEach(this::ask);
    }
  }

  private void offerAgain(Offered<T> own) {
    Member asked = own.decider;
    if (asked == null || !members.contains(asked) || isBack(own.offer, asked)) {
      if (rules.apply(Rule.OFFER_AGAIN)) {
        offer(own);
      }
    } else if (!asked.equals(self) && rules.apply(Rule.SEND_AGAIN)) {
      line(own, asked); // not to who would be first now: two would decide
    }
  }

  private boolean isBack(Mail.Offer offer, Member asked) {
    return hasMember(offer.origin()) && !asked.id().equals(offer.origin());
  }

  /** The origin of what was decided here meanwhile may still wait for it. */
  private void tellIfBack(Member member) {
    kept.forEach(
        (id, result) -> {
          if (result.inPlace && result.origin.equals(member.id())) {
            result.inPlace = false;
            copy(id, result, member);
          }
        });
  }

  private void copyAgain(String id, Kept result) {
    Member partner = result.partner;
    if (partner == null || !members.contains(partner)) {
      if (rules.apply(Rule.COPY_AGAIN)) {
        copy(id, result);
      }
    } else if (result.copyOut && rules.apply(Rule.SEND_AGAIN)) {
      copy(id, result, partner);
    }
  }

  private void copy(String id, Kept result) {
    Member next = first(id, self);
    if (next.equals(self)) {
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
    mail.copies().forEach(copy -> copy(from, copy));
    mail.copied().forEach(id -> copied(from, id));
    mail.verdicts().forEach(verdict -> verdict(from, verdict));
    mail.offers().forEach(offer -> offered(from, offer));
    mail.inquiries().forEach(inquiry -> inquired(from, inquiry));
    mail.answers().forEach(answer -> answered(from, answer));
  }

  private void offered(Member from, Mail.Offer offer) {
    Kept known = kept.get(offer.id());
    Question asked = questions.get(offer.id());
    if (known != null && stands(known, offer.outcome())) {
      reject(from, offer, known);
    } else if (asked != null) {
      attach(asked, from, offer);
    } else if (!offer.origin().equals(self.id()) && rules.apply(Rule.ASK_BEFORE_DECIDING)) {
      attach(question(offer.id()), from, offer);
      answered(question(offer.id()));
    } else {
      decide(from, offer);
    }
  }

  private boolean stands(Kept known, Outcome other) {
    if (!rules.apply(Rule.FIRST_STANDS)) {
      return false;
    }
    boolean better = !known.outcome.isFinal() && other.isFinal();
    return !better || !rules.apply(Rule.DEAD_IS_NOT_FINAL);
  }

  private void attach(Question asked, Member from, Mail.Offer offer) {
    for (int i = 0; i < asked.offers.size(); i++) {
      if (asked.offerers.get(i).equals(from) && asked.offers.get(i).number() == offer.number()) {
        return;
      }
    }
    asked.offers.add(offer);
    asked.offerers.add(from);
  }

  private void reject(Member from, Mail.Offer offer, Kept known) {
    if (!from.equals(self)) {
      // It may have been decided for this offer, and the verdict lost.
      boolean yours = from.equals(known.partner) && offer.number() == known.number;
      bag.verdict(from, new Mail.Verdict(offer.number(), yours, yours ? known.expiresAt : 0));
    } else if (known.unconfirmed.isEmpty()) {
      conclude(offer.number());
    } else {
      known.unconfirmed.add(offer.number());
    }
  }

  private void decide(Member from, Mail.Offer offer) {
    String id = offer.id();
    boolean inPlace = !offer.origin().equals(self.id());
    if (inPlace && hasMember(offer.origin()) && rules.apply(Rule.LEAVE_IT_TO_THE_ORIGIN)) {
      return; // who offers it hears of the origin too, and offers it there
    }
    long expiresAt = clock.getAsLong() + Math.max(LEAST_KEPT, offer.keep());
    if (!from.equals(self)) {
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
    if (rules.apply(Rule.HELD_BY_TWO)) {
      copy(id, decided);
    } else {
      confirmed(id, decided);
    }
  }

  private void verdict(Member from, Mail.Verdict verdict) {
    Offered<T> own = offers.get(verdict.number());
    boolean passed = own != null && !verdict.yours() && !from.equals(own.decider);
    if (own == null || passed) {
      // Somebody else decides it, or has. But whoever says that it stands counts on this copy.
      return;
    }
    Mail.Offer offer = own.offer;
    if (verdict.yours() && rules.apply(Rule.HELD_BY_TWO)) {
      Kept decided = new Kept(offer.origin(), offer.outcome(), verdict.expiresAt(), from);
      keep(offer.id(), decided);
      confirmed(offer.id(), decided);
    }
    conclude(verdict.number());
  }

  private void conclude(long number) {
    Offered<T> own = offers.remove(number);
    if (own != null) {
      leaveLine(own);
      effects.concluded(own.ticket);
    }
  }

  private void copy(Member from, Mail.Copy copy) {
    Kept known = kept.get(copy.id());
    if (known == null || !stands(known, copy.outcome())) {
      Kept decided = new Kept(copy.origin(), copy.outcome(), copy.expiresAt(), from);
      keep(copy.id(), decided);
      confirmed(copy.id(), decided);
    }
    bag.copied(from, copy.id());
  }

  private void copied(Member from, String id) {
    Kept result = kept.get(id);
    if (result != null && from.equals(result.partner)) {
      result.copyOut = false;
      confirmed(id, result);
    }
  }

  /** Two members have it, or all. */
  private void confirmed(String id, Kept result) {
    List<Long> ended = List.copyOf(result.unconfirmed);
    result.unconfirmed.clear();
    ended.forEach(this::conclude);
    tell(id, result);
  }

  private void tell(String id, Kept result) {
    if (result.unconfirmed.isEmpty()) {
      tell(id, result.outcome);
    }
  }

  private void tell(String id, Outcome outcome) {
    Waiting<T> its = waiting.remove(id);
    if (its != null) {
      deadlines.remove(new Due(its.deadline, id));
      its.tickets.forEach(ticket -> effects.ended(ticket, outcome));
    }
  }

  // ---- questions

  private Question question(String id) {
    Question open = questions.get(id);
    if (open != null) {
      return open;
    }
    Question asked = new Question(++last, id);
    questions.put(id, asked);
    byNumber.put(asked.number, asked);
    for (Member member : members) {
      if (!member.equals(self)) {
        asked.silent.add(member);
        inquire(member, asked);
      }
    }
    return asked;
  }

  private void inquire(Member member, Question asked) {
    bag.inquiry(member, new Mail.Inquiry(asked.number, asked.id));
  }

  private void ask(String id) {
    answered(question(id));
  }

  private void inquired(Member from, Mail.Inquiry inquiry) {
    Kept known = kept.get(inquiry.id());
    Outcome outcome = known == null || known.expiresAt <= clock.getAsLong() ? null : known.outcome;
    bag.answer(from, new Mail.Answer(inquiry.number(), outcome));
  }

  private void answered(Member from, Mail.Answer answer) {
    Question asked = byNumber.get(answer.number());
    if (asked == null) {
      return;
    }
    asked.silent.remove(from);
    Outcome outcome = answer.outcome();
    if (outcome != null) {
      Outcome before = asked.found;
      if (before == null || (!before.isFinal() && outcome.isFinal())) {
        asked.found = outcome;
      }
      asked.holders.add(from);
    }
    answered(asked);
  }

  private void answered(Question asked) {
    if (!asked.silent.isEmpty() || questions.get(asked.id) != asked) {
      return;
    }
    questions.remove(asked.id);
    byNumber.remove(asked.number);
    Kept own = kept.get(asked.id);
    Outcome found = asked.found;
    if (own != null) {
      asked.holders.add(self);
      found = found == null || own.outcome.isFinal() ? own.outcome : found;
    }
    for (int i = 0; i < asked.offers.size(); i++) {
      Mail.Offer offer = asked.offers.get(i);
      Member from = asked.offerers.get(i);
      Kept known = kept.get(asked.id);
      if (known != null && stands(known, offer.outcome())) {
        reject(from, offer, known);
      } else if (found != null && !(offer.outcome().isFinal() && !found.isFinal())) {
        rejectForOther(from, offer);
      } else {
        decide(from, offer);
      }
    }
    Waiting<T> its = waiting.get(asked.id);
    if (its == null) {
      return;
    }
    if (found != null && believed(asked)) {
      tell(asked.id, found);
      return;
    }
    if (found == null) {
      its.undecided.forEach(effects::unknown);
      its.undecided.clear();
    }
    if (found != null || its.look) {
      its.look = true;
      its.lookAt = clock.getAsLong() + its.pause;
      its.pause = Math.min(LOOK_SELDOM, 2 * its.pause);
      lookAt = Math.min(lookAt, its.lookAt);
    }
  }

  private void rejectForOther(Member from, Mail.Offer offer) {
    if (from.equals(self)) {
      conclude(offer.number());
    } else {
      bag.verdict(from, new Mail.Verdict(offer.number(), false, 0));
    }
  }

  private boolean believed(Question asked) {
    return asked.holders.size() >= Math.min(2, members.size()) || !rules.apply(Rule.BELIEVE_TWO);
  }

  // ---- keeping, and time

  private void keep(String id, Kept result) {
    Kept before = kept.remove(id);
    if (before != null) {
      result.unconfirmed.addAll(before.unconfirmed);
    }
    kept.put(id, result);
    if (kept.size() > MOST_KEPT) {
      String eldest = kept.keySet().iterator().next();
      Kept gone = kept.remove(eldest);
      if (gone != null) {
        gone.unconfirmed.forEach(this::conclude);
      }
    }
  }

  /** Time has passed. */
  void tick() {
    long now = clock.getAsLong();
    for (Iterator<Kept> eldest = kept.values().iterator(); eldest.hasNext(); ) {
      Kept result = eldest.next();
      if (result.expiresAt > now) {
        break;
      }
      eldest.remove();
      result.unconfirmed.forEach(this::conclude);
    }
    while (!deadlines.isEmpty() && deadlines.first().at <= now) {
      Due due = deadlines.first();
      deadlines.remove(due);
      late(due, now);
    }
    if (lookAt <= now) {
      lookAt = Long.MAX_VALUE;
      for (Map.Entry<String, Waiting<T>> each : List.copyOf(waiting.entrySet())) {
        Waiting<T> its = each.getValue();
        if (its.look && its.lookAt <= now) {
          ask(each.getKey());
        } else if (its.look) {
          lookAt = Math.min(lookAt, its.lookAt);
        }
      }
    }
  }

  private void late(Due due, long now) {
    Waiting<T> its = waiting.get(due.id);
    Outcome late = its == null ? null : its.late;
    if (its != null && late != null && its.deadline <= now && rules.apply(Rule.END_AT_DEADLINE)) {
      its.late = null;
      Offered<T> own =
          new Offered<>(
              new Mail.Offer(++last, due.id, self.id(), its.keep, late), its.tickets.get(0));
      offers.put(own.offer.number(), own);
      offer(own);
    }
  }

  /** When {@link #tick} should be called though nothing happens. */
  long nextWake() {
    long next = lookAt;
    if (!kept.isEmpty()) {
      next = Math.min(next, kept.values().iterator().next().expiresAt);
    }
    return deadlines.isEmpty() ? next : Math.min(next, deadlines.first().at);
  }

  /** Sends what has come together. Called at the end of each turn. */
  void flush() {
    lines.forEach(
        (member, line) -> {
          if (line.waiting.size() >= line.underWay.size()) {
            line.waiting.values().forEach(offer -> bag.offer(member, offer));
            line.underWay.addAll(line.waiting.keySet());
            line.waiting.clear();
          }
        });
    bag.flush();
  }

  /** All who wait here, who hear nothing any more. */
  List<T> abandon() {
    List<T> all = new ArrayList<>();
    waiting.values().forEach(its -> all.addAll(its.tickets));
    waiting.clear();
    return all;
  }
}
