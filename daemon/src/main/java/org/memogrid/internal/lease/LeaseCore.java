/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.lease;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;
import org.memogrid.internal.lease.Message.Offer;

/**
 * One member's part in who holds which name: events in, effects out; no thread, no clock, no
 * socket. On the oldest member there is a {@link Directory} beside it. Times are milliseconds of a
 * clock that only rises. Not thread-safe.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>A turn begins only by the word of the oldest member of this member's view, in the term in
 *       which that one asked it last. The view is without members that lack this module.
 *   <li>{@code lastTick} never skips over a gap longer than a lease: the turns end first.
 *   <li>A turn that is over never comes back: the next one has a higher token.
 * </ul>
 */
final class LeaseCore {
  /** How long a member may stand still and keep what it holds. */
  static final long LEASE = 3_000;

  /** Between two ticks. */
  static final long TICK = 250;

  private static final long NO_TERM = 0;

  /** How often who has not been asked by the oldest member finds out whether it ever will be. */
  private static final long PROBE = 1_000;

  private final Member self;
  private final Rules rules;
  private final Consumer<Effect> effects;
  private final Map<String, Local> locals = new LinkedHashMap<>();
  private final Map<Member, Long> earlyAsks = new HashMap<>();
  private final Votes votes = new Votes();
  private final Set<Member> lacking = new HashSet<>();

  /** As it was installed; {@code view} is without those that lack this module. */
  private View whole;

  private View view;
  private long lastTick;
  private long lastChange;
  private long lastProbe;
  private long term = NO_TERM;
  private long terms;
  private long highestNumber;
  private boolean voting;
  private long wakeAt = Long.MIN_VALUE;
  private @Nullable Directory directory;

  /** A name that this member offers. */
  private static final class Local {
    final String name;
    final LeaseSpec spec;
    Token known = Token.NONE;
    @Nullable Token held;
    long heldSinceView;
    boolean begun;

    /** Others offer it with other options. It stays on offer: they may go. */
    boolean refused;

    Local(String name, LeaseSpec spec) {
      this.name = name;
      this.spec = spec;
    }
  }

  LeaseCore(Member self, Rules rules, Consumer<Effect> effects, long now) {
    this.self = self;
    this.rules = rules;
    this.effects = effects;
    this.whole = new View(Long.MIN_VALUE, List.of(self));
    this.view = whole;
    this.lastTick = now;
    this.lastChange = now; // what a former life of this process promised is not known
  }

  View view() {
    return view;
  }

  /** For tests: how many names this member knows of as the one that places them. */
  int placed() {
    Directory mine = directory;
    return mine == null ? 0 : mine.size();
  }

  void send(Member to, Message message) {
    effects.accept(new Effect.Send(to, message));
  }

  /** Has itself ticked at that moment; one tick serves all that wait for one then or later. */
  void wakeAt(long moment, long now) {
    if (wakeAt <= now || moment < wakeAt) {
      wakeAt = moment;
      effects.accept(new Effect.Wake(moment - now));
    }
  }

  long nextNumber(long atLeast) {
    highestNumber = Math.max(highestNumber, atLeast) + 1;
    return highestNumber;
  }

  // ---- time

  /**
   * Until when the turns of that quorum are this member's, if nothing new is heard. The shell looks
   * at it with the clock of the moment.
   */
  long validUntil(int quorum) {
    return (quorum <= 1 ? lastTick : Math.min(lastTick, votes.confirmed(quorum, lastTick))) + LEASE;
  }

  /** Comes first in every event. */
  private void at(long now) {
    if (now - lastTick > LEASE && rules.apply(Rule.LAPSE)) {
      lapse(now);
    }
    lastTick = Math.max(lastTick, now);
  }

  /** This member stood still: others may have taken what it held, and it may not know its view. */
  private void lapse(long now) {
    lastTick = now;
    lastChange = now;
    term = NO_TERM;
    for (Local local : locals.values()) {
      end(local, "this member stood still for more than " + LEASE + " ms");
    }
    if (view.id() == Long.MIN_VALUE) {
      return;
    }
    if (view.oldest().equals(self)) {
      openTerm(now);
    } else {
      send(view.oldest(), new Message.Lapsed());
    }
  }

  void tick(long now) {
    at(now);
    Directory mine = directory;
    if (mine != null) {
      mine.tick(now);
    }
    if (voting) {
      vote(now);
    }
    // Again, as it may have been lost: of two views with the same oldest member, the first was that
    // of a side that could not reach it.
    boolean waits = term == NO_TERM && !view.oldest().equals(self);
    if (waits && now - lastProbe >= PROBE) {
      probe(now);
    }
  }

  // ---- views

  void install(View next, long now) {
    at(now);
    if (next.equals(whole)) {
      return;
    }
    boolean gap = whole.id() + 1 != next.id();
    whole = next;
    lastChange = now;
    lacking.retainAll(next.members());
    change(gap, now);
  }

