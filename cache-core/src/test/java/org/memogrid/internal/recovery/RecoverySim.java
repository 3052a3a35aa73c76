/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.recovery;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
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
 * One simulated life of a persistent cache: members that write and read, are killed one by one, in
 * groups and all at once, and come back in any order, from one seed, over the production core.
 *
 * <p>Checked: each read answers what was confirmed last, or a later write that was not confirmed;
 * when all are there and it is calm, all serve; a member with entries that comes to strangers keeps
 * them.
 */
final class RecoverySim {
  static final int SEGMENTS = 4;
  private static final int BUSY = 4_000;
  private static final int CALM = 3_000;

  /** Who is there before the others, with nothing on its disk. */
  private static final String STRANGER = "stranger";

  final VirtualTime time;
  private final boolean traced;
  private final SimNet net;
  private final SimEngine engine;
  private final Set<Rule> off;
  private final List<SimSlot> slots = new ArrayList<>();

  /** In the order in which they came. */
  private final List<SimSlot> alive = new ArrayList<>();

  private final Map<Integer, Set<@Nullable Integer>> allowed = new HashMap<>();
  private final Set<String> violations = new TreeSet<>();
  private final Map<Rule, Long> decided = new EnumMap<>(Rule.class);
  private final StringBuilder chart = new StringBuilder();
  private final List<Rules> rules = new ArrayList<>();
  private final SimSlot stranger;
  private int written;
  private long views;
  private List<String> viewed = List.of();
  private boolean writing = true;
  long reads;
  long confirmed;

  RecoverySim(long seed, Set<Rule> off, boolean traced) {
    this.traced = traced;
    this.off = off;
    this.time = new VirtualTime(seed * 7919);
    this.net = new SimNet(time);
    int size = 2 + (int) (seed % 3);
    int owners = seed % 4 == 0 ? size : 1 + (int) (seed / 4 % 2);
    this.engine = new SimEngine(this, time, SEGMENTS, owners);
    for (int i = 0; i < size; i++) {
      slots.add(new SimSlot("n" + i, this));
    }
    this.stranger = new SimSlot(STRANGER, this);
    for (int key = 0; key < SEGMENTS * SimSlot.KEYS; key++) {
      allowed.put(key, new HashSet<>(Collections.singleton(null)));
    }
  }

  List<String> run() {
    for (SimSlot each : slots) {
      time.after(time.between(0, 200), () -> start(each));
    }
    for (int i = time.between(2, 8); i > 0; i--) {
      time.after(time.between(100, BUSY), this::fault);
    }
    for (int at = 0; at < BUSY; at += time.between(1, 8)) {
      time.after(at, this::operation);
    }
    time.after(BUSY + 200, this::startAll); // when the last are dead
    time.runUntil(BUSY + CALM);
    checkCalm("after the faults");
    strangers();
    rules.forEach(this::count);
    return List.copyOf(violations);
  }

  // ---- members that come and go

  private void start(SimSlot slot) {
    if (slot.up) {
      return;
    }
    Rules its = Rules.without(off);
    rules.add(its);
    slot.start((long) time.now() + 1, its);
    note(slot.life + " starts");
    alive.add(slot);
    changeView();
  }

  private void count(Rules its) {
    for (Rule rule : Rule.values()) {
      decided.merge(rule, its.decided(rule), Long::sum);
    }
  }

  private void startAll() {
    note("all come back");
    List<SimSlot> order = new ArrayList<>(slots);
    for (SimSlot each : order) {
      time.after(time.between(0, 300), () -> start(each));
    }
  }

  private void fault() {
    List<SimSlot> up = new ArrayList<>(alive);
    if (up.isEmpty()) {
      start(time.oneOf(slots));
      return;
    }
    int die = time.between(1, 10);
    Set<SimSlot> dead = new LinkedHashSet<>();
    if (die <= 3) {
      dead.addAll(up);
    } else {
      int many = die <= 7 ? 1 : time.between(1, up.size());
      for (int i = 0; i < many; i++) {
        dead.add(time.oneOf(up));
      }
    }
    if (time.chance(0.4)) { // not quite at once
      for (SimSlot each : dead) {
        time.after(time.between(0, 60), () -> kill(Set.of(each)));
      }
    } else {
      kill(dead);
    }
    for (SimSlot each : slots) {
      if (time.chance(0.7)) {
        time.after(time.between(100, 900), () -> start(each));
      }
    }
  }

  private void kill(Set<SimSlot> victims) {
    Set<SimSlot> dead = new LinkedHashSet<>(victims);
    dead.removeIf(each -> !each.up);
    if (dead.isEmpty()) {
      return;
    }
    note("killed: " + dead.stream().map(each -> each.life).toList());
    for (SimSlot each : dead) {
      net.crash(member(each.life));
      each.crash();
      alive.remove(each);
    }
    Set<String> lives = new HashSet<>();
    dead.forEach(each -> lives.add(each.life));
    time.after(time.between(10, 60), () -> seenGone(lives));
  }

