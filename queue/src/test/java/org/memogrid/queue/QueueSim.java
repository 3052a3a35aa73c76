/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Member;
import org.memogrid.testkit.sim.SimNet;
import org.memogrid.testkit.sim.SimViews;
import org.memogrid.testkit.sim.VirtualTime;

/**
 * One simulated life of a queue: producers, listeners and faults, all from one seed, over the
 * production core. {@link #run} returns what the {@linkplain QueueChecker checker} found.
 */
final class QueueSim {
  private static final int BUSY = 3_000;
  private static final int END = BUSY + 40_000;
  private static final double LOSS_OF_THE_NAMED = 0.1;

  /** What may go wrong. */
  enum Scenario {
    /** Members join, nobody is lost. */
    CALM,
    /** Members without listeners are lost, one at a time. */
    DISPATCHER,
    /** Any member is lost, one at a time. */
    CRASH,
    /** Some messages take their member with them. */
    POISON,
    /** Members are taken for lost, pause, are cut off and come back. */
    SUSPECT
  }

  /** What its users say of the queue. */
  final Settings settings;

  final VirtualTime time;
  final Scenario scenario;
  final SimNet net;
  final SimViews views;
  final QueueChecker checker;
  final Set<Rule> off;
  final double failing;
  final int keys;
  final SimTraits traits;

  /** Null if the queue is in memory alone. */
  final @Nullable SimSpool spool;

  /** Whether all members are lost at a time, now and then. */
  final boolean kills;

  /** Whether more members are lost than may be, so that what is in memory alone is gone. */
  final boolean harsh;

  /** Number of the last view before all were lost: they count anew. */
  private long viewsBefore;

  /** Bytes that travel at once when a copy is made: one entry, some, or all. */
  final int chunk;

  private final boolean traced;
  private final StringBuilder chart = new StringBuilder();
  private final Map<Member, SimMember> members = new LinkedHashMap<>();
  private final Map<Rule, Long> decided = new EnumMap<>(Rule.class);
  private final Map<String, Integer> incarnations = new HashMap<>();
  private final Set<Member> cutOff = new HashSet<>();
  private int published;
  private boolean healed;

  /** Whether the queue is on as many members as it should be, so that one may be lost. */
  private boolean settled;

  QueueSim(long seed, Set<Rule> off, boolean traced) {
    this(seed, off, traced, false);
  }

  QueueSim(long seed, Set<Rule> off, boolean traced, boolean durable) {
    this.time = new VirtualTime(seed);
    this.off = off;
    this.traced = traced;
    this.scenario = time.oneOf(List.of(Scenario.values()));
    this.failing = scenario != Scenario.DISPATCHER && time.chance(0.4) ? 0.2 : 0;
    this.keys = time.chance(0.5) ? 2 : 0;
    this.chunk = time.oneOf(List.of(1, 500, QueueCore.CHUNK_BYTES));
    this.traits = new SimTraits(seed, keys);
    Settings plain = traits.settings();
    this.settings = durable ? plain.persist(Persist.file(Path.of("/spool"))) : plain;
    this.spool = durable ? new SimSpool(this) : null;
    this.kills = durable && scenario != Scenario.DISPATCHER && scenario != Scenario.POISON;
    this.harsh = kills && scenario != Scenario.CALM && time.chance(0.5);
    this.net = new SimNet(time);
    this.views = new SimViews(time, this::learn);
    this.checker = new QueueChecker(this);
    begin(time.between(2, 4));
  }

  /** So many members, and nothing goes wrong. */
  private QueueSim(int size) {
    this.time = new VirtualTime(size);
    this.off = Set.of();
    this.traced = false;
    this.scenario = Scenario.CALM;
    this.failing = 0;
    this.keys = 0;
    this.chunk = QueueCore.CHUNK_BYTES;
    this.traits = SimTraits.plain();
    this.settings = traits.settings();
    this.spool = null;
    this.kills = false;
    this.harsh = false;
    this.net = new SimNet(time);
    this.views = new SimViews(time, this::learn);
    this.checker = new QueueChecker(this);
    begin(size);
  }

