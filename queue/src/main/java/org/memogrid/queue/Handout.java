/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/**
 * The home's handing out and taking back of messages.
 *
 * <p>Invariant: an entry is waiting and in {@link Waiting}, or handed out and in {@link Consumers},
 * or neither.
 */
final class Handout {
  private static final long TEN_MINUTES = 600_000;

  private final Desk desk;
  private final Log log;
  private final Gate gate;
  private final Outbox outbox;
  private final Waiting waiting;
  private final Consumers consumers;
  private final Ahead ahead;
  private Allowance allowance;

  /** Told of each message that becomes a dead letter. */
  interface Undertaker {
    void buried(Entry entry);
  }

  private final Undertaker undertaker;

  Handout(Desk desk, Log log, Gate gate, Outbox outbox, Undertaker undertaker) {
    this.desk = desk;
    this.log = log;
    this.gate = gate;
    this.outbox = outbox;
    this.undertaker = undertaker;
    this.waiting = new Waiting(desk);
    this.consumers = new Consumers(desk);
    this.ahead = new Ahead(desk, log, gate);
    Settings settings = settings();
    this.allowance = new Allowance(settings.rate(), settings.ratePeriod(), desk.now());
    log.state.forEach(this::ifOut);
    log.state.forEach(this::ifWaiting);
  }

  private Settings settings() {
    return log.state.settingsOrDefault();
  }

  private void ifOut(Entry entry) {
    Entry.Handing handing = entry.handing;
    if (handing != null || (entry.status == Entry.Status.WAITING && entry.failures > 0)) {
      waiting.keepsKey(entry);
    }
    if (handing != null) {
      consumers.took(handing.member(), entry);
    }
  }

  private void ifWaiting(Entry entry) {
    if (entry.status == Entry.Status.WAITING) {
      waiting.enter(entry);
    }
  }

  // ---- coming in and going out

  void enter(Entry entry) {
    waiting.enter(entry);
  }

  /** One that a lost home may have begun: as if it had been out there. */
  void enterDoubted(Entry entry, Member home) {
    Attempt attempt = attemptOnLost(home, " was lost, and may have begun it");
    var unused = log.append(new Op.Recall(entry.seq, 1, 0, 1, List.of(attempt)));
    enterSuspect(entry);
  }

  /** Removes one: who has it may settle it, and nothing comes of that. */
  void remove(Entry entry, Op.Reason reason) {
    takeBack(entry);
    var unused = log.append(new Op.Remove(entry.seq, reason));
    waiting.left(entry);
  }

  /** Hands out what can be. */
  void run() {
    ahead.say(consumers.listens(desk.self()));
    waiting.due();
    for (Entry late = waiting.expired(); late != null; late = waiting.expired()) {
      expire(late);
    }
    if (!log.spool.mayHandOut()) {
      return;
    }
    while (!log.state.isPaused() && consumers.hasRoom() && allowance.has(desk.now())) {
      Entry entry = waiting.first(consumers::wants);
      if (entry == null) {
        return;
      }
      long expires = entry.letter.traits.expiresAt();
      if (expires != 0 && expires <= desk.now()) {
        expire(entry);
      } else {
        handOut(entry);
      }
    }
  }

  private void handOut(Entry entry) {
    Consumers.Turn turn = consumers.turn(entry);
    Member member = turn.node().member;
    allowance.take();
    turn.node().allowance.take();
    boolean mayGoAhead = ahead.may(entry, member);
    var unused = log.append(new Op.Hand(entry.seq, member, turn.listening().subscription.id()));
    consumers.took(member, entry);
    deliver(entry, mayGoAhead);
  }

  private void deliver(Entry entry, boolean mayGoAhead) {
    Entry.Handing handing = entry.handing;
    if (handing != null) {
      Packet.Delivery delivery =
          new Packet.Delivery(handing.tag(), handing.subscription(), entry.attempt(), entry.letter);
      Member to = handing.member();
      gate.deliver(
          to,
          log.position(),
          entry.addedAt,
          mayGoAhead,
          () -> {
            // Else it has ended, and its member may remember it no more: it would begin it again.
            if (handing.equals(entry.handing)) {
              outbox.deliver(to, delivery);
            }
          });
    }
  }

  // ---- consumers

  void subscribe(Member from, Packet.Subscribe subscribe) {
    Settings settings = settings();
    consumers.subscribe(
        from,
        subscribe.subscriptions(),
        new Allowance(settings.nodeRate(), settings.nodeRatePeriod(), desk.now()));
    waiting.wanted(consumers.selectors());
    if (subscribe.first() && desk.apply(Rule.HAND_OUT_AGAIN)) {
      again(from);
    }
  }

  /** Sends a member once more what it has. What it knows it ignores. */
  void again(Member member) {
    consumers.handedTo(member).forEach(entry -> deliver(entry, false));
  }

  void settle(Member from, Packet.Settlement settlement) {
    Entry entry = log.state.get(settlement.tag().seq());
    // Its answer comes behind all that was handed out, also what is not saved yet.
    long addedAt = settlement.tag().equals(Tag.LAST) ? log.position() : 0;
    boolean known = entry != null || settlement.tag().equals(Tag.LAST);
    if (entry != null && isItsOwn(entry, settlement.tag())) {
      addedAt = entry.addedAt;
      takeBack(entry);
      switch (settlement.verdict()) {
        case HANDLED -> remove(entry, Op.Reason.HANDLED);
        case FAILED -> failed(from, entry, settlement);
        case REJECTED -> rejected(from, entry, settlement);
        case RELEASED -> {
          var unused = log.append(new Op.Release(entry.seq));
          waiting.enter(entry);
        }
      }
    }
    long mark = log.spool.mark();
    gate.follow(
        log.position(),
        addedAt,
        () -> {
          if (known) {
            log.spool.settle(mark, () -> outbox.settled(from, settlement.tag()));
          } else {
            log.spool.settleUnknown(mark, () -> outbox.settled(from, settlement.tag()));
          }
        });
  }

