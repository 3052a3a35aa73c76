/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.lease;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;
import org.memogrid.testkit.sim.SimNet;
import org.memogrid.testkit.sim.VirtualTime;

/**
 * One simulated life of names: members that offer and withdraw them, leave, die, stand still, are
 * wrongly excluded, fall apart and meet again, and do not all offer a name with the same options,
 * all from one seed, over the production core.
 *
 * <p>Checked: with a quorum, never two at a time; without, never two at a time in a life without
 * splits and wrong exclusions; tokens of a name never twice, and rising in such a life; of two
 * holders that meet the one with the lower token never goes on; when all is calm, each name that is
 * offered runs once, on a member of the view, and all know where, but those that offer it with
 * other options than that one, who know that they are refused.
 */
final class LeaseSim {
  static final List<String> NAMES = List.of("plain", "oldest", "voted");
  private static final int SIZE = 5;

  /** A member that runs without this module, in some lives. */
  private static final Member LACKING = new Member("lacking", "lacking#1");

  private static final int QUORUM = 3;
  private static final int BUSY = 60_000;
  private static final int END = BUSY + 60_000;

  final VirtualTime time;
  private final Set<Rule> off;
  private final boolean traced;
  private final SimNet net;
  private final boolean whole;
  private final List<Node> nodes = new ArrayList<>();
  private final Map<String, Integer> incarnations = new HashMap<>();
  private final Set<String> violations = new TreeSet<>();
  private final Map<String, Token> lastToken = new HashMap<>();
  private final Set<String> seenTokens = new TreeSet<>();
  private final Map<Rule, Long> decided = new EnumMap<>(Rule.class);
  private final StringBuilder chart = new StringBuilder();
  long turns;

  /** A side of the cluster: those that can reach each other, and the last view installed there. */
  private final List<List<Member>> sides = new ArrayList<>();

  private long lastView;

  LeaseSim(long seed, Set<Rule> off, boolean traced) {
    this.traced = traced;
    this.time = new VirtualTime(seed);
    this.off = off;
    this.net = new SimNet(time);
    this.whole = seed % 2 == 0; // a first draw of chance is alike for all small seeds
    List<Member> all = new ArrayList<>();
    for (int i = 0; i < SIZE; i++) {
      all.add(start("n" + i));
    }
    if (time.chance(0.3)) {
      all.add(time.between(0, SIZE), LACKING);
    }
    sides.add(all);
    install(0);
  }

  List<String> run() {
    for (int i = 0; i < BUSY; i += TICK_CHECK) {
      time.after(i, this::check);
    }
    for (int i = time.between(3, 9); i > 0; i--) {
      int at = time.between(0, BUSY);
      for (int j = time.between(1, 3); j > 0; j--) {
        time.after(at + time.between(0, 4_000), this::fault);
      }
    }
    for (int i = time.between(0, 12); i > 0; i--) {
      time.after(time.between(0, BUSY), this::user);
    }
    time.after(BUSY, this::heal);
    for (int i = BUSY; i < END; i += TICK_CHECK) {
      time.after(i, this::check);
    }
    time.runUntil(END - 1);
    checkCalm();
    nodes.forEach(this::count);
    return List.copyOf(violations);
  }

  private static final int TICK_CHECK = 100;

  // ---- faults

  private void fault() {
    int die = time.between(1, 10);
    Node victim = time.oneOf(nodes);
    if (die <= 3) {
      crash(victim);
    } else if (die <= 7) {
      pause(victim);
    } else if (!whole && die == 8) {
      falseSuspicion(victim.self);
    } else if (!whole) {
      split();
    } else {
      leave(victim);
    }
  }

  /** In order, but without waiting until its last words have been heard. */
  private void leave(Node victim) {
    if (staying() < 3 || victim.leaving || victim.awakeAt > time.now()) {
      return;
    }
    victim.leaving = true;
    note(victim.self + " leaves");
    for (String name : List.copyOf(victim.offers)) {
      victim.withdraw(name);
    }
    time.after(
        time.between(1, 20),
        () -> {
          if (!victim.dead) {
            victim.dead = true;
            count(victim);
            nodes.remove(victim);
            exclude(victim.self);
            time.after(time.between(1_000, 8_000), () -> join(victim.self.name()));
          }
        });
  }

