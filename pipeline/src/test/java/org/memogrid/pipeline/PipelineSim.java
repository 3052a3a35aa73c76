/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;
import org.memogrid.testkit.sim.SimNet;
import org.memogrid.testkit.sim.SimViews;
import org.memogrid.testkit.sim.VirtualTime;

/**
 * One simulated life of a pipeline: callers, steps and faults, all from one seed, over the
 * production cores. {@link #run} returns what the {@linkplain PipelineChecker checker} found.
 */
final class PipelineSim {
  static final long KEEP = 3_600_000;
  private static final int BUSY = 3_000;
  private static final int SETTLING = 600;
  private static final int END = BUSY + 9_000;

  /** What may go wrong. */
  enum Scenario {
    CALM,
    /** Members are lost, one at a time. */
    CRASH,
    /** Members are taken for lost, pause, and come back. */
    SUSPECT
  }

  final VirtualTime time;
  final Scenario scenario;
  final SimNet net;
  final SimViews views;
  final SimQueues queues = new SimQueues(this);
  final PipelineChecker checker = new PipelineChecker(this);
  final Rules rules;
  final Definition definition;
  final double twice;

  private final double runningOn;

  int runs;
  private final double failing;
  private final boolean traced;
  private final StringBuilder chart = new StringBuilder();
  private final Map<Member, SimPipelineMember> members = new LinkedHashMap<>();
  private final Map<String, Integer> incarnations = new HashMap<>();
  private final Map<String, Integer> poisoned = new HashMap<>();
  private int submitted;
  private boolean healed;
  private double nextLossAt;

  PipelineSim(long seed, Set<Rule> off, boolean traced) {
    this.time = new VirtualTime(seed);
    this.rules = Rules.without(off);
    this.traced = traced;
    this.scenario = time.oneOf(List.of(Scenario.values()));
    this.failing = time.chance(0.5) ? 0.2 : 0;
    this.twice = time.chance(0.5) ? 0.1 : 0;
    this.runningOn = seed % 2 == 1 ? 0.6 : 0;
    // Some lives have fan-outs whose elements take longer than their parts are kept.
    Duration parts = seed % 5 == 3 ? Duration.ofMillis(20) : Duration.ofDays(1);
    this.definition = definition(time.chance(0.4), parts);
    this.net = new SimNet(time);
    this.views = new SimViews(time, this::learn);
    List<Member> first = new ArrayList<>();
    for (int i = time.between(2, 4); i > 0; i--) {
      first.add(start("n" + i));
    }
    views.install(first);
  }

  private static Definition definition(boolean fans, Duration parts) {
    List<StepDefinition> steps = new ArrayList<>();
    add(steps, "a", StepDefinition.Kind.PLAIN, 0);
    if (fans) {
      add(steps, "split", StepDefinition.Kind.FAN_OUT, 0);
      add(steps, "part", StepDefinition.Kind.PLAIN, 1);
      add(steps, "join", StepDefinition.Kind.JOIN, 0);
    } else {
      add(steps, "b", StepDefinition.Kind.PLAIN, 0);
    }
    add(steps, "c", StepDefinition.Kind.PLAIN, 0);
    return new Definition(
        "sim", steps, 5, 3, Duration.ZERO, Duration.ZERO, Duration.ofHours(1), parts, null);
  }

  private static void add(
      List<StepDefinition> steps, String name, StepDefinition.Kind kind, int depth) {
    steps.add(
        new StepDefinition(
            name,
            steps.size(),
            kind,
            depth,
            (value, context) -> value,
            1,
            1,
            Duration.ofSeconds(1),
            0,
            false,
            null));
  }

  List<String> run() {
    for (int i = time.between(2, 6); i > 0; i--) {
      int at = time.between(0, BUSY);
      for (int n = time.between(1, 8); n > 0; n--) {
        time.after(at + time.between(0, 80), this::submit);
      }
      if (time.chance(0.8)) {
        time.after(at + time.between(0, 200), this::fault);
      }
    }
    for (int i = time.between(2, 10); i > 0; i--) {
      time.after(time.between(50, BUSY), this::fault);
    }
    for (int i = 0; i < 60; i++) {
      time.after(time.between(20, BUSY + 500), this::look);
    }
    time.at(BUSY + 1_500, this::heal);
    time.at(BUSY + 5_000, () -> checker.ids().forEach(this::find));
    time.runUntil(END);
    checker.atTheEnd();
    return checker.violations();
  }

  // ---- users

  private void submit() {
    List<SimPipelineMember> up = members();
    if (up.isEmpty()) {
      return;
    }
    SimPipelineMember member = time.oneOf(up);
    String kind = "v";
    long deadline = 0;
    if (time.chance(0.1) && definition.step("b") != null) {
      kind = "cycle";
    } else if (time.chance(0.15)) {
      kind = time.chance(0.3) ? "stuck" : "late";
      deadline = SimPipelineMember.EPOCH + (long) time.now() + time.between(20, 300);
    }
    if (kind.equals("v") && runningOn > 0 && submitted % 8 == 3) {
      kind = "poison";
    }
    String id = kind + submitted++;
    long until = deadline;
    net.whenAwake(member.self, () -> member.submit(id, until));
  }

