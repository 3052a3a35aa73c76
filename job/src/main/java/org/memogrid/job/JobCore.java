/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/**
 * One member's part in a job: events in, effects out; no thread, no clock, no store. It fires while
 * the turn is its own, which somebody else decides. Times are milliseconds since the epoch, by the
 * member's own clock. Not thread-safe.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>A firing begins only when its claim is stored, and a claim is stored only over the very
 *       entry that it was decided by. So an instant is claimed once, even if two members should
 *       both think that the turn is theirs, and whatever their clocks say.
 *   <li>One store is under way at a time. A claim whose fate is not known is looked for in what is
 *       read from then on.
 *   <li>A firing is open in the entry from before it begins until after it has ended, or until its
 *       member is known to be gone.
 *   <li>A firing begins only after a write that has it was confirmed. So of a durable job no life
 *       of the cluster finds an entry that does not know of it.
 * </ul>
 */
final class JobCore {
  /** How late the latest instant may be without being a misfire. */
  static final long LATE = 10_000;

  /** How long after its claim a firing may begin though its member may have stood still. */
  static final long SOON = 2_500;

  /** How many firings of a job may be open at a time, if it says that they may overlap. */
  static final int MOST_OPEN = 64;

  /** How often a firing is begun whose members are lost one after another. */
  static final int ATTEMPTS = 3;

  private static final long AGAIN = 1_000;
  private static final int MOST_COUNTED = 1_000;
  private static final int MOST_CLOSED = 2 * MOST_OPEN;

  private final Member self;
  private final Rules rules;
  private final Runs runs;
  private final Consumer<Effect> effects;
  private final boolean durable;
  private final Instants instants = new Instants();
  private final Set<Long> ended = new TreeSet<>();

  /** The latest that were found closed. What is read next may be older, and have them open. */
  private final Set<Long> closed = new LinkedHashSet<>();

  private final Set<Long> givenUp = new TreeSet<>();
  private final Map<Long, Claim> unsure = new HashMap<>();
  private Set<Member> present;
  private @Nullable Entry entry;
  private boolean turn;
  private long lease;
  private @Nullable Step writing;
  private long wakeAt = Times.NEVER;

  /** Numbers the runs of a member, and knows which go on. Shared by the jobs of the member. */
  interface Runs {
    long next();

    void began(long run);

    void ended(long run);

    boolean isLive(long run);
  }

  /** What is being stored, and what follows from it. */
  private record Step(JobState after, @Nullable Claim begins, List<Effect> news) {}

  /**
   * For a member that has just started with the job.
   *
   * @param durable whether the job outlives its members, and so numbers its turns itself
   */
  JobCore(
      Member self,
      Set<Member> present,
      boolean durable,
      Rules rules,
      Runs runs,
      Consumer<Effect> effects) {
    this.durable = durable;
    this.self = self;
    this.present = Set.copyOf(present);
    this.rules = rules;
    this.runs = runs;
    this.effects = effects;
  }

  /** When to call {@link #tick}; {@link Times#NEVER} if only on other events. */
  long wakeAt() {
    return wakeAt;
  }

  @Nullable Entry entry() {
    return entry;
  }

  // ---- events

  /**
   * The turn is this member's. What is there is to be shown next; if not, it is looked at soon.
   *
   * @param number that of the lease: higher than those of this member's turns before
   */
  void begin(long number, long now) {
    turn = true;
    lease = number;
    unread(now);
  }

  /** The turn is over. What runs goes on. */
  void end() {
    turn = false;
    if (!owes()) {
      wakeAt = Times.NEVER;
    }
  }

  void tick(long now) {
    step(now);
  }

  /** Who is in the view from now on; a tick shall follow. */
  void view(Set<Member> members) {
    present = Set.copyOf(members);
  }

  /** What is stored now, as it was read at some moment; null if the job is not scheduled. */
  void seen(@Nullable Entry now, long time) {
    entry = now;
    step(time);
  }

  /** What is stored could not be read: it is looked at again after a while. */
  void unread(long now) {
    if (rules.apply(Rule.LOOK_AGAIN)) {
      wakeAt = now + AGAIN;
    }
  }

  /** Whether something is still to be noted, so that others need not wait for this member. */
  boolean owes() {
    return writing != null || !ended.isEmpty() || !givenUp.isEmpty() || !unsure.isEmpty();
  }