  private boolean isItsOwn(Entry entry, Tag tag) {
    Entry.Handing handing = entry.handing;
    return handing != null && (handing.tag().equals(tag) || !desk.apply(Rule.SETTLE_BY_TAG));
  }

  private void takeBack(Entry entry) {
    Entry.Handing handing = entry.handing;
    if (handing != null) {
      consumers.gaveBack(handing.member(), entry);
    }
  }

  private void failed(Member from, Entry entry, Packet.Settlement settlement) {
    long pause = settlement.delay() >= 0 ? settlement.delay() : backoff(entry);
    var unused =
        log.append(
            new Op.Fail(
                entry.seq,
                new Attempt(desk.now(), from.name(), settlement.error()),
                pause == 0 ? 0 : desk.now() + pause));
    Settings settings = settings();
    if (entry.attempt() > settings.attempts() && desk.apply(Rule.LIMIT_ATTEMPTS)) {
      bury(entry, settings.attempts() + " attempts failed, the last with " + settlement.error());
    } else {
      waiting.enter(entry);
    }
  }

  private void rejected(Member from, Entry entry, Packet.Settlement settlement) {
    Attempt attempt = new Attempt(desk.now(), from.name(), settlement.error());
    var unused = log.append(new Op.Fail(entry.seq, attempt, 0));
    bury(entry, "its consumer rejected it: " + settlement.error());
  }

  /** Anything between nothing and a span that doubles: failures at one time don't meet again. */
  private long backoff(Entry entry) {
    Settings settings = settings();
    int doublings = Math.min(entry.failures, 20);
    long longest = settings.longestBackoff();
    if (settings.backoff() <= longest >> doublings) {
      longest = settings.backoff() << doublings; // the other way round it might overflow
    }
    return Math.floorMod(dice(entry), longest + 1);
  }

  /** Chance that a simulation can repeat. */
  private static long dice(Entry entry) {
    long z = entry.seq * 0x9e3779b97f4a7c15L + entry.hands * 0xd1b54a32d192ed03L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    return z ^ (z >>> 27);
  }

  /** A member is gone: what it had goes back to its places. */
  void lost(Member member) {
    if (!desk.apply(Rule.TAKE_BACK_FROM_LOST)) {
      return;
    }
    for (Entry entry : consumers.lost(member)) {
      var unused = log.append(new Op.Crash(entry.seq, attemptOnLost(member, " left or was lost")));
      enterSuspect(entry);
    }
    waiting.wanted(consumers.selectors());
  }

  private Attempt attemptOnLost(Member member, String why) {
    return new Attempt(desk.now(), member.name(), "member " + member.name() + why);
  }

  private void enterSuspect(Entry entry) {
    if (entry.crashes >= settings().crashes() && desk.apply(Rule.LIMIT_CRASHES)) {
      bury(entry, "it was out on " + entry.crashes + " members that were lost");
    } else if (entry.attempt() > settings().attempts() && desk.apply(Rule.LIMIT_ATTEMPTS)) {
      bury(entry, settings().attempts() + " attempts failed, the last with a lost member");
    } else {
      waiting.enter(entry);
    }
  }

  /** The member leaves in order. */
  void leave() {
    ahead.leave();
  }

  private void bury(Entry entry, String cause) {
    entomb(entry, cause);
    undertaker.buried(entry);
  }

  /** Who asked for a reply is not told: a request is waited for as long as its message lives. */
  private void expire(Entry entry) {
    entomb(entry, "it expired before a listener got it");
  }

  private void entomb(Entry entry, String cause) {
    var unused = log.append(new Op.Bury(entry.seq, cause, desk.now()));
    waiting.left(entry);
  }

  /** All that have messages and are not there. */
  List<Member> holdersOutside(List<Member> members) {
    List<Member> outside = new ArrayList<>(consumers.holders());
    outside.removeAll(members);
    return outside;
  }

  List<Member> listenersOutside(List<Member> members) {
    return consumers.listeners().stream().filter(m -> !members.contains(m)).toList();
  }

  /** The options came. */
  void limits() {
    allowance = new Allowance(settings().rate(), settings().ratePeriod(), desk.now());
    consumers.limits(
        () -> new Allowance(settings().nodeRate(), settings().nodeRatePeriod(), desk.now()));
  }

  /** When there is something to do though nothing happens. */
  long next() {
    long next = waiting.next();
    if (log.state.waiting() > 0 && !log.state.isPaused()) {
      long now = desk.now();
      if (!allowance.has(now)) {
        next = Math.min(next, allowance.next(now));
      }
      next = Math.min(next, consumers.nextAllowance(now));
    }
    return Math.min(next, desk.now() + TEN_MINUTES);
  }

  /** The oldest that waits; null if none does. */
  @Nullable Entry oldestWaiting() {
    return log.state.first(entry -> entry.status == Entry.Status.WAITING);
  }
}
