/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;
import org.memogrid.queue.QueueSim.Scenario;

/** What must hold of a simulated queue, whatever happened to it. */
final class QueueChecker {
  private final QueueSim sim;
  private final List<String> violations = new ArrayList<>();
  private final Map<Integer, Sent> sent = new TreeMap<>();
  private final Set<Member> suspects = new HashSet<>();
  private final Set<Integer> poisons = new HashSet<>();
  private final Map<Integer, Integer> killed = new HashMap<>();
  private final Map<String, Integer> lastOfKey = new HashMap<>();
  private final Map<Settling, Integer> settling = new HashMap<>();

  /** How many losses there had been when somebody reigned so. */
  private final Map<Epoch, Integer> reignedAfter = new HashMap<>();

  /** How often the disk had been read when somebody reigned so. */
  private final Map<Epoch, Integer> readBefore = new HashMap<>();

  private int reads;

  private boolean gaveBack;

  /** How often copies were lost that something may have been in alone. */
  private int losses;

  private int wholeLosses;
  private boolean healed;

  long begins;

  private record Held(Member by, Tag tag) {}

  private record Settling(Held what, boolean failed) {}

  /** What is known of one message. */
  private static final class Sent {
    final Member by;
    final @Nullable String key;
    final @Nullable String id;
    final boolean delayed;
    final boolean expires;
    boolean confirmed;
    boolean ended;
    int begun;
    int handled;
    int failed;

    /** How often a member had it that was lost. */
    int lost;

    /** Whether it was confirmed when all were lost. */
    boolean kept;

    /** Whether a consumer was told that it is known to be handled. */
    boolean over;

    /** Whether its producer did not know that it was held when copies were lost, and went on. */
    boolean atRisk;

    /** Whether that was so at any time. */
    boolean wasAtRisk;

    /** Failures that consumers were told are known. */
    int knownFailures;

    final Map<Member, Integer> running = new LinkedHashMap<>();
    final Map<Member, Epoch> reigns = new HashMap<>();

    Sent(Member by, Traits traits) {
      this.by = by;
      this.key = traits.orderingKey();
      this.id = traits.dedupeId();
      this.delayed = traits.notBefore() != 0;
      this.expires = traits.expiresAt() != 0;
    }
  }

  QueueChecker(QueueSim sim) {
    this.sim = sim;
  }

  private Sent of(int number) {
    return Objects.requireNonNull(sent.get(number));
  }

  List<String> violations() {
    return violations;
  }

  long messages() {
    return sent.size();
  }

  private void violation(String what) {
    sim.note("VIOLATION " + what);
    violations.add(sim.scenario + ": " + what);
  }

  // ---- faults

  void lost(Member member) {
    sent.values()
        .forEach(message -> message.lost += message.running.remove(member) == null ? 0 : 1);
  }

  /** All members. */
  void allLost() {
    losses++;
    wholeLosses++;
    for (Sent message : sent.values()) {
      message.kept = message.confirmed;
      if (message.atRisk) { // it may have come in again, and be there
        message.over = false;
        message.knownFailures = 0;
      }
      message.atRisk = false;
      message.running.clear();
    }
  }

  /** One, while others hold less than they should. */
  void moreLost() {
    losses++;
    for (Sent message : sent.values()) {
      message.atRisk |= !message.ended;
      message.wasAtRisk |= message.atRisk;
    }
  }

  /** What is on the disk goes on, whoever had what. */
  void readsDisk() {
    reads++;
  }

  void reigns(Epoch epoch) {
    reignedAfter.putIfAbsent(epoch, losses);
    readBefore.putIfAbsent(epoch, reads);
  }

  /** A consumer says what became of a message. */
  void settling(Member by, Tag tag, int number, boolean failed) {
    settling.put(new Settling(new Held(by, tag), failed), number);
  }

  /** The consumer hears that this is known. */
  void settled(Member by, Tag tag) {
    if (sim.spool == null || !suspects.isEmpty()) {
      return;
    }
    Held held = new Held(by, tag);
    if (reignedAfter.getOrDefault(tag.epoch(), -1) != losses) {
      return; // who handed it out is gone, with all that knew
    }
    if (readBefore.getOrDefault(tag.epoch(), -1) != reads) {
      return; // so is who was not named, and has read the disk: it is out under another tag
    }
    Integer handled = settling.remove(new Settling(held, false));
    if (handled != null) {
      of(handled).over = true;
    }
    Integer failed = settling.remove(new Settling(held, true));
    if (failed != null) {
      of(failed).knownFailures++;
    }
  }

  void suspected(Member member) {
    suspects.add(member);
  }