  private void seenGone(Set<String> lives) {
    changeView();
    engine.gone(lives);
  }

  private void changeView() {
    viewed = alive.stream().map(each -> each.life).toList();
    long number = ++views;
    List<String> members = viewed;
    for (SimSlot each : List.copyOf(alive)) {
      String to = each.life;
      time.after(
          time.between(1, 10),
          () -> {
            if (each.isAlive(to)) {
              see(each, number, members);
            }
          });
    }
  }

  /** In order, and before what was decided in it. */
  void see(SimSlot slot, long number, List<String> members) {
    if (slot.view >= number) {
      return;
    }
    slot.view = number;
    core(slot).onView(members);
    Announcement said = slot.said;
    if (said != null) {
      tell(slot, said);
    }
  }

  private static RecoveryCore core(SimSlot slot) {
    return Objects.requireNonNull(slot.core, slot.name);
  }

  long views() {
    return views;
  }

  List<String> viewed() {
    return viewed;
  }

  // ---- what a core wants

  void effect(SimSlot slot, String life, Effect effect) {
    if (!slot.isAlive(life)) {
      return;
    }
    if (effect instanceof Effect.Write write) {
      slot.roster = write.roster();
    } else if (effect instanceof Effect.Announce announce) {
      slot.said = announce.announcement();
      tell(slot, announce.announcement());
    } else if (effect instanceof Effect.Start) {
      note(life + " joins");
      if (!slot.equals(stranger) && isFirstOfAnother(slot)) {
        time.after(
            0,
            () -> {
              kill(Set.of(slot));
              slot.wipe();
            });
        time.after(500, () -> start(slot));
        return;
      }
      later(slot, life, time.between(1, 20), () -> engine.join(slot));
    } else if (effect instanceof Effect.Refuse refuse) {
      note(life + " is refused by " + refuse.lineage());
      slot.refused = refuse.lineage();
      if (writing) { // somebody stops it, and starts it when the other is gone
        later(slot, life, 0, () -> kill(Set.of(slot)));
        time.after(500, () -> start(slot));
      }
    } else if (effect instanceof Effect.Serve serve) {
      note(life + (serve.on() ? " serves" : " holds"));
      slot.serves = serve.on();
    } else if (effect instanceof Effect.PutBack back) {
      note(life + " puts back " + back);
      later(slot, life, time.between(0, 10), () -> putBack(slot, life, back, 0));
    } else if (effect instanceof Effect.Forget) {
      slot.files.keySet().retainAll(Set.of(life));
    }
  }

  /** One without a past came before the others: somebody sees that and stops it. */
  private boolean isFirstOfAnother(SimSlot slot) {
    return slots.stream().anyMatch(each -> isOfAnother(each.roster, slot.roster));
  }

  private static boolean isOfAnother(Roster one, Roster other) {
    return !one.isEmpty() && !one.lineage().equals(other.lineage());
  }

  private void tell(SimSlot from, Announcement said) {
    for (SimSlot to : List.copyOf(alive)) {
      String life = to.life;
      if (!to.equals(from)) {
        net.send(
            member(from.life),
            member(life),
            () -> {
              if (to.isAlive(life)) {
                core(to).onHeard(said);
              }
            });
      }
    }
  }

  private void later(SimSlot slot, String life, int delay, Runnable action) {
    time.after(
        delay,
        () -> {
          if (slot.isAlive(life)) {
            action.run();
          }
        });
  }

  private void putBack(SimSlot slot, String life, Effect.PutBack back, int key) {
    if (key == SimSlot.KEYS) {
      core(slot).onPutBack(Map.of(back.segment(), back.attempt()));
      return;
    }
    int next = key;
    if (!back.life().isEmpty()) {
      Map<Integer, Map<Integer, Integer>> files = slot.files.get(back.life());
      @Nullable Integer value =
          files == null ? null : files.getOrDefault(back.segment(), Map.of()).get(key);
      if (value != null) {
        List<SimSlot> owners = owners(slot, back.segment());
        if (owners.isEmpty()) {
          later(slot, life, 5, () -> putBack(slot, life, back, next));
          return;
        }
        owners.forEach(each -> each.segment(back.segment()).putIfAbsent(next, value));
      }
    }
    later(slot, life, time.between(0, 15), () -> putBack(slot, life, back, next + 1));
  }

  /** All writers by the member's layout, if all are there and have the same one; else none. */
  private List<SimSlot> owners(SimSlot slot, int segment) {
    Layout layout = slot.layout;
    List<SimSlot> owners = new ArrayList<>();
    if (layout != null) {
      for (String life : layout.writers().get(segment)) {
        if (!has(life, layout)) {
          return List.of();
        }
        owners.add(engine.slot(life));
      }
    }
    return owners;
  }