  /** One that stands still meanwhile, and hears of it later, must not find itself alone. */
  private long staying() {
    return nodes.stream().filter(node -> !node.leaving).count();
  }

  private void crash(Node victim) {
    if (staying() < 3) {
      return;
    }
    note(victim.self + " crashes");
    net.crash(victim.self);
    victim.dead = true;
    count(victim);
    nodes.remove(victim);
    time.after(time.between(200, 600), () -> exclude(victim.self));
    time.after(time.between(1_000, 8_000), () -> join(victim.self.name()));
  }

  /** Longer than a lease and shorter, and longer than the failure detector's patience. */
  private void pause(Node victim) {
    if (victim.awakeAt > time.now()) {
      return;
    }
    int length = time.chance(0.5) ? time.between(100, 5_000) : time.between(5_000, 15_000);
    note(victim.self + " stands still for " + length);
    double awakeAt = time.now() + length;
    victim.awakeAt = awakeAt;
    net.pause(victim.self, length);
    time.after(
        5_000,
        () -> {
          if (!victim.dead && victim.awakeAt == awakeAt && awakeAt > time.now() + 1) {
            exclude(victim.self);
            time.after(awakeAt - time.now() + time.between(500, 3_000), this::heal);
          }
        });
  }

  private void falseSuspicion(Member victim) {
    exclude(victim);
    time.after(time.between(1_000, 8_000), this::heal);
  }

  private void split() {
    if (sides.size() > 1 || sides.get(0).size() < 3) {
      return;
    }
    List<Member> all = sides.get(0);
    List<Member> one = new ArrayList<>();
    List<Member> other = new ArrayList<>();
    all.forEach(m -> (time.chance(0.5) ? one : other).add(m));
    if (one.isEmpty() || other.isEmpty()) {
      return;
    }
    note("split into " + one + " and " + other);
    sides.clear();
    sides.add(one);
    sides.add(other);
    install(0);
    lastView--; // the two sides use the same numbers
    install(1);
    time.after(time.between(1_000, 20_000), this::heal);
  }

  /** All that live meet; the view's order is that of one side before the other, as it comes. */
  private void heal() {
    if (sides.size() < 2) {
      return;
    }
    List<Member> met = new ArrayList<>();
    int first = time.between(0, sides.size() - 1);
    met.addAll(sides.get(first));
    for (int i = 0; i < sides.size(); i++) {
      if (i != first) {
        met.addAll(sides.get(i));
      }
    }
    met.removeIf(m -> node(m) == null && !m.equals(LACKING));
    sides.clear();
    sides.add(met);
    note("merge");
    install(0);
  }

  private void exclude(Member member) {
    for (int i = 0; i < sides.size(); i++) {
      if (sides.get(i).remove(member)) {
        boolean lives = node(member) != null || member.equals(LACKING);
        if (lives) {
          sides.add(new ArrayList<>(List.of(member)));
        }
        if (sides.get(i).isEmpty()) {
          sides.remove(i);
        } else {
          install(i);
        }
        return;
      }
    }
  }

  private void join(String name) {
    if (nodes.stream().anyMatch(n -> n.self.name().equals(name)) || sides.isEmpty()) {
      return;
    }
    Member joiner = start(name);
    note(joiner.id() + " joins");
    sides.get(0).add(joiner);
    install(0);
  }

  private void install(int side) {
    View view = new View(++lastView, sides.get(side));
    for (Member member : view.members()) {
      Node node = node(member);
      if (node != null) {
        time.after(time.between(1, 40), () -> net.whenAwake(member, () -> node.install(view)));
      }
    }
  }