  /** What it works on goes to others, while it works on. */
  void gaveBack(Member member) {
    gaveBack = true;
    sent.values().forEach(message -> message.running.remove(member));
  }

  /** So many messages are waiting and out. */
  void size(long live) {
    int capacity = sim.traits.capacity();
    if (capacity > 0 && live > capacity && suspects.isEmpty() && losses == 0) {
      violation(live + " messages, and the queue takes " + capacity);
    }
  }

  void healed() {
    healed = true;
  }

  void poison(int number) {
    poisons.add(number);
  }

  boolean isPoison(int number) {
    return poisons.contains(number);
  }

  void poisoned(int number, SimMember by) {
    if (sim.member(by.self) == null || !of(number).running.containsKey(by.self)) {
      return;
    }
    int kills = killed.merge(number, 1, Integer::sum);
    if (kills > sim.settings.crashes()) {
      violation(number + " has killed " + kills + " members");
    }
    sim.crash(by.self);
    sim.joinLater(by.self);
  }

  void toldOfLoss(String what) {
    if (sim.scenario != Scenario.SUSPECT) {
      violation("told of a loss: " + what);
    }
  }

  // ---- producers

  void publishing(int number, Member by, Traits traits) {
    sent.put(number, new Sent(by, traits));
  }

  void published(int number, @Nullable String failure) {
    Sent message = of(number);
    if (message.ended) {
      violation(number + " is answered twice");
    }
    message.ended = true;
    message.confirmed = failure == null;
  }

  // ---- consumers

  void begun(int number, SimMember by, Packet.Delivery delivery) {
    begins++;
    Sent message = sent.get(number);
    if (message == null) {
      violation(number + " was never published");
      return;
    }
    message.begun++;
    if (delivery.attempt() > sim.settings.attempts()) {
      violation(number + " is tried for the " + delivery.attempt() + "th time");
    }
    durable(number, message, delivery);
    if (sim.scenario == Scenario.CALM
        && wholeLosses == 0
        && delivery.attempt() != 1 + message.failed) {
      violation(
          number
              + " is tried the "
              + delivery.attempt()
              + "th time, after "
              + message.failed
              + " failures");
    }
    if (suspects.isEmpty() && losses == 0) {
      saysWhatWas(number, message, delivery);
    }
    if (isReliable(by.self)) {
      oneOfId(number, message);
      for (Member other : message.running.keySet()) {
        boolean sameReign = delivery.tag().epoch().equals(message.reigns.get(other));
        if (isReliable(other) && sameReign) {
          violation(number + " runs on " + other + " and " + by.self);
        }
      }
      oneOfKey(number, message);
    }
    message.running.merge(by.self, 1, Integer::sum);
    message.reigns.put(by.self, delivery.tag().epoch());
    int out = sent.values().stream().mapToInt(m -> m.running.getOrDefault(by.self, 0)).sum();
    if (out > by.window() && suspects.isEmpty() && losses == 0) {
      violation(by.self + " has " + out + " of " + by.window());
    }
    if (sim.scenario == Scenario.DISPATCHER && message.begun > 1 && !gaveBack) {
      violation(number + " is begun again");
    }
  }

  /** What outlives all members. */
  private void durable(int number, Sent message, Packet.Delivery delivery) {
    if (sim.spool == null || !suspects.isEmpty()) {
      return;
    }
    if (message.over && message.atRisk) {
      message.over = false; // it has come in again
      message.knownFailures = 0;
    } else if (message.over) {
      violation(number + " is begun again, after its end was known");
    }
    if (delivery.attempt() <= message.knownFailures && !message.atRisk) {
      violation(
          number
              + " has failed "
              + message.knownFailures
              + " times, and this is attempt "
              + delivery.attempt());
    }
    if (message.kept && delivery.tag().hand() == 1) {
      violation(number + " comes from the disk and is not called redelivered");
    }
    String id = message.id;
    boolean unknown = !message.confirmed && sim.member(message.by) == null; // it may land late
    if (id != null && message.begun == 1 && !unknown) {
      sent.forEach(
          (other, its) -> {
            boolean known = its.over || (its.kept && its.begun > 0);
            if (other != number && id.equals(its.id) && known && !its.wasAtRisk) {
              violation(number + " is handed out, though " + other + " of id " + id + " was");
            }
          });
    }
  }

  private void saysWhatWas(int number, Sent message, Packet.Delivery delivery) {
    if (message.begun > 1 && delivery.tag().hand() == 1) {
      violation(number + " is begun again and not called redelivered");
    }
    if (delivery.attempt() <= message.lost) {
      violation(
          number + " was lost with " + message.lost + " members: attempt " + delivery.attempt());
    }
  }

  private boolean isReliable(Member member) {
    return !suspects.contains(member);
  }