  /**
   * That member runs without this module: it offers and holds nothing, places nothing, and will
   * never say so. Nobody waits for it.
   */
  void missing(Member member, long now) {
    at(now);
    if (whole.has(member) && rules.apply(Rule.COUNT_OUT_THE_LACKING) && lacking.add(member)) {
      change(false, now);
      if (term == NO_TERM && !view.oldest().equals(self)) {
        send(view.oldest(), new Message.Here()); // it may have been so all the time, and known it
      }
    }
  }

  private void change(boolean gap, long now) {
    View before = view;
    View next = whole.without(lacking);
    view = next;
    for (Member member : before.members()) {
      if (!next.has(member)) {
        votes.forget(member);
      }
    }
    if (!next.oldest().equals(before.oldest()) || before.id() == Long.MIN_VALUE) {
      term = NO_TERM;
      for (Local local : locals.values()) {
        if (!local.begun) {
          local.held = null; // granted in a term that is over, by votes that never came
        }
      }
    }
    if (next.oldest().equals(self)) {
      lead(before, gap, now);
    } else {
      directory = null;
      if (!next.oldest().equals(before.oldest())) {
        probe(now);
      }
      Long early = earlyAsks.remove(next.oldest());
      if (early != null) {
        asked(next.oldest(), early);
      }
    }
    earlyAsks.keySet().removeIf(member -> !next.has(member));
    for (Local local : locals.values()) {
      var unused = giveBackIfOutdated(local);
    }
    if (voting) {
      vote(now);
    }
  }

  /** Is the oldest member one of us? */
  private void probe(long now) {
    lastProbe = now;
    send(view.oldest(), new Message.Beat(whole.id(), whole.mark(), now));
  }

  private void lead(View before, boolean gap, long now) {
    Directory mine = directory;
    if (mine == null || (gap && rules.apply(Rule.ASK_AFTER_A_GAP))) {
      openTerm(now);
      return;
    }
    for (Member member : before.members()) {
      if (!view.has(member)) {
        mine.gone(member, now);
      }
    }
    for (Member member : view.members()) {
      if (!before.has(member)) {
        mine.ask(member, true, now);
      }
    }
    mine.decideAll(now);
  }

  private void openTerm(long now) {
    Directory mine = new Directory(this, rules, ++terms);
    directory = mine;
    for (Member member : view.members()) {
      mine.ask(member, false, now);
    }
  }

  // ---- messages

  void received(Member from, Message message, long now) {
    at(now);
    if (message instanceof Message.Ask ask) {
      if (from.equals(view.oldest()) || !rules.apply(Rule.ANSWER_THE_OLDEST)) {
        asked(from, ask.term());
      } else {
        earlyAsks.put(from, ask.term());
      }
    } else if (message instanceof Message.Placed placed) {
      if (isCurrent(from, placed.term())) {
        placed(from, placed, now);
      }
    } else if (message instanceof Message.Refused refused) {
      if (isCurrent(from, refused.term())) {
        refused(refused);
      }
    } else if (message instanceof Message.Beat beat) {
      boolean same = beat.viewId() == whole.id() && beat.viewMark() == whole.mark();
      if (same || !rules.apply(Rule.SAME_VIEW_VOTES)) {
        send(from, new Message.Heard(beat.viewId(), beat.sentAt(), now - lastChange >= LEASE));
      }
    } else if (message instanceof Message.Heard heard) {
      votes.heard(from, heard.sentAt(), heard.viewId(), heard.settled());
      count(now);
    } else {
      directed(from, message, now);
    }
  }

  private boolean isCurrent(Member from, long placedIn) {
    return (from.equals(view.oldest()) && placedIn == term)
        || !rules.apply(Rule.REFUSE_OTHER_TERMS);
  }

  /** For the directory, if there is one and the sender is in the view. */
  private void directed(Member from, Message message, long now) {
    Directory mine = directory;
    if (mine == null || !view.has(from)) {
      return;
    }
    if (message instanceof Message.Sync sync) {
      if (sync.term() == mine.term) {
        for (Offer offer : sync.offers()) {
          highestNumber = Math.max(highestNumber, offer.known().number());
        }
        mine.synced(from, sync.offers(), now);
      }
    } else if (message instanceof Message.Register register) {
      mine.register(from, register.name(), register.spec(), now);
    } else if (message instanceof Message.Withdraw withdraw) {
      mine.withdraw(from, withdraw.name(), now);
    } else if (message instanceof Message.Release release) {
      mine.released(from, release.name(), release.token(), release.avoid(), now);
    } else if (message instanceof Message.Lapsed) {
      mine.lapsed(from, now);
    } else if (message instanceof Message.Here) {
      mine.ask(from, false, now);
    }
  }