  private Member start(String name) {
    int incarnation = incarnations.merge(name, 1, Integer::sum);
    Member member = new Member(name, name + "#" + incarnation);
    Node node = new Node(member);
    nodes.add(node);
    for (String each : NAMES) {
      if (time.chance(0.8)) {
        time.after(time.between(0, 500), () -> net.whenAwake(member, () -> node.offer(each)));
      }
    }
    return member;
  }

  private void user() {
    Node node = time.oneOf(nodes);
    String name = time.oneOf(NAMES);
    net.whenAwake(node.self, () -> node.use(name));
  }

  private @Nullable Node node(Member member) {
    return nodes.stream().filter(n -> n.self.equals(member)).findFirst().orElse(null);
  }

  /** Some offer a name with another placement. */
  private LeaseSpec spec(String name) {
    boolean other = time.chance(0.15);
    boolean oldest = name.equals("oldest") != other;
    return new LeaseSpec(
        oldest ? LeaseSpec.Order.OLDEST : LeaseSpec.Order.SPREAD, List.of(), quorum(name));
  }

  private static int quorum(String name) {
    return name.equals("voted") ? QUORUM : 1;
  }

  // ---- checks

  private void check() {
    for (String name : NAMES) {
      if (!whole && !name.equals("voted")) {
        continue;
      }
      List<String> active =
          nodes.stream().filter(n -> n.isActive(name)).map(n -> n.self.id()).toList();
      if (active.size() > 1) {
        violations.add("two run " + name);
        note("VIOLATION two run " + name + " " + active);
      }
    }
  }

  private void began(String name, Token token) {
    turns++;
    check();
    if (!seenTokens.add(name + token)) {
      violations.add("a token of " + name + " came twice");
    }
    Token before = lastToken.put(name, token);
    if (whole && before != null && token.compareTo(before) <= 0) {
      violations.add("a token of " + name + " does not rise");
      note("VIOLATION " + token + " after " + before);
    }
  }

  /** Who is given a turn anew was the one to go on. */
  private void ended(Node by, Effect.End end) {
    for (Node node : nodes) {
      Token other = node.held.get(end.name());
      if (end.why().equals("it is given again")
          && node.core.view().equals(by.core.view())
          && node.isActive(end.name())
          && other != null
          && other.compareTo(end.token()) > 0) {
        violations.add("of two that meet the lower goes on");
        note("VIOLATION " + by.self.id() + " goes on instead of " + node.self.id());
      }
    }
  }

  private void checkCalm() {
    for (String name : NAMES) {
      List<Node> offering = nodes.stream().filter(n -> n.offers.contains(name)).toList();
      List<Node> active = nodes.stream().filter(n -> n.isActive(name)).toList();
      if (active.size() != (offering.isEmpty() ? 0 : 1)) {
        violations.add("in the end " + active.size() + " run " + name);
        note("VIOLATION in the end " + active.size() + " of " + offering.size() + " run " + name);
      }
      for (Node node : offering) {
        Member holder = node.holders.get(name);
        if (active.size() != 1) {
          continue;
        }
        boolean agrees = node.agreesWith(active.get(0), name);
        if (agrees && !active.get(0).self.equals(holder)) {
          violations.add("in the end somebody does not know who runs " + name);
          note("VIOLATION " + node.self.id() + " takes " + holder + " for the holder of " + name);
        }
        if (agrees == node.refused.contains(name)) {
          violations.add("in the end somebody is wrong about being refused " + name);
          note("VIOLATION " + node.self.id() + (agrees ? " is" : " is not") + " refused " + name);
        }
      }
    }
  }

  private void count(Node node) {
    for (Rule rule : Rule.values()) {
      decided.merge(rule, node.rules.decided(rule), Long::sum);
    }
  }

  List<String> violations() {
    return List.copyOf(violations);
  }

  long decided(Rule rule) {
    return decided.getOrDefault(rule, 0L);
  }

  void note(String event) {
    if (traced) {
      chart.append(String.format("%9.1f  %s%n", time.now(), event));
    }
  }

  String chart() {
    return chart.toString();
  }