  private void oneOfId(int number, Sent message) {
    String id = message.id;
    if (id == null || !suspects.isEmpty() || losses > 0) {
      return;
    }
    sent.forEach(
        (other, its) -> {
          if (other != number && id.equals(its.id) && its.begun > 0) {
            violation(number + " and " + other + " of id " + id + " are both handed out");
          }
        });
  }

  private void oneOfKey(int number, Sent message) {
    String key = message.key;
    if (key == null || !suspects.isEmpty()) {
      return;
    }
    sent.forEach(
        (other, its) -> {
          if (other != number && key.equals(its.key) && runs(its)) {
            violation(number + " and " + other + " of key " + key + " run at a time");
          }
        });
  }

  /** Whether somebody is at it, handed out by one whose copy is not lost with all that knew. */
  private boolean runs(Sent message) {
    return message.running.keySet().stream()
        .map(message.reigns::get)
        .anyMatch(reign -> reignedAfter.getOrDefault(reign, losses) == losses);
  }

  void ended(int number, SimMember by, boolean failed) {
    Sent message = of(number);
    message.running.computeIfPresent(by.self, (m, runs) -> runs == 1 ? null : runs - 1);
    if (failed) {
      message.failed++;
      return;
    }
    message.handled++;
    String key = message.key;
    if (sim.scenario == Scenario.CALM && wholeLosses == 0 && key != null && !message.delayed) {
      String line = key + " of " + message.by;
      Integer last = lastOfKey.put(line, number);
      if (last != null && last > number) {
        violation(number + " is handled after " + last + ", line " + line);
      }
    }
  }

  // ---- the end

  void atTheEnd(List<SimMember> members) {
    if (!healed || members.isEmpty()) {
      violation("the run did not come to its end");
      return;
    }
    List<SimMember> reigning = members.stream().filter(m -> m.core.isReigning()).toList();
    if (reigning.size() != 1) {
      violation(reigning.size() + " members reign: " + reigning.stream().map(m -> m.self).toList());
      return;
    }
    QueueState home = copy(reigning.get(0));
    Set<Integer> dead = new HashSet<>();
    if (home != null) {
      home.forEach(entry -> atTheEnd(entry, dead));
    }
    sent.forEach((number, message) -> atTheEnd(number, message, dead));
    copies(members, reigning.get(0));
  }

  private void atTheEnd(Entry entry, Set<Integer> dead) {
    int number = SimMember.number(entry.letter);
    if (entry.status != Entry.Status.DEAD) {
      violation(number + " is still there: " + entry);
      return;
    }
    dead.add(number);
    boolean mayDie =
        of(number).failed > 0
            || isPoison(number)
            || of(number).expires
            || sim.scenario == Scenario.CRASH
            || losses > 0
            || !suspects.isEmpty();
    if (!mayDie) {
      violation(number + " is a dead letter: " + entry.cause);
    }
  }

  private void atTheEnd(int number, Sent message, Set<Integer> dead) {
    if (message.confirmed && !isIn(number, message, dead)) {
      violation(number + " was confirmed and is lost");
    }
    if (!message.ended && sim.member(message.by) != null) {
      violation(number + " of " + message.by + " is not answered");
    }
  }

  /** Of those with its id one is enough. */
  private boolean isIn(int number, Sent message, Set<Integer> dead) {
    String id = message.id;
    if (id == null) {
      return message.handled > 0 || dead.contains(number);
    }
    return sent.entrySet().stream()
        .filter(other -> id.equals(other.getValue().id))
        .anyMatch(other -> other.getValue().handled > 0 || dead.contains(other.getKey()));
  }

  /** Home and backup hold the same, nobody else anything. */
  private void copies(List<SimMember> members, SimMember home) {
    List<Member> rank = Placement.rank(SimMember.QUEUE, sim.views.current().members());
    for (SimMember member : members) {
      QueueState copy = copy(member);
      int place = rank.indexOf(member.self);
      if (place > 1 && copy != null) {
        violation(member.self + " holds a copy, at place " + place);
      } else if (place == 1) {
        String its = copy == null ? "none" : text(copy);
        QueueState homes = copy(home);
        if (homes != null && !its.equals(text(homes))) {
          violation("copies differ: " + text(homes) + " at home, " + its);
        }
      }
    }
  }

  private static @Nullable QueueState copy(SimMember member) {
    return member.core.copy();
  }

  private static String text(QueueState state) {
    StringBuilder text = new StringBuilder();
    text.append(state.epoch()).append(' ').append(state.position()).append(' ');
    text.append(state.live()).append('/').append(state.dead()).append(' ');
    state.forEach(entry -> text.append(entry).append(", "));
    return text.toString();
  }
}
