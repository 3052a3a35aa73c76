/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;
import org.memogrid.testkit.sim.SimNet;
import org.memogrid.testkit.sim.SimStore;
import org.memogrid.testkit.sim.SimViews;
import org.memogrid.testkit.sim.VirtualTime;

/**
 * One simulated life of a memo: callers, invalidations and faults, all from one seed, over the
 * production core. {@link #run} returns what the {@linkplain MemoChecker checker} found.
 */
final class MemoSim {
  static final int KEYS = 2;
  private static final int BUSY = 4_000;
  private static final int END = BUSY + 20_000;

  enum Kind {
    REPLICATED,
    DISTRIBUTED,
    INVALIDATED
  }

  final VirtualTime time;
  final Kind kind;
  final SimNet net;
  final SimViews views;
  final SimStore<Env> store;
  final MemoChecker checker;
  final Set<Rule> off;
  final double failing;
  final double timeToLive;
  final double notKept;
  private final boolean traced;
  private final StringBuilder chart = new StringBuilder();
  private final Map<Member, SimNode> nodes = new LinkedHashMap<>();
  private final Map<Rule, Long> decided = new EnumMap<>(Rule.class);
  private final Map<String, Integer> incarnations = new HashMap<>();

  MemoSim(long seed, Set<Rule> off, boolean traced) {
    this.time = new VirtualTime(seed);
    this.off = off;
    this.traced = traced;
    int die = time.between(1, 10);
    this.kind = die <= 5 ? Kind.REPLICATED : die <= 8 ? Kind.DISTRIBUTED : Kind.INVALIDATED;
    this.failing = time.chance(0.3) ? 0.1 : 0;
    this.timeToLive = time.chance(0.3) ? time.between(100, 1_500) : 0;
    this.notKept = time.chance(0.2) ? 0.2 : 0;
    this.net = new SimNet(time);
    this.views = new SimViews(time, this::learn);
    this.store = new SimStore<>(time, views);
    this.checker = new MemoChecker(this);
    int size = time.between(2, 5);
    List<Member> members = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      Member member = start("n" + i);
      members.add(member);
      store.transferTo(member);
    }
    views.install(members);
  }

  List<String> run() {
    for (int i = time.between(20, 60); i > 0; i--) {
      time.after(time.between(0, BUSY), () -> call(time.between(0, KEYS - 1)));
    }
    for (int i = time.between(0, 8); i > 0; i--) {
      time.after(time.between(0, BUSY), () -> invalidate(time.between(0, KEYS - 1)));
    }
    for (int i = time.between(1, 4); i > 0; i--) {
      burst(time.between(0, BUSY), time.between(0, KEYS - 1));
    }
    if (time.chance(0.3)) {
      time.after(time.between(0, BUSY), this::invalidateAll);
    }
    for (int i = time.between(0, 3); i > 0; i--) {
      time.after(time.between(0, BUSY), this::invalidateMatching);
    }
    for (int i = time.between(0, 10); i > 0; i--) {
      refreshes(time.between(0, BUSY), time.between(0, KEYS - 1));
    }
    time.runUntil(END);
    for (SimNode node : nodes.values()) {
      if (views.has(node.self)) {
        checker.atTheEnd(node);
      }
      count(node);
    }
    return checker.violations();
  }

  /** Callers of one key, an invalidation or two among them, and most often a fault. */
  private void burst(int at, int key) {
    for (int i = 0; i < 12; i++) {
      time.after(at + time.between(0, 30), () -> call(key));
    }
    for (int i = time.between(0, 2); i > 0; i--) {
      time.after(at + time.between(0, 120), () -> invalidate(key));
    }
    if (time.chance(0.1)) {
      time.after(at + time.between(0, 120), this::invalidateAll);
    }
    if (time.chance(0.3)) {
      time.after(at + time.between(0, 120), this::invalidateMatching);
      time.after(at + time.between(60, 160), () -> call(key));
    }
    int faults = time.chance(0.8) ? time.between(1, 4) : 0;
    for (int i = 0; i < faults; i++) {
      time.after(at + time.between(-60, 120), this::fault);
    }
  }

  // ---- users

  private void call(int key) {
    SimNode node = anyNode();
    if (node != null) {
      net.whenAwake(node.self, () -> node.call(key));
    }
  }

  private void invalidate(int key) {
    SimNode node = anyNode();
    if (node != null) {
      net.whenAwake(node.self, () -> node.invalidate(key));
    }
  }

  private void invalidateAll() {
    SimNode node = anyNode();
    if (node != null) {
      net.whenAwake(node.self, () -> node.invalidate(null));
    }
  }

  private void invalidateMatching() {
    SimNode node = anyNode();
    if (node != null) {
      net.whenAwake(node.self, node::invalidateMatching);
    }
  }

  /** Several members find the same entry old. */
  private void refreshes(int at, int key) {
    for (int i = time.between(1, 3); i > 0; i--) {
      time.after(
          at + time.between(0, 20),
          () -> {
            SimNode node = anyNode();
            if (node != null) {
              net.whenAwake(node.self, () -> node.refresh(key));
            }
          });
    }
  }

  private @Nullable SimNode anyNode() {
    List<SimNode> serving = nodes.values().stream().filter(n -> n.view >= 0).toList();
    return serving.isEmpty() ? null : time.oneOf(serving);
  }

  // ---- faults

  private void fault() {
    int die = time.between(1, 12);
    List<Member> members = views.current().members();
    if (die <= 4) {
      join("n" + (10 + time.between(0, 9)));
      return;
    }
    if (members.isEmpty()) {
      return;
    }
    Member victim = time.oneOf(members);
    if (die <= 6) {
      note(victim + " pauses");
      net.pause(victim, time.between(20, 300));
    } else if (members.size() > 2 && !checker.isLost(victim)) {
      if (die <= 10) {
        crash(victim);
      } else {
        suspect(victim);
      }
      time.after(time.between(250, 600), () -> join(victim.name()));
    }
  }

  private void crash(Member victim) {
    note(victim + " crashes");
    checker.lost(victim);
    net.crash(victim);
    SimNode gone = nodes.remove(victim);
    if (gone != null) {
      count(gone);
      gone.stop();
    }
    store.forget(victim);
    time.after(time.between(5, 60), () -> views.exclude(victim));
  }

  /** The others go on without it; it learns so later, and begins anew. */
  private void suspect(Member victim) {
    note(victim + " is suspected");
    checker.lost(victim);
    views.exclude(victim);
    time.after(
        time.between(30, 200),
        () -> {
          note(victim + " learns that it is out");
          net.crash(victim);
          SimNode gone = nodes.remove(victim);
          if (gone != null) {
            count(gone);
            gone.stop();
          }
          store.forget(victim);
        });
  }

  private void join(String name) {
    if (nodes.keySet().stream().anyMatch(m -> m.name().equals(name))
        || views.current().members().stream().anyMatch(m -> m.name().equals(name))) {
      return;
    }
    Member joiner = start(name);
    note(joiner + " joins");
    views.join(joiner);
    store.transferTo(joiner);
  }

  private Member start(String name) {
    int incarnation = incarnations.merge(name, 1, Integer::sum);
    Member member = new Member(name, name + "#" + incarnation);
    nodes.put(member, new SimNode(this, member));
    return member;
  }

  private void learn(Member member, SimViews.View view) {
    SimNode node = nodes.get(member);
    if (node != null) {
      net.whenAwake(member, () -> node.install(view));
    }
  }

  // ---- what nodes use

  @Nullable SimNode node(Member member) {
    return nodes.get(member);
  }

  /** Rendezvous: the same for all that know the view. */
  static Member home(Object key, SimViews.View view) {
    Member best = view.members().get(0);
    long weight = Long.MIN_VALUE;
    for (Member member : view.members()) {
      long w = mix(key.hashCode() * 31L + member.id().hashCode());
      if (w > weight) {
        weight = w;
        best = member;
      }
    }
    return best;
  }

  private static long mix(long x) {
    long z = x * 0x9E3779B97F4A7C15L;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    return z ^ (z >>> 31);
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

  private void count(SimNode node) {
    for (Rule rule : Rule.values()) {
      decided.merge(rule, node.rules.decided(rule), Long::sum);
    }
  }

  /** An entry: the source's version that the run saw, or a tombstone. */
  static final class Env {
    final @Nullable Integer version;
    final long epoch;
    final long fence;
    final double expiresAt;

    Env(@Nullable Integer version, long epoch, long fence, double expiresAt) {
      this.fence = fence;
      this.version = version;
      this.epoch = epoch;
      this.expiresAt = expiresAt;
    }

    @Override
    public String toString() {
      return "entry[" + version + ", " + epoch + "." + fence + "]";
    }
  }
}
