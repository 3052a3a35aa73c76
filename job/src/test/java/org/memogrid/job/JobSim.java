/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;
import org.memogrid.testkit.sim.SimStore;
import org.memogrid.testkit.sim.SimViews;
import org.memogrid.testkit.sim.VirtualTime;

/**
 * One simulated life of a job: members that come, leave, die, stand still and are excluded, or
 * close the job before all is noted, users that pause, resume and trigger, writes that come late or
 * whose fate is not known, clocks that differ, and a turn that two members may think theirs, all
 * from one seed, over the production core. Half of the jobs are durable: their members are all
 * killed at once, and come back, or some of them do and somebody goes on without the others, with
 * whatever old entry these have.
 *
 * <p>Checked, the cluster never being cut: an instant is begun once, or once per attempt; firings
 * do not overlap; each step of the entry decides the instants that have passed as the policy says
 * and leaves none out; a firing is taken for lost only if its member was; the limit is kept and
 * reached; when all is calm the job goes on and nothing is left open; the tokens of a durable job
 * rise, over all lives of the cluster.
 */
final class JobSim {
  static final long BASE = 1_700_000_000_000L;
  private static final String JOB = "job";
  private static final int SIZE = 4;
  static final int BUSY = 40_000;
  private static final int END = BUSY + 40_000;

  final VirtualTime time;
  private final Set<Rule> off;
  private final boolean traced;
  private final Set<String> violations = new LinkedHashSet<>();
  private final StringBuilder chart = new StringBuilder();
  private final Map<Rule, Long> decided = new EnumMap<>(Rule.class);
  private final SimViews views;
  private final SimStore<Cell> store;
  private final List<SimJobNode> nodes = new ArrayList<>();
  private final Map<String, Integer> incarnations = new HashMap<>();
  private final Definition definition;
  private final long period;

  /** When each attempt at each instant was begun; runs asked for by -instant. */
  private final Map<String, Integer> begun = new TreeMap<>();

  private final Map<Long, Long> numbers = new TreeMap<>();
  private final Set<Live> live = new LinkedHashSet<>();
  private @Nullable SimJobNode holder;
  private boolean assigning;

  /** All members that had the entry have gone. */
  private boolean isGone;

  private long turns;

  // ---- of a durable job

  final boolean durable;

  /** What members had that were killed, of whatever age. */
  private final List<@Nullable Cell> disks = new ArrayList<>();

  /** All were killed, and not all that are waited for are back. */
  private boolean held;

  private final Set<String> missing = new HashSet<>();
  private @Nullable Cell last;
  private long floor = JobState.NEVER;
  private long highestToken;
  private long highestOfFormer;
  private final Map<Long, Member> tokens = new HashMap<>();
  private final TreeMap<Long, Long> tokensByNumber = new TreeMap<>();
  long ends;
  long goneOn;
  long firings;
  long lost;
  long missed;

  /** What is stored; compared by identity. */
  static final class Cell {
    final JobState state;

    Cell(JobState state) {
      this.state = state;
    }
  }

  /** A run that goes on. */
  private record Live(SimJobNode node, Claim claim) {}

  JobSim(long seed, Set<Rule> off, boolean traced) {
    this.time = new VirtualTime(seed * 0x9E3779B97F4A7C15L);
    this.off = off;
    this.traced = traced;
    this.views = new SimViews(time, (member, view) -> learn(member, view));
    this.store = new SimStore<>(time, views, (key, members) -> members, key -> isGone = true);
    boolean rare = time.chance(0.27); // its instants pass unseen, and nobody comes soon
    this.period = rare ? 17_000 : time.oneOf(List.of(100, 300, 1_000, 3_000, 17_000));
    Schedule schedule = Schedule.every(Duration.ofMillis(period));
    if (time.chance(0.3)) {
      schedule = schedule.limit(time.between(1, 15));
    } else if (time.chance(0.2)) {
      schedule = schedule.until(Instant.ofEpochMilli(BASE + time.between(10_000, 50_000)));
    }
    this.definition =
        new Definition(
            schedule,
            rare
                ? Misfire.SKIP
                : time.oneOf(List.of(Misfire.FIRE_ONCE, Misfire.SKIP, Misfire.fireAll(5))),
            time.oneOf(List.of(WhenLost.SKIP, WhenLost.RERUN)),
            time.chance(0.2));
    this.durable = time.chance(0.5);
    note(definition + (durable ? " durable" : ""));
    for (int i = 0; i < SIZE; i++) {
      start("n" + i);
    }
    Member first = nodes.get(0).self;
    store.write(
        first,
        JOB,
        new Cell(JobState.begin(definition, BASE + 50)),
        there -> there == null,
        result -> changed());
  }