  /**
   * Whether a firing may begin now, asked just before it does: its member may have stood still
   * since the claim, and have been taken for lost. If not, tell {@link #gaveUp}.
   *
   * @param active whether the turn is this member's, by the clock of the moment
   */
  boolean mayBegin(Claim claim, boolean active, long now) {
    return active || now - claim.startedAt() <= SOON || !rules.apply(Rule.BEGIN_SOON);
  }

  /** A firing does not begin. */
  void gaveUp(Claim claim, long now) {
    runs.ended(claim.run());
    givenUp.add(claim.run());
    step(now);
  }

  /** A firing has ended, however. */
  void ran(Claim claim, long now) {
    runs.ended(claim.run());
    ended.add(claim.run());
    step(now);
  }

  /** What was to be stored is, or is not since {@code there} is. */
  void stored(boolean isStored, @Nullable Entry there, long now) {
    Step step = writing;
    writing = null;
    entry = there;
    if (step != null && isStored) {
      step.news.forEach(effects);
      begin(step.begins);
    } else if (step != null && step.begins != null && !rules.apply(Rule.CLAIM_FIRST)) {
      begin(step.begins);
    }
    step(now);
  }

  /** Whether it was stored is not known; the shell ticks again after a while. */
  void unknown(long now) {
    Step step = writing;
    writing = null;
    Claim claim = step == null ? null : step.begins;
    if (claim != null) {
      unsure.put(claim.run(), claim);
    }
    wakeAt = now + AGAIN;
  }

  private void begin(@Nullable Claim claim) {
    if (claim != null) {
      unsure.remove(claim.run());
      runs.began(claim.run());
      effects.accept(new Effect.Run(claim));
    }
  }

  // ---- what is to be done

  private void step(long now) {
    wakeAt = Times.NEVER;
    if (writing != null) {
      return;
    }
    Entry known = entry;
    if (known == null) {
      ended.clear();
      givenUp.clear();
      unsure.clear();
      return;
    }
    boolean isAsKept = known.floor() == JobState.NEVER || !rules.apply(Rule.SKIP_THE_UNKNOWN);
    JobState state = isAsKept ? known.stored() : known.state();
    if (own(state)) {
      return;
    }
    if (!ended.isEmpty()) {
      JobState after = state.ended(self, ended);
      if (!after.open().equals(state.open())) {
        store(after, null);
        return;
      }
      close();
    }
    if (!givenUp.isEmpty()) {
      JobState after = state.givenUp(self, givenUp);
      if (!after.open().equals(state.open())) {
        store(after, null);
        return;
      }
      givenUp.clear();
    }
    if (!unsure.isEmpty()) {
      wakeAt = now + AGAIN; // it may be stored yet
    }
    if (!turn && rules.apply(Rule.CLAIM_IN_THE_TURN_ONLY)) {
      return;
    }
    if (openOnes(state, isAsKept ? JobState.NEVER : known.floor(), now)) {
      return;
    }
    boolean busy =
        state.definition().concurrent()
            ? state.open().size() >= MOST_OPEN
            : !state.open().isEmpty();
    if (busy && rules.apply(Rule.AWAIT_THE_RUNNING)) {
      return;
    }
    if (!state.triggers().isEmpty()) {
      Turn in = turn(state, now);
      Claim claim = claim(state.triggers().get(0), now, 0, 1, in);
      store(state.triggered(claim).in(in), claim);
    } else if (!state.paused() && !state.finished()) {
      bySchedule(state, now);
    }
  }

  private void close() {
    closed.addAll(ended);
    ended.clear();
    Iterator<Long> oldest = closed.iterator();
    for (int over = closed.size() - MOST_CLOSED; over > 0; over--) {
      var unused = oldest.next();
      oldest.remove();
    }
  }

  /**
   * What this member is said to run, whether it has the turn or not: nobody else deals with that
   * while it is there. Whether something is to be stored first.
   */
  private boolean own(JobState state) {
    for (Claim claim : state.open()) {
      if (!claim.member().equals(self) || runs.isLive(claim.run()) || ended.contains(claim.run())) {
        continue;
      }
      if (closed.contains(claim.run())) {
        ended.add(claim.run());
        continue;
      }
      Claim found = unsure.get(claim.run());
      if (found != null && rules.apply(Rule.BEGIN_WHAT_WAS_STORED)) {
        if (rules.apply(Rule.CONFIRM_WHAT_WAS_FOUND)) {
          store(state, found);
          return true;
        }
        begin(found);
      } else if (rules.apply(Rule.GIVE_UP_WHAT_NOBODY_RUNS)) {
        givenUp.add(claim.run());
      }
    }
    unsure.values().removeIf(claim -> !mayBeStoredYet(claim, state));
    return false;
  }