  /** The shell of a core in the simulation. */
  private final class Node {
    final Member self;
    final Rules rules = Rules.without(off);
    final LeaseCore core;
    final Set<String> offers = new TreeSet<>();
    final Map<String, LeaseSpec> specs = new HashMap<>();
    final Set<String> refused = new TreeSet<>();
    final Map<String, Token> held = new LinkedHashMap<>();
    final Map<String, Member> holders = new HashMap<>();
    double awakeAt;
    boolean leaving;
    boolean dead;

    Node(Member self) {
      this.self = self;
      this.core = new LeaseCore(self, rules, this::perform, now());
      tickLater();
    }

    private long now() {
      return (long) time.now();
    }

    private void tickLater() {
      time.after(
          LeaseCore.TICK,
          () ->
              net.whenAwake(
                  self,
                  () -> {
                    core.tick(now());
                    tickLater();
                  }));
    }

    void install(View view) {
      note(self.id() + " installs " + view.id() + view.members());
      if (view.id() >= core.view().id()) {
        core.install(view, now());
      }
    }

    void offer(String name) {
      if (offers.add(name)) {
        LeaseSpec spec = spec(name);
        specs.put(name, spec);
        core.register(name, spec, now());
      }
    }

    boolean agreesWith(Node other, String name) {
      return Objects.equals(specs.get(name), other.specs.get(name));
    }

    /** Something that a user or a failing task does. */
    void use(String name) {
      Token token = held.get(name);
      if (!offers.contains(name)) {
        offer(name);
      } else if (token != null && time.chance(0.7)) {
        held.remove(name);
        core.release(name, token, time.chance(0.5), now());
      } else {
        withdraw(name);
      }
    }

    void withdraw(String name) {
      held.remove(name);
      holders.remove(name);
      offers.remove(name);
      refused.remove(name);
      core.withdraw(name, now());
    }

    /** As the real shell says it: by the clock of the moment. */
    boolean isActive(String name) {
      return held.containsKey(name) && now() <= core.validUntil(quorum(name));
    }

    private void perform(Effect effect) {
      if (dead) {
        return;
      }
      if (effect instanceof Effect.Send send) {
        send(send);
      } else if (effect instanceof Effect.Begin begin) {
        note(self.id() + " begins " + begin.name() + " " + begin.token());
        held.put(begin.name(), begin.token());
        began(begin.name(), begin.token());
      } else if (effect instanceof Effect.End end) {
        note(self.id() + " ends " + end.name() + ": " + end.why());
        held.remove(end.name());
        ended(this, end);
      } else if (effect instanceof Effect.Holder holder) {
        holders.put(holder.name(), holder.holder());
        refused.remove(holder.name());
      } else if (effect instanceof Effect.Refuse refuse) {
        note(self.id() + " is refused " + refuse.name() + ": " + refuse.why());
        refused.add(refuse.name());
        holders.remove(refuse.name());
      } else if (effect instanceof Effect.Wake wake) {
        time.after((double) wake.delay(), () -> net.whenAwake(self, () -> core.tick(now())));
      }
    }

    private void send(Effect.Send send) {
      Node to = node(send.to());
      if (send.to().equals(LACKING) && sameSide(self, LACKING)) {
        net.send(self, LACKING, () -> net.send(LACKING, self, () -> lacks(LACKING)));
      }
      if (to == null || !sameSide(self, to.self)) {
        return;
      }
      if (traced
          && !(send.message() instanceof Message.Beat || send.message() instanceof Message.Heard)) {
        note(self.id() + " -> " + to.self.id() + " " + send.message());
      }
      net.send(
          self,
          to.self,
          () -> {
            if (!to.dead && (sameSide(self, to.self) || time.chance(0.5))) {
              to.core.received(self, send.message(), to.now());
            }
          });
    }

    private void lacks(Member member) {
      if (!dead) {
        core.missing(member, now());
      }
    }
  }

  /** Who was excluded while it stood still is cut off from the others until they meet again. */
  private boolean sameSide(Member one, Member other) {
    return sides.stream().anyMatch(side -> side.contains(one) && side.contains(other));
  }
}