  List<String> run() {
    for (int at = 0; at < END; at += 100) {
      time.after(at, this::assign);
    }
    for (int i = time.between(2, 8); i > 0; i--) {
      time.after(time.between(500, BUSY), this::fault);
    }
    for (int i = time.between(0, 8); i > 0; i--) {
      time.after(time.between(200, BUSY), this::user);
    }
    if (definition.misfire().most() == 0 && period > JobCore.LATE) {
      time.after(time.between(1_000, 20_000), () -> vacancy(time.between(12_000, 25_000)));
    }
    for (int i = durable ? time.between(0, 2) : 0; i > 0; i--) {
      time.after(time.between(500, BUSY), this::killAll);
    }
    time.after(BUSY + 2_000, () -> change(JobState::resume));
    time.runUntil(END);
    checkCalm();
    nodes.forEach(this::count);
    return List.copyOf(violations);
  }

  // ---- the turn

  /** As the leases do it, but that two may hold it at a time for a while. */
  private void assign() {
    SimJobNode now = holder;
    boolean keeps = now != null && !now.dead && views.has(now.self) && !now.leaving;
    if (assigning || (keeps && (time.now() > BUSY || !time.chance(0.005)))) {
      return;
    }
    List<SimJobNode> able =
        nodes.stream()
            .filter(n -> views.has(n.self) && n.view >= 0 && !n.leaving && n != now)
            .toList();
    if (able.isEmpty()) {
      return;
    }
    SimJobNode next = time.oneOf(able);
    assigning = true;
    time.after(
        time.between(1, 300),
        () -> {
          assigning = false;
          holder = next;
          long given = ++turns;
          double at = time.now();
          next.whenAwake(() -> next.begin(given, at));
          if (now != null) {
            long taken = given - 1;
            time.after(time.between(1, 1_500), () -> now.whenAwake(() -> now.end(taken)));
          }
        });
  }

  /** It stood still, so what it was given is not its own any more. */
  void refused(SimJobNode node) {
    if (holder == node) {
      holder = null;
    }
  }

  // ---- faults and users

  private void fault() {
    if (nodes.isEmpty()) {
      return;
    }
    SimJobNode victim = time.oneOf(nodes);
    if (victim.leaving || !views.has(victim.self) || nodes.size() < 3) {
      return;
    }
    int die = time.between(1, 15);
    if (die > 13) {
      note(victim + " closes the job");
      victim.close(time.between(2_000, 8_000));
    } else if (die > 10) {
      vacancy(time.between(2_000, 18_000));
    } else if (die <= 4) {
      note(victim + " crashes");
      remove(victim);
      time.after(time.between(200, 900), () -> exclude(victim.self));
      restart(victim);
    } else if (die <= 6) {
      note(victim + " leaves");
      victim.leave();
    } else {
      standStill(victim);
    }
  }

  private void standStill(SimJobNode victim) {
    if (!victim.isAwake()) {
      return;
    }
    int length = time.chance(0.5) ? time.between(100, 4_000) : time.between(5_500, 15_000);
    note(victim + " stands still for " + length);
    victim.pause(length);
    if (length > 5_000) {
      time.after(5_000, () -> excludeForAWhile(victim, length - 5_000));
    }
  }

  /** A member that has sent a claim may stand still before it hears that it is stored. */
  void claiming(SimJobNode by) {
    if (time.now() < BUSY
        && nodes.size() > 2
        && !by.leaving
        && views.has(by.self)
        && time.chance(0.006)) {
      standStill(by);
    }
  }