  /** Whether that claim, which is not in what was read, could be written over it. */
  private static boolean mayBeStoredYet(Claim claim, JobState state) {
    if (claim.attempt() > 1) {
      return state.open().stream()
          .anyMatch(
              open ->
                  open.scheduledAt() == claim.scheduledAt() && open.attempt() < claim.attempt());
    }
    return claim.number() > 0
        ? claim.scheduledAt() > state.last()
        : state.triggers().contains(claim.scheduledAt());
  }

  /** Deals with a firing of which nobody will tell that it has ended; whether there was one. */
  private boolean openOnes(JobState state, long floor, long now) {
    for (Claim claim : state.open()) {
      if (claim.member().equals(self)
          || (present.contains(claim.member())
              ? rules.apply(Rule.LEAVE_THE_PRESENT_ALONE)
              : !rules.apply(Rule.CLOSE_THE_DEPARTED))) {
        continue;
      }
      boolean rerun =
          state.definition().whenLost() == WhenLost.RERUN
              && claim.attempt() < ATTEMPTS
              && claim.startedAt() > floor; // else others may have run it again, or seen its end
      if (rerun) {
        Turn in = turn(state, now);
        Claim again = claim(claim.scheduledAt(), now, claim.number(), claim.attempt() + 1, in);
        store(state.again(claim, again).in(in), again, new Effect.Lost(claim));
      } else {
        store(state.without(claim), null, new Effect.Lost(claim));
      }
      return true;
    }
    return false;
  }

  private void bySchedule(JobState state, long now) {
    Times times = instants.of(state);
    long most = state.definition().schedule().most();
    long last = rules.apply(Rule.AFTER_THE_LAST) ? state.last() : Math.max(state.last(), now - 1);
    long next = state.fired() >= most ? Times.NEVER : times.nextAfter(last);
    if (next == Times.NEVER) {
      store(state.finish(), null);
    } else if (next > now) {
      wakeAt = next;
      instants.noneIsDue();
    } else if (now - next <= LATE && times.nextAfter(next) > now) {
      claim(state, next, 0, next, now);
    } else {
      misfired(state, times, next, now);
    }
  }

  /** More than one instant has passed, or one long ago. */
  private void misfired(JobState state, Times times, long first, long now) {
    int most = state.definition().misfire().most();
    List<Long> latest = instants.latest(Math.max(1, most), state.last(), now);
    long last = latest.get(latest.size() - 1);
    boolean isLateOnly = now - last <= LATE;
    long fires = latest.get(0);
    if (most == 0 && !isLateOnly && rules.apply(Rule.OBEY_THE_MISFIRE_POLICY)) {
      long count = times.count(state.last(), last, MOST_COUNTED);
      store(state.letGo(last, count), null, new Effect.Missed(first, last, count));
    } else {
      claim(state, fires, times.count(state.last(), fires - 1, MOST_COUNTED), first, now);
    }
  }

  private void claim(JobState state, long instant, long letGo, long first, long now) {
    Turn in = turn(state, now);
    Claim claim = claim(instant, now, state.fired() + 1, 1, in);
    JobState after = state.claimed(claim, letGo).in(in);
    if (letGo == 0) {
      store(after, claim);
    } else {
      store(after, claim, new Effect.Missed(first, instant - 1, letGo));
    }
  }

  private Claim claim(long instant, long now, long number, int attempt, @Nullable Turn in) {
    long token = in == null ? 0 : in.number();
    return new Claim(self, runs.next(), instant, now, number, attempt, token);
  }

  /** The turn to claim in; null if leases number them well enough. */
  private @Nullable Turn turn(JobState state, long now) {
    Turn noted = state.turn();
    if (!durable) {
      return null;
    }
    if (noted != null && noted.is(self, lease)) {
      return noted;
    }
    return Turn.after(rules.apply(Rule.RAISE_THE_TOKEN) ? noted : null, self, lease, now);
  }

  /** For tests: how often it has looked for the instant that follows on another. */
  long looks() {
    return instants.looks();
  }

  private void store(JobState after, @Nullable Claim begins, Effect... news) {
    Entry before = entry;
    if (before != null) {
      writing = new Step(after, begins, new ArrayList<>(List.of(news)));
      effects.accept(new Effect.Store(before, after));
    }
  }
}
