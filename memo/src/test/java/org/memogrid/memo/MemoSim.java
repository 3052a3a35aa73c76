/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
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
  static final int KEYS = 4;
  static final List<String> TAGS = List.of("odd", "even");
  private static final List<Set<String>> FOUND_BY = TAGS.stream().map(Set::of).toList();
  private static final int BUSY = 1_600;
  private static final int END = BUSY + 30_000;

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
  final double storeFailing;
  final int permits;

  /** The keys that the function of a key asks for, one after the other. */
  final int[][] needs = new int[KEYS][];

  /** Whether results go with those that they were made of; then all end, and some end early. */
  final boolean tracks;

  private boolean cutting;
  private long mergedIn = -1;
  private final Set<Member> meeting = new HashSet<>();
  private final int keys;
  private final int notes;
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
    int asked = time.between(1, 2);
    this.notes = time.chance(0.5) ? 1 : 100;
    this.storeFailing = time.chance(0.15) ? 0.05 : 0;
    this.permits = time.chance(0.3) ? time.between(1, 2) : Integer.MAX_VALUE;
    this.store = new SimStore<>(time, views, this::owners, this::lost);
    this.tracks = recursion();
    this.keys = tracks ? KEYS : asked;
    this.checker = new MemoChecker(this);
    int size = time.between(2, 5);
    List<Member> members = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      Member member = start("n" + i);
      members.add(member);
    }
    views.install(members);
  }

  /**
   * In some lives functions call each other: in order, so that all end, or as it comes. Returns
   * whether it is in order.
   */
  private boolean recursion() {
    boolean recursive = time.chance(0.3);
    boolean cyclic = recursive && time.chance(0.5);
    for (int key = 0; key < KEYS; key++) {
      List<Integer> needed = new ArrayList<>();
      for (int other = 0; recursive && other < KEYS; other++) {
        if ((cyclic ? other != key : other > key) && time.chance(0.4)) {
          needed.add(other);
        }
      }
      needs[key] = needed.stream().mapToInt(Integer::intValue).toArray();
    }
    return recursive && !cyclic;
  }

  /** Who holds the key's entry: two in DISTRIBUTED, the home first. */
  List<Member> owners(Object key, List<Member> members) {
    if (kind != Kind.DISTRIBUTED || members.size() <= 2) {
      return members;
    }
    List<Member> owners = new ArrayList<>();
    List<Member> others = new ArrayList<>(members);
    for (int i = 0; i < 2; i++) {
      Member best = home(key, others);
      others.remove(best);
      owners.add(best);
    }
    return owners;
  }

  private void lost(Object key) {
    note(() -> "nobody holds " + key + " any more");
    checker.entryLost((Integer) key);
  }

  List<String> run() {
    for (int i = time.between(8, 24); i > 0; i--) {
      time.after(time.between(0, BUSY), () -> call(anyKey()));
    }
    for (int i = time.between(0, 5); i > 0; i--) {
      time.after(time.between(0, BUSY), () -> invalidate(anyKey()));
    }
    for (int i = time.between(1, 3); i > 0; i--) {
      burst(time.between(0, BUSY), anyKey());
    }
    if (time.chance(0.2)) {
      time.after(time.between(0, BUSY), this::invalidateAll);
    }
    for (int i = time.between(0, 2); i > 0; i--) {
      time.after(time.between(0, BUSY), this::invalidateMatching);
    }
    for (int i = time.between(0, 4); i > 0; i--) {
      refreshes(time.between(0, BUSY), anyKey());
    }
    if (time.chance(0.3)) {
      giveUp(time.between(0, BUSY), anyKey());
    }
    if (time.chance(0.5)) {
      time.after(time.between(100, BUSY / 2), this::cut);
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

  private int anyKey() {
    return time.between(0, keys - 1);
  }

  /** Callers of one key, an invalidation or two among them, and most often a fault. */
  private void burst(int at, int key) {
    for (int i = time.between(4, 10); i > 0; i--) {
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
    for (int i = tracks ? 4 : 0; i > 0; i--) { // for what is made of it while it goes
      time.after(time.between(0, 80), () -> call(time.between(0, key)));
    }
  }

  private void invalidateAll() {
    SimNode node = anyNode();
    if (node != null) {
      net.whenAwake(node.self, () -> node.invalidate(null));
    }
  }

  private void invalidateMatching() {
    SimNode.Match match =
        time.chance(0.6)
            ? new SimNode.Match(time.oneOf(TAGS), null)
            : new SimNode.Match(null, time.chance(0.5) ? anyKey() : null);
    SimNode node = anyNode();
    if (node != null) {
      net.whenAwake(node.self, () -> node.invalidateMatching(match));
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

  /** The only caller leaves while the function runs, and others come just then. */
  private void giveUp(int at, int key) {
    int leaves = time.between(10, 80);
    time.after(
        at,
        () -> {
          SimNode node = anyNode();
          if (node != null) {
            net.whenAwake(node.self, () -> node.callFor(key, leaves));
          }
        });
    for (int i = time.between(1, 3); i > 0; i--) {
      time.after(at + leaves + time.between(0, 25), () -> call(key));
    }
  }

  private @Nullable SimNode anyNode() {
    List<SimNode> serving = nodes.values().stream().filter(n -> n.view >= 0).toList();
    return serving.isEmpty() ? null : time.oneOf(serving);
  }

  // ---- faults

  private void fault() {
    int die = time.between(1, 14);
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
      note(() -> victim + " pauses");
      net.pause(victim, time.between(20, 300));
    } else if (members.size() > 2 && !checker.isLost(victim) && !cutting) {
      if (die <= 10) {
        crash(victim);
      } else if (die <= 12) {
        suspect(victim);
      } else {
        stray(victim);
        return;
      }
      time.after(time.between(250, 600), () -> join(victim.name()));
    }
  }

  private void crash(Member victim) {
    note(() -> victim + " crashes");
    checker.lost(victim);
    net.crash(victim);
    SimNode gone = nodes.remove(victim);
    if (gone != null) {
      count(gone);
      gone.stop();
    }
    store.forget(victim);
    time.after(time.between(5, 60), () -> exclude(victim));
  }

  private void exclude(Member victim) {
    views.exclude(victim);
    store.rebalance();
  }

  /** Paused or cut off beyond detection, it comes back and never heard that it was out. */
  private void stray(Member victim) {
    note(() -> victim + " is taken for lost");
    checker.lost(victim);
    if (time.chance(0.5)) {
      net.pause(victim, time.between(100, 700));
    }
    exclude(victim);
    time.after(time.between(200, 800), () -> comeBack(victim));
  }

  private void comeBack(Member victim) {
    if (views.isCut()) {
      time.after(100, () -> comeBack(victim));
    } else if (nodes.containsKey(victim)) {
      note(() -> victim + " comes back");
      store.forget(victim);
      views.join(victim);
      store.rebalance();
    }
  }

  /** Two clusters for a while. */
  private void cut() {
    Set<Member> away = new HashSet<>();
    for (Member member : views.current().members()) {
      if (time.chance(0.4)) {
        away.add(member);
      }
    }
    if (away.isEmpty()
        || away.size() == views.current().members().size()
        || views.current().members().stream().anyMatch(checker::isLost)) {
      return;
    }
    cutting = true; // a side that dies out would leave nobody who knows of the other
    note(() -> "cut: " + away + " from the others");
    net.cut(away::contains);
    time.after(
        time.between(1, 50),
        () -> {
          if (!views.cut(away::contains)) {
            net.heal();
            cutting = false;
            return;
          }
          checker.cut();
          store.cut();
          time.after(time.between(100, 600), this::heal);
        });
  }

  private void heal() {
    note(() -> "the cut heals");
    net.heal();
    int key = anyKey();
    for (SimNode node : List.copyOf(nodes.values())) {
      if (time.chance(0.7)) { // so that runs of both sides meet
        node.runsLong = true;
        time.after(500, () -> node.runsLong = false);
        time.after(time.between(0, 20), () -> net.whenAwake(node.self, () -> node.call(key)));
      }
    }
    time.after(
        time.between(1, 50),
        () -> {
          checker.cut();
          mergedIn = views.merge();
          meeting.addAll(views.members());
        });
  }

  /** The others go on without it; it learns so later, and begins anew. */
  private void suspect(Member victim) {
    note(() -> victim + " is suspected");
    checker.lost(victim);
    exclude(victim);
    time.after(
        time.between(30, 200),
        () -> {
          note(() -> victim + " learns that it is out");
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
        || views.members().stream().anyMatch(m -> m.name().equals(name))) {
      return;
    }
    Member joiner = start(name);
    note(() -> joiner + " joins");
    views.join(joiner);
    store.rebalance();
    for (int i = time.between(2, 8); i > 0; i--) { // on members of different views
      time.after(time.between(0, 40), () -> call(anyKey()));
    }
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
      boolean merged = view.id() == mergedIn;
      net.whenAwake(
          member,
          () -> {
            node.install(view);
            if (merged && meeting.remove(member) && meeting.isEmpty()) {
              store.merge();
              cutting = false;
            }
          });
    }
  }

  // ---- what nodes use

  /** The tag of a result, which nobody knows before it is there. */
  static String tag(int key, int version) {
    return TAGS.get((key + version) % TAGS.size());
  }

  /** The same as what the result is found by. */
  static Set<String> tags(int key, int version) {
    return FOUND_BY.get((key + version) % TAGS.size());
  }

  @Nullable SimNode node(Member member) {
    return nodes.get(member);
  }

  MemoCore.Identity identity(Member self) {
    AtomicLong numbers = new AtomicLong();
    return new MemoCore.Identity(
        self, "f", kind != Kind.INVALIDATED, numbers::incrementAndGet, notes);
  }

  /** Rendezvous: the same for all that know the members. */
  static Member home(Object key, List<Member> members) {
    Member best = members.get(0);
    long weight = Long.MIN_VALUE;
    for (Member member : members) {
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

  /**
   * @param event asked for only if there is a chart: most of a life's time would go into its texts
   */
  void note(Supplier<String> event) {
    if (traced) {
      chart.append(String.format("%9.3f  %s%n", time.now(), event.get()));
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

  /**
   * What a run returned: the source's version that it saw.
   *
   * @param of the versions that it goes back to, of all keys, {@link #NOTHING} where it is not made
   *     of the key; null if nobody tracks that
   * @param tags what it is found by
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Result(int version, int @Nullable [] of, Set<String> tags) {
    static final int NOTHING = Integer.MAX_VALUE;

    @Override
    public String toString() {
      return String.valueOf(version);
    }
  }

  /** An entry: a result, or a tombstone. */
  static final class Env {
    final @Nullable Result result;
    final long epoch;
    final long fence;
    final double expiresAt;

    Env(@Nullable Result result, long epoch, long fence, double expiresAt) {
      this.fence = fence;
      this.result = result;
      this.epoch = epoch;
      this.expiresAt = expiresAt;
    }

    @Override
    public String toString() {
      return "entry[" + result + ", " + epoch + "." + fence + "]";
    }
  }
}