  /** All members are killed, and come back one by one. */
  private void killAll() {
    if (held || nodes.isEmpty()) {
      return;
    }
    ends++;
    note("all are killed");
    held = true;
    last = store.killAll(JOB);
    disks.add(last);
    highestOfFormer = highestToken;
    holder = null;
    turns = 0; // the leases begin anew
    for (SimJobNode node : List.copyOf(nodes)) {
      missing.add(node.self.name());
      remove(node);
      views.exclude(node.self);
      restart(node);
    }
    if (time.chance(0.3)) {
      time.after(time.between(1_500, 8_000), this::goOnWithoutMissing);
    }
  }

  /** Whoever is there has an entry of some age, or none. */
  private void goOnWithoutMissing() {
    if (!held || nodes.isEmpty()) {
      return;
    }
    goneOn++;
    floor = time.oneOf(nodes).now();
    note("somebody goes on without " + missing);
    missing.clear();
    serve(time.chance(0.1) ? null : time.oneOf(disks));
  }

  private void serve(@Nullable Cell there) {
    held = false;
    note("it is served: " + (there == null ? "nothing" : there.state));
    if (there != null) {
      store.putBack(JOB, there);
    }
    changed();
  }

  boolean isHeld() {
    return held;
  }

  /** What was read, as the shell makes it an entry. */
  @Nullable Entry entry(@Nullable Cell there) {
    return there == null ? null : new Entry(there.state, there, floor);
  }

  /** As a member does it that starts the job, again until it is known. */
  private void offer(SimJobNode by) {
    Cell there = held || !by.isAwake() ? null : read(by);
    if (by.dead) {
      return;
    }
    if (held || !by.isAwake() || !views.has(by.self)) {
      time.after(100, () -> offer(by));
      return;
    }
    Entry entry = entry(there);
    JobState after = null;
    try {
      after = JobState.offered(entry == null ? null : entry.state(), definition, floor, by.now());
    } catch (IllegalArgumentException over) {
      isGone = true; // it was lost, and is too late to begin anew
    }
    if (after != null) {
      note(by + " schedules it");
      store.write(by.self, JOB, new Cell(after), now -> now == there, result -> offer(by));
    }
  }

  /** Nobody has the turn for long. */
  private void vacancy(int length) {
    SimJobNode now = holder;
    if (assigning || now == null) {
      return;
    }
    note("nobody has the turn");
    assigning = true;
    long taken = turns;
    now.whenAwake(() -> now.end(taken));
    holder = null;
    time.after(length, () -> assigning = false);
  }

  private void excludeForAWhile(SimJobNode victim, int rest) {
    if (victim.dead) {
      return;
    }
    note(victim + " is excluded");
    victim.excluded();
    exclude(victim.self);
    time.after(
        rest + time.between(300, 2_000),
        () -> {
          if (!victim.dead && !views.has(victim.self)) {
            note(victim + " is back");
            victim.isBack();
            views.join(victim.self);
            store.rebalance();
          }
        });
  }

  private void exclude(Member member) {
    views.exclude(member);
    store.rebalance();
  }

  void remove(SimJobNode node) {
    node.dead = true;
    count(node);
    nodes.remove(node);
    live.removeIf(run -> run.node == node);
    Cell own = store.copy(node.self, JOB);
    if (own != null) {
      disks.add(own);
    }
    store.forget(node.self);
  }

  /** It has ended what it had to, and goes. */
  void left(SimJobNode node) {
    if (!node.dead) {
      remove(node);
      exclude(node.self);
      restart(node);
    }
  }

  private void restart(SimJobNode gone) {
    time.after(time.between(1_500, 8_000), () -> start(gone.self.name()));
  }

  private void start(String name) {
    int incarnation = incarnations.merge(name, 1, Integer::sum);
    SimJobNode node =
        new SimJobNode(this, new Member(name, name + "#" + incarnation), Rules.without(off));
    nodes.add(node);
    views.join(node.self);
    store.rebalance();
    node.sweepLater();
    if (missing.remove(name) && missing.isEmpty() && held) {
      serve(last);
    }
    if (incarnation > 1 && durable) {
      offer(node);
    }
  }