  private void begin(int size) {
    List<Member> first = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      first.add(start("n" + i));
    }
    views.install(first);
  }

  /**
   * How many messages go between that many members for each that is published and handled, each
   * when the one before is done; those that go though nothing is published are not counted.
   */
  static double messagesPerLoneOne(int size, int count) {
    int apart = 1_000;
    QueueSim sim = new QueueSim(size);
    sim.time.runUntil(BUSY);
    long before = sim.net.messages();
    sim.time.runUntil(BUSY + count * apart);
    long atRest = sim.net.messages() - before;
    for (int i = 0; i < count; i++) {
      sim.time.after(i * apart, sim::publish);
    }
    before = sim.net.messages();
    sim.time.runUntil(BUSY + 2 * count * apart);
    return (double) (sim.net.messages() - before - atRest) / count;
  }

  List<String> run() {
    if (scenario == Scenario.POISON) {
      checker.poison(time.between(5, 20));
    }
    for (int i = time.between(2, 8); i > 0; i--) {
      burst(time.between(0, BUSY));
    }
    int faults = time.between(1, 8);
    for (int i = 0; i < faults; i++) {
      time.after(time.between(50, BUSY), this::fault);
    }
    if (kills) {
      for (int i = time.between(1, 3); i > 0; i--) {
        time.after(time.between(100, BUSY + 1_000), this::killAll);
      }
    }
    for (int at = 10; at < END; at += 20) {
      time.at(at, this::look);
    }
    time.at(BUSY + 3_000, this::heal);
    time.runUntil(END);
    checker.atTheEnd(List.copyOf(members.values()));
    members.values().forEach(this::count);
    return checker.violations();
  }

  /** Messages that come close together, and most often a fault among them. */
  private void burst(int at) {
    int size = time.between(1, 20);
    for (int i = 0; i < size; i++) {
      time.after(at + time.between(0, 60), this::publish);
    }
    if (time.chance(0.8)) {
      time.after(at + time.between(-20, 120), this::fault);
    }
  }

  // ---- users

  private void publish() {
    List<SimMember> up = members.values().stream().filter(m -> m.view() >= 0).toList();
    if (!up.isEmpty()) {
      publish(time.oneOf(up).self);
    }
  }

  private void publish(Member by) {
    SimMember member = members.get(by);
    if (member != null) {
      int number = published++;
      net.whenAwake(by, () -> member.publish(number));
    }
  }

  // ---- faults

  private void fault() {
    int die = time.between(1, 10);
    List<Member> present = views.current().members();
    if (die <= 3 || present.isEmpty()) {
      joinAny();
      if (scenario == Scenario.DISPATCHER && time.chance(0.5)) {
        loseHomeWhileItCopies(present);
      }
      return;
    }
    Member victim = time.oneOf(present);
    if (traits.leaves && settled && cutOff.isEmpty() && present.size() > 1) {
      leave(victim);
      return;
    }
    if (scenario == Scenario.CALM || scenario == Scenario.POISON) {
      return;
    }
    SimMember its = members.get(victim);
    if (its == null || present.size() < 2) {
      return;
    }
    if (scenario == Scenario.SUSPECT && die <= 5) {
      note(victim + " pauses");
      net.pause(victim, time.between(20, 200));
    } else if (settled && scenario == Scenario.SUSPECT && die <= 8 && cutOff.isEmpty()) {
      suspect(victim);
    } else if ((settled || harsh)
        && cutOff.isEmpty()
        && (scenario != Scenario.DISPATCHER || !its.listens)) {
      crash(victim);
      joinLater(victim);
    }
  }

  /** Nothing is left but what is on the disk. They come back in any order. */
  private void killAll() {
    note("all crash");
    checker.allLost();
    List<Member> all = List.copyOf(members.keySet());
    for (Member victim : all) {
      net.crash(victim);
      SimMember gone = members.remove(victim);
      if (gone != null) {
        count(gone);
        gone.stop();
      }
    }
    if (spool != null) {
      spool.allLost();
    }
    cutOff.clear();
    settled = false;
    views.install(List.of());
    viewsBefore = views.current().id();
    for (Member victim : all) {
      time.after(time.between(1, 600), () -> join(victim.name()));
    }
  }

  /** Whether the disk may. */
  boolean mayRefuse() {
    return !healed && traits.refuses;
  }

  private void joinAny() {
    join("n" + (10 + time.between(0, 9)));
  }

  /** The one that joined may be the next backup: it has a part of the queue, the old one all. */
  private void loseHomeWhileItCopies(List<Member> before) {
    if (before.size() < 2) {
      return;
    }
    Member home = Placement.rank(SimMember.QUEUE, before).get(0);
    for (int i = 0; i < 10; i++) {
      time.after(time.between(0, 20), this::publish);
    }
    time.after(
        time.between(2, 40),
        () -> {
          SimMember its = members.get(home);
          if (settled && its != null && !its.listens && views.has(home)) {
            crash(home);
            joinLater(home);
          }
        });
  }

  boolean mayLose() {
    return settled && views.current().members().size() > 1;
  }

  void joinLater(Member victim) {
    time.after(time.between(200, 900), () -> join(victim.name()));
  }

  void crash(Member victim) {
    note(victim + " crashes");
    if (!settled || isLastNamed(victim)) {
      checker.moreLost();
    }
    settled = false;
    checker.lost(victim);
    net.crash(victim);
    SimMember gone = members.remove(victim);
    if (gone != null) {
      count(gone);
      gone.stop();
    }
    time.after(time.between(5, 60), () -> views.exclude(victim));
  }

  /** Whether what others have counts no more: the disk is read. */
  private boolean isLastNamed(Member victim) {
    Set<String> named = spool == null ? Set.of() : spool.named();
    return named.contains(victim.id())
        && members.keySet().stream()
            .noneMatch(each -> !each.equals(victim) && named.contains(each.id()));
  }

  /** It hands over what it has, and goes. */
  private void leave(Member victim) {
    SimMember its = members.get(victim);
    if (its == null) {
      return;
    }
    note(victim + " leaves");
    settled = false;
    its.leave(
        traits.patience,
        () -> {
          note(victim + " has left");
          checker.lost(victim);
          members.remove(victim);
          count(its);
          its.stop();
          views.exclude(victim);
          // What it sent last is on its way.
          time.after(100, () -> net.crash(victim));
          joinLater(victim);
        });
  }

  /** The others go on without it; it learns so later, if at all; then they meet again. */
  private void suspect(Member victim) {
    note(victim + " is suspected");
    settled = false;
    checker.suspected(victim);
    if (time.chance(0.5)) {
      cutOff.add(victim);
    }
    boolean pauses = time.chance(0.3);
    if (pauses) {
      net.pause(victim, time.between(50, 400));
    }
    views.exclude(victim);
    SimMember its = members.get(victim);
    if (its != null && time.chance(0.8)) {
      time.after(
          time.between(5, 250),
          () ->
              net.whenAwake(
                  victim, () -> its.install(new SimViews.View(its.view() + 1, List.of(victim)))));
    }
    if (time.chance(0.5)) {
      // A member that joins may become home before the victim knows that it is none any more.
      time.after(time.between(0, 40), this::joinAny);
      for (int i = 0; i < 15; i++) {
        time.after(time.between(0, 120), () -> publish(victim));
      }
    }
    time.after(time.between(300, 900), () -> meet(victim));
  }

  private void meet(Member victim) {
    cutOff.remove(victim);
    if (members.containsKey(victim) && !views.has(victim)) {
      note(victim + " is back");
      views.join(victim);
    }
  }

  private void join(String name) {
    if (members.keySet().stream().anyMatch(m -> m.name().equals(name))
        || views.current().members().stream().anyMatch(m -> m.name().equals(name))
        || members.size() > 5) {
      return;
    }
    Member joiner = start(name);
    note(joiner + " joins");
    views.join(joiner);
  }

  private Member start(String name) {
    int incarnation = incarnations.merge(name, 1, Integer::sum);
    Member member = new Member(name, name + "#" + incarnation);
    boolean listens = healed || time.chance(scenario == Scenario.DISPATCHER ? 0.4 : 0.7);
    members.put(member, new SimMember(this, member, listens));
    return member;
  }

  private void learn(Member member, SimViews.View view) {
    SimMember its = members.get(member);
    if (its != null) {
      SimViews.View known = new SimViews.View(view.id() - viewsBefore, view.members());
      net.whenAwake(member, () -> its.install(known));
    }
  }

  /** All whose copies the disk names, while another is here that it does not name. */
  private void loseTheNamed(Set<String> named) {
    List<Member> theirs =
        members.keySet().stream().filter(each -> named.contains(each.id())).toList();
    boolean another =
        members.values().stream()
            .anyMatch(its -> its.core.copy() != null && !named.contains(its.self.id()));
    if (another && !theirs.isEmpty() && time.chance(LOSS_OF_THE_NAMED)) {
      for (Member victim : theirs) {
        crash(victim);
        joinLater(victim);
      }
    }
  }

  /** Sees whether one more may be lost. */
  private void look() {
    List<Member> present = views.current().members();
    if (present.isEmpty()) {
      return;
    }
    if (spool != null && harsh && !healed) {
      loseTheNamed(spool.named());
    }
    Member home = Placement.rank(SimMember.QUEUE, present).get(0);
    SimMember its = members.get(home);
    if (its != null
        && present.size() > 1
        && members.keySet().equals(Set.copyOf(present))
        && members.values().stream().filter(m -> m.core.copy() != null).count() == 2
        && its.view() == views.current().id() - viewsBefore
        && its.core.isSaved()
        && members.values().stream().noneMatch(SimMember::isLeaving)) {
      settled = true;
    }
    QueueState copy = its == null ? null : its.core.copy();
    if (copy != null) {
      checker.size(copy.live());
    }
  }

  /** No fault any more, and somebody listens. */
  private void heal() {
    healed = true;
    cutOff.clear();
    for (Member member : List.copyOf(members.keySet())) {
      if (!views.has(member)) {
        views.join(member);
      }
    }
    if (members.values().stream().noneMatch(m -> m.listens)) {
      members.values().stream()
          .filter(m -> !m.isLeaving())
          .findFirst()
          .ifPresentOrElse(SimMember::listen, () -> join("last")); // who starts now listens
    }
    checker.healed();
  }

  // ---- what members use

  @Nullable SimMember member(Member member) {
    return members.get(member);
  }

  boolean isCut(Member from, Member to) {
    return cutOff.contains(from) != cutOff.contains(to);
  }

  void note(String event) {
    if (traced) {
      chart.append(String.format("%9.3f  %s%n", time.now(), event));
    }
  }

  /** The run as a message chart, if it was asked for. */
  String chart() {
    return chart.toString();
  }

  /** How often the rule decided something. */
  long decided(Rule rule) {
    return decided.getOrDefault(rule, 0L);
  }

  private void count(SimMember member) {
    for (Rule rule : Rule.values()) {
      decided.merge(rule, member.rules.decided(rule), Long::sum);
    }
  }
}