  private boolean has(String life, Layout layout) {
    return engine.has(life) && layout.equals(engine.slot(life).layout);
  }

  // ---- users

  private void operation() {
    List<SimSlot> serving = alive.stream().filter(each -> each.serves).toList();
    if (serving.isEmpty()) {
      return;
    }
    SimSlot slot = time.oneOf(serving);
    int number = time.between(0, SEGMENTS * SimSlot.KEYS - 1);
    if (writing && time.chance(0.6)) {
      write(slot, number);
    } else {
      read(slot, number);
    }
  }

  private void write(SimSlot slot, int number) {
    @Nullable Integer value = time.chance(0.3) ? null : ++written;
    List<SimSlot> owners = owners(slot, number / SimSlot.KEYS);
    boolean all = !owners.isEmpty() && owners.stream().allMatch(each -> each.serves);
    if (all && time.chance(0.95)) {
      owners.forEach(each -> apply(each, number, value));
      allowed.put(number, new HashSet<>(Collections.singleton(value)));
      confirmed++;
      note(slot.life + " wrote " + number + "=" + value + " at " + names(owners));
      return;
    }
    // Interrupted: some have it.
    boolean some = false;
    for (SimSlot each : owners) {
      if (each.serves && time.chance(0.5)) {
        apply(each, number, value);
        some = true;
      }
    }
    if (some) {
      known(number).add(value);
    }
  }

  private Set<@Nullable Integer> known(int number) {
    return Objects.requireNonNull(allowed.get(number));
  }

  private static void apply(SimSlot slot, int number, @Nullable Integer value) {
    Map<Integer, Integer> segment = slot.segment(number / SimSlot.KEYS);
    if (value == null) {
      segment.remove(number % SimSlot.KEYS);
    } else {
      segment.put(number % SimSlot.KEYS, value);
    }
  }

  private void read(SimSlot slot, int number) {
    Layout layout = slot.layout;
    if (layout == null) {
      return;
    }
    String life = time.oneOf(layout.readers().get(number / SimSlot.KEYS));
    if (has(life, layout) && engine.slot(life).serves) {
      check(engine.slot(life), number, "read by " + slot.life);
    }
  }

  private void check(SimSlot owner, int number, String why) {
    reads++;
    @Nullable Integer value = owner.segment(number / SimSlot.KEYS).get(number % SimSlot.KEYS);
    if (!known(number).contains(value)) {
      String text = why + ": " + number + "=" + value + " at " + owner.life;
      note("WRONG: " + text + " instead of " + known(number));
      violations.add(text + " instead of " + known(number));
    }
  }

  private void checkCalm(String when) {
    for (SimSlot slot : slots) {
      if (!slot.serves) {
        violations.add(
            when
                + ": "
                + slot.life
                + " does not serve, misses "
                + (slot.up ? core(slot).missing() : "everything"));
        return;
      }
    }
    for (SimSlot slot : slots) {
      for (int number = 0; number < SEGMENTS * SimSlot.KEYS; number++) {
        Layout layout = slot.layout;
        if (layout != null && layout.readers().get(number / SimSlot.KEYS).contains(slot.life)) {
          check(slot, number, when);
        }
      }
    }
  }

  /** All are killed, and a member without a past comes first. */
  private void strangers() {
    if (!violations.isEmpty()) {
      return;
    }
    writing = false;
    kill(new LinkedHashSet<>(slots));
    step(200);
    start(stranger);
    step(200);
    slots.forEach(this::start);
    step(1_000);
    for (SimSlot each : slots) {
      if (each.refused == null) {
        violations.add(each.life + " was let in by a stranger");
      }
    }
    List<SimSlot> all = new ArrayList<>(slots);
    all.add(stranger);
    kill(new LinkedHashSet<>(all));
    step(200);
    stranger.wipe();
    slots.forEach(each -> time.after(time.between(0, 100), () -> start(each)));
    step(CALM);
    checkCalm("after the stranger");
  }

  private void step(int length) {
    double end = time.now() + length;
    time.at(end, () -> {});
    time.runUntil(end + 0.001);
  }

  // ---- telling

  private static List<String> names(List<SimSlot> slots) {
    return slots.stream().map(each -> each.life).toList();
  }

  private static Member member(String life) {
    return new Member(life, life);
  }

  List<String> violations() {
    return List.copyOf(violations);
  }

  long decided(Rule rule) {
    return decided.getOrDefault(rule, 0L);
  }

  void note(String line) {
    if (traced) {
      chart.append("%8.1f  %s%n".formatted(time.now(), line));
    }
  }

  String chart() {
    return chart.toString();
  }
}