  private void user() {
    int die = time.between(1, 4);
    if (die == 1) {
      change((state, now) -> time.now() < BUSY ? state.pause() : state); // it may have waited
    } else if (die == 2) {
      change(JobState::resume);
    } else {
      change(JobState::trigger);
    }
  }

  private interface Change {
    JobState to(JobState state, long now);
  }

  /** As a user's call does it: again until it is stored. */
  private void change(Change change) {
    if (nodes.isEmpty() || held) {
      time.after(50, () -> change(change));
      return;
    }
    SimJobNode by = time.oneOf(nodes);
    Cell there = store.read(by.self, by.view, JOB);
    if (there == null || !by.isAwake() || !views.has(by.self)) {
      time.after(50, () -> change(change));
      return;
    }
    Cell after = new Cell(change.to(there.state.knownSince(floor), by.now()));
    store.write(
        by.self,
        JOB,
        after,
        now -> now == there,
        result -> {
          if (result.stored()) {
            note("a user made it " + after.state);
            changed();
          } else {
            change(change);
          }
        });
  }

  // ---- what nodes use

  @Nullable Cell read(SimJobNode by) {
    return store.read(by.self, by.view, JOB);
  }

  void write(SimJobNode by, Entry before, JobState after, SimJobNode.Stored done) {
    Cell cell = new Cell(after);
    store.write(
        by.self,
        JOB,
        cell,
        there -> there == before.mark(),
        result -> {
          if (result.stored()) {
            decided(by, before.state(), after);
            changed();
          }
          done.accept(result.stored(), result.there());
        });
  }

  /** Who orders it fails on the way. */
  void writeHalf(SimJobNode by, Entry before, JobState after) {
    store.writeHalf(by.self, JOB, new Cell(after), there -> there == before.mark());
  }

  /** All hear of it, mostly. */
  private void changed() {
    for (SimJobNode node : List.copyOf(nodes)) {
      if (time.chance(0.95)) {
        time.after(time.between(1, 40), () -> node.whenAwake(node::look));
      }
    }
  }

  private void learn(Member member, SimViews.View view) {
    for (SimJobNode node : nodes) {
      if (node.self.equals(member)) {
        node.whenAwake(() -> node.learn(view));
      }
    }
  }

  // ---- checks

  void violation(String what) {
    note("VIOLATION " + what);
    violations.add(what.replaceAll("[0-9]{6,}", "#"));
  }

  /** Looks at what a node wants stored: that all instants are decided as the policy says. */
  void deciding(SimJobNode by, JobState before, JobState after, boolean inTurn) {
    boolean begins =
        after.fired() > before.fired() || after.triggers().size() < before.triggers().size();
    if (begins && !inTurn) {
      violation("a claim without the turn");
    }
    if (after.last() == before.last()) {
      return;
    }
    List<Long> due = new ArrayList<>();
    Instant until = definition.schedule().until();
    long end = Math.min(by.now(), until == null ? Long.MAX_VALUE : until.toEpochMilli());
    long first = before.scheduledAt();
    for (long at = first; at <= end; at += period) {
      if (at > before.last()) {
        due.add(at);
      }
    }
    if (due.isEmpty()) {
      violation("an instant is decided that is not due, or that others may have decided");
      return;
    }
    int most = definition.misfire().most();
    boolean late = by.now() - due.get(due.size() - 1) > JobCore.LATE;
    int fires = most == 0 ? (late ? 0 : 1) : most;
    long letGo = Math.max(0, due.size() - fires);
    if (after.missed() - before.missed() != Math.min(letGo, 1_000)) {
      violation("of " + due.size() + " due " + (after.missed() - before.missed()) + " are let go");
    }
    long expected = fires == 0 ? due.get(due.size() - 1) : due.get((int) letGo);
    if (after.last() != expected || after.fired() - before.fired() != Math.min(fires, 1)) {
      violation("the wrong instant is decided");
    }
    missed += after.missed() - before.missed();
  }

  /** Looks at what a node has stored. */
  private void decided(SimJobNode by, JobState before, JobState after) {
    for (Claim claim : before.open()) {
      if (!after.open().contains(claim)
          && after.open().stream()
              .anyMatch(c -> c.run() == claim.run() && c.member().id().isEmpty())
          && !by.stoodStillSince(claim)
          && !by.hurriedSince(claim)
          && by.now() - claim.startedAt() <= JobCore.SOON) {
        violation("given up by a member that did not stand still");
      }
    }
  }