  private void asked(Member oldest, long opened) {
    term = opened;
    List<Offer> offers = new ArrayList<>();
    for (Local local : locals.values()) {
      offers.add(new Offer(local.name, local.spec, local.known, local.held, local.refused));
    }
    send(oldest, new Message.Sync(opened, offers));
  }

  private void placed(Member from, Message.Placed placed, long now) {
    highestNumber = Math.max(highestNumber, placed.token().number());
    Local local = locals.get(placed.name());
    if (local == null) {
      if (placed.holder().equals(self)) {
        send(from, new Message.Withdraw(placed.name())); // given back, it would come again
      }
      return;
    }
    if (placed.token().compareTo(local.known) < 0) {
      return;
    }
    local.known = placed.token();
    local.refused = false;
    if (!placed.holder().equals(self)) {
      end(local, placed.holder() + " has it with a higher token");
    } else if (!placed.token().equals(local.held)) {
      end(local, "it is given again");
      local.held = placed.token();
      local.heldSinceView = placed.viewId();
      begin(local, now);
    }
    effects.accept(new Effect.Holder(local.name, placed.holder(), placed.token()));
  }

  private void refused(Message.Refused refused) {
    Local local = locals.get(refused.name());
    if (local != null && !local.refused) {
      local.refused = true;
      end(local, refused.why());
      effects.accept(new Effect.Refuse(refused.name(), refused.why()));
    }
  }

  // ---- turns

  /**
   * A turn that waits for votes was given in a view that is over: the oldest member gives it again,
   * having heard those who came since, one of which may hold the name.
   */
  private boolean giveBackIfOutdated(Local local) {
    Token token = local.held;
    boolean waits = token != null && !local.begun && local.spec.quorum() > 1;
    if (token == null || !waits || local.heldSinceView >= view.id()) {
      return false;
    }
    local.held = null;
    send(view.oldest(), new Message.Release(local.name, token, false));
    return true;
  }

  private void begin(Local local, long now) {
    if (giveBackIfOutdated(local)) {
      return;
    }
    if (local.spec.quorum() > 1) {
      if (!voting) {
        voting = true;
        vote(now);
      }
      int settled = votes.settled(local.heldSinceView, now - LEASE / 2);
      boolean here = now - lastChange >= LEASE;
      boolean enough = settled + (here ? 1 : 0) >= local.spec.quorum();
      boolean inView = local.heldSinceView == view.id();
      boolean counted = inView && votes.confirmed(local.spec.quorum(), now) >= now - LEASE / 2;
      if (!counted || (!enough && rules.apply(Rule.AWAIT_THE_CUT_OFF))) {
        return;
      }
    }
    Token token = local.held;
    if (token != null && !local.begun) {
      local.begun = true;
      effects.accept(new Effect.Begin(local.name, token));
    }
  }

  private void end(Local local, String why) {
    Token token = local.held;
    if (token == null) {
      return;
    }
    local.held = null;
    if (local.begun) {
      local.begun = false;
      effects.accept(new Effect.End(local.name, token, why));
    }
  }

  private void vote(long now) {
    voting = false;
    for (Local local : locals.values()) {
      voting |= local.spec.quorum() > 1 && local.held != null;
    }
    if (!voting) {
      return;
    }
    for (Member member : view.members()) {
      if (!member.equals(self)) {
        send(member, new Message.Beat(whole.id(), whole.mark(), now));
      }
    }
    count(now);
  }

  /** Begins what has the votes, ends what has lost them. */
  private void count(long now) {
    for (Local local : new ArrayList<>(locals.values())) {
      Token token = local.held;
      if (local.spec.quorum() <= 1 || token == null) {
        continue;
      }
      if (!local.begun) {
        begin(local, now);
      } else if (now > validUntil(local.spec.quorum())) {
        end(local, "fewer than " + local.spec.quorum() + " members agree");
        send(view.oldest(), new Message.Release(local.name, token, false));
      }
    }
  }

  // ---- what happens here

  /** Offers a name. It must not be offered already. */
  void register(String name, LeaseSpec spec, long now) {
    at(now);
    locals.put(name, new Local(name, spec));
    if (term != NO_TERM) {
      send(view.oldest(), new Message.Register(name, spec));
    }
  }

  /** Gives a turn back and goes on offering the name. */
  void release(String name, Token token, boolean avoid, long now) {
    at(now);
    Local local = locals.get(name);
    if (local != null && token.equals(local.held)) {
      local.held = null;
      local.begun = false;
      send(view.oldest(), new Message.Release(name, token, avoid));
    }
  }

  /** Offers the name no more, nor holds it. */
  void withdraw(String name, long now) {
    at(now);
    Local local = locals.remove(name);
    if (local != null && term != NO_TERM) {
      send(view.oldest(), new Message.Withdraw(name));
    }
  }
}