  /** Somebody asks for some result. */
  private void look() {
    List<String> ids = List.copyOf(checker.ids());
    if (!ids.isEmpty()) {
      find(time.oneOf(ids));
    }
  }

  private void find(String id) {
    List<SimPipelineMember> up = members();
    if (!up.isEmpty()) {
      SimPipelineMember member = time.oneOf(up);
      net.whenAwake(member.self, () -> member.find(id));
    }
  }

  /** Whether this run of a step never ends. */
  boolean isStuck(SimQueues.Entry entry, StepDefinition step) {
    boolean stuck = entry.envelope.id().startsWith("stuck") && step.index() == 1;
    entry.endless |= stuck;
    return stuck;
  }

  /** Whether a value that may run on does. */
  boolean runsOn() {
    return runningOn > 0 && time.chance(runningOn);
  }

  /**
   * In how long this run takes its member down: some do once, some twice; null if it does not. One
   * member is lost at a time.
   */
  @Nullable Integer poison(SimQueues.Entry entry, StepDefinition step) {
    String id = entry.envelope.id();
    if (!id.startsWith("poison")
        || step.index() != 1
        || healed
        || scenario != Scenario.CRASH
        || views.current().members().size() < 3
        || poisoned.merge(id, 1, Integer::sum) > 2) {
      return null;
    }
    int in = time.between(1, 30) + (int) Math.max(0, nextLossAt - time.now());
    nextLossAt = time.now() + in + SETTLING;
    return in;
  }

  double failing() {
    return healed ? 0 : failing;
  }

  // ---- faults

  private void fault() {
    List<Member> present = views.current().members();
    int die = time.between(1, 10);
    if (die <= 3 || present.size() < 2) {
      join("n" + (10 + time.between(0, 9)));
      return;
    }
    if (healed || scenario == Scenario.CALM) {
      return;
    }
    Member victim = time.oneOf(present);
    if (scenario == Scenario.SUSPECT && die <= 5) {
      net.pause(victim, time.between(20, 200));
    } else if (time.now() >= nextLossAt && present.size() > 2) {
      nextLossAt = time.now() + SETTLING;
      if (scenario == Scenario.CRASH) {
        crash(victim);
      } else {
        suspect(victim);
      }
    }
  }

  void crash(Member victim) {
    note(victim + " crashes");
    net.crash(victim);
    checker.crashed(victim);
    SimPipelineMember gone = members.remove(victim);
    if (gone != null) {
      gone.stop();
    }
    time.after(
        time.between(5, 60),
        () -> {
          views.exclude(victim);
          queues.lost(victim);
        });
    time.after(time.between(200, 500), () -> join(victim.name()));
  }

  /** The others go on without it; it may notice, or not; then they meet again. */
  private void suspect(Member victim) {
    note(victim + " is suspected");
    checker.suspected(victim);
    net.pause(victim, time.between(50, 300));
    views.exclude(victim);
    queues.lost(victim);
    time.after(
        time.between(150, 400),
        () -> {
          if (members.containsKey(victim) && !views.has(victim)) {
            note(victim + " is back");
            views.join(victim);
          }
        });
  }

  private void join(String name) {
    if (members.size() > 5
        || members.keySet().stream().anyMatch(m -> m.name().equals(name))
        || views.current().members().stream().anyMatch(m -> m.name().equals(name))) {
      return;
    }
    views.join(start(name));
  }

  private Member start(String name) {
    int incarnation = incarnations.merge(name, 1, Integer::sum);
    Member member = new Member(name, name + "#" + incarnation);
    members.put(member, new SimPipelineMember(this, member));
    return member;
  }

  private void learn(Member member, SimViews.View view) {
    SimPipelineMember its = members.get(member);
    if (its != null) {
      net.whenAwake(member, () -> its.install(view));
    }
  }

  private void heal() {
    healed = true;
    for (Member member : List.copyOf(members.keySet())) {
      if (!views.has(member)) {
        views.join(member);
      }
    }
    time.after(1_000, queues::redrive);
    checker.healed();
  }

  // ---- what members use

  /** Those that serve. */
  List<SimPipelineMember> members() {
    return members.values().stream().filter(m -> m.view >= 0).toList();
  }

  @Nullable SimPipelineMember member(Member member) {
    return members.get(member);
  }

  /** Whether it may not know that it was taken for lost. */
  boolean lags(Member member) {
    SimPipelineMember its = members.get(member);
    return scenario == Scenario.SUSPECT && its != null && its.view != views.current().id();
  }

  boolean isUp(Member member) {
    return members.containsKey(member);
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
}