  void begins(SimJobNode node, Claim claim) {
    firings++;
    String key = claim.number() == 0 ? "asked " + claim.scheduledAt() : claim.scheduledAt() + "";
    int attempt = begun.merge(key, 1, Integer::sum);
    boolean mayBeAgain = definition.whenLost() == WhenLost.RERUN;
    if (attempt > 1 && (!mayBeAgain || attempt > claim.attempt())) {
      violation("begun twice");
    }
    if (attempt > JobCore.ATTEMPTS) {
      violation("begun more than three times");
    }
    if (durable) {
      checkToken(claim);
    }
    if (claim.number() > 0) {
      Long number = numbers.putIfAbsent(claim.scheduledAt(), claim.number());
      if (number != null && number != claim.number()) {
        violation("two numbers for one instant");
      }
      if (claim.number() > definition.schedule().most()) {
        violation("more than the limit");
      }
    }
    if (!definition.concurrent()
        && live.stream().anyMatch(run -> !run.node.wasExcludedSince(run.claim))) {
      violation("two run at a time");
    }
    live.add(new Live(node, claim));
  }

  private void checkToken(Claim claim) {
    highestToken = Math.max(highestToken, claim.token());
    if (claim.token() <= highestOfFormer) {
      violation("a token that is not above those of former lives");
    }
    if (!tokens.computeIfAbsent(claim.token(), none -> claim.member()).equals(claim.member())) {
      violation("one token for two members");
    }
    if (claim.number() > 0 && claim.attempt() == 1 && goneOn == 0) {
      tokensByNumber.put(claim.number(), claim.token());
      Map.Entry<Long, Long> before = tokensByNumber.lowerEntry(claim.number());
      Map.Entry<Long, Long> after = tokensByNumber.higherEntry(claim.number());
      if ((before != null && before.getValue() > claim.token())
          || (after != null && after.getValue() < claim.token())) {
        violation("a later firing has a lower token");
      }
    }
  }

  void ends(SimJobNode node, Claim claim) {
    live.remove(new Live(node, claim));
  }

  void lost(Claim claim) {
    lost++;
    for (SimJobNode node : nodes) {
      if (node.self.equals(claim.member()) && !node.wasExcludedSince(claim)) {
        violation("taken for lost though its member is there");
      }
    }
  }

  private void checkCalm() {
    if (isGone) {
      return;
    }
    Cell last = store.read(nodes.get(0).self, nodes.get(0).view, JOB);
    if (last == null) {
      violation("the job is gone");
      return;
    }
    JobState state = last.state.knownSince(floor);
    note("in the end " + state);
    for (Claim claim : state.open()) {
      if (live.stream().noneMatch(run -> run.claim.equals(claim))
          && BASE + END - claim.startedAt() > 4_000) {
        violation("in the end a firing is open that does not run");
      }
    }
    if (!state.finished()
        && BASE + END - state.last() > Math.max(period, SimJobNode.LONGEST_RUN) + 3_000) {
      violation("in the end it does not go on");
    }
    if (!state.triggers().isEmpty() && live.isEmpty()) {
      violation("in the end a run that was asked for waits");
    }
    long most = definition.schedule().most();
    if (state.finished() && most < Long.MAX_VALUE && state.fired() != most) {
      violation("the limit is not reached");
    }
    if (goneOn == 0 && new HashSet<>(numbers.values()).size() != numbers.size()) {
      violation("one number for two instants");
    }
  }

  private void count(SimJobNode node) {
    for (Rule rule : Rule.values()) {
      decided.merge(rule, node.rules.decided(rule), Long::sum);
    }
  }

  long decided(Rule rule) {
    return decided.getOrDefault(rule, 0L);
  }

  void note(String event) {
    if (traced) {
      chart.append(String.format(Locale.ROOT, "%9.1f  %s%n", time.now(), event));
    }
  }

  String chart() {
    return chart.toString();
  }

  List<String> violations() {
    return List.copyOf(violations);
  }
}
