/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.recovery;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.memogrid.testkit.sim.VirtualTime;

/**
 * The engine as the recovery sees it: layouts that a coordinator decides and sends, one change of
 * owners in four phases that each member confirms, and owners that are given a segment without
 * entries when nobody is left that has them. What a coordinator that dies has not delivered is
 * lost, and the next one numbers on from what is installed.
 */
final class SimEngine {
  private enum Phase {
    NO_REBALANCE,
    READ_OLD,
    READ_ALL,
    READ_NEW
  }

  /** A member may be down and not yet missed, and its slot have another life. */
  private record Joined(SimSlot slot, String life) {
    boolean isUp() {
      return slot.isAlive(life);
    }
  }

  /** A layout with the view that it was decided in, and what its receivers do with the rest. */
  record Sent(Layout layout, long view, List<String> viewed, boolean dropsOthers) {}

  private final RecoverySim sim;
  private final VirtualTime time;
  private final int segments;
  private final int owners;

  /** The oldest is the coordinator. */
  private final List<Joined> members = new ArrayList<>();

  private Phase phase = Phase.NO_REBALANCE;
  private List<List<String>> current = List.of();
  private List<List<String>> pending = List.of();
  private int topology;
  private Set<Joined> unconfirmed = new HashSet<>();

  /** Rises when a coordinator dies: what it had sent and was not delivered is lost. */
  private long reign;

  SimEngine(RecoverySim sim, VirtualTime time, int segments, int owners) {
    this.sim = sim;
    this.time = time;
    this.segments = segments;
    this.owners = owners;
  }

  private List<String> lives() {
    return members.stream().map(Joined::life).toList();
  }

  private List<List<String>> balanced() {
    List<String> lives = lives();
    List<List<String>> all = new ArrayList<>();
    for (int segment = 0; segment < segments; segment++) {
      List<String> each = new ArrayList<>();
      for (int i = 0; i < Math.min(owners, lives.size()); i++) {
        each.add(lives.get((segment + i) % lives.size()));
      }
      all.add(each);
    }
    return all;
  }

  private List<List<String>> union() {
    List<List<String>> all = new ArrayList<>();
    for (int segment = 0; segment < segments; segment++) {
      Set<String> each = new LinkedHashSet<>(current.get(segment));
      each.addAll(pending.get(segment));
      all.add(List.copyOf(each));
    }
    return all;
  }

  void join(SimSlot slot) {
    members.add(new Joined(slot, slot.life));
    if (members.size() == 1) {
      topology = 0;
      phase = Phase.NO_REBALANCE;
      current = balanced();
      send(new Layout(++topology, current, current), true);
    } else if (phase == Phase.NO_REBALANCE && unconfirmed.isEmpty()) {
      rebalance();
    }
  }

  /** Members are seen to be gone, together or one by one. */
  void gone(Set<String> dead) {
    if (lives().stream().noneMatch(dead::contains)) {
      return;
    }
    boolean coordinator = dead.contains(members.get(0).life);
    members.removeIf(each -> dead.contains(each.life));
    if (members.isEmpty()) {
      reign++;
      return;
    }
    if (phase == Phase.READ_ALL) {
      current = union();
    } else if (phase == Phase.READ_NEW) {
      current = pending;
    }
    if (coordinator) {
      reign++;
      takeOver();
    }
    phase = Phase.NO_REBALANCE;
    List<String> lives = lives();
    List<List<String>> left = new ArrayList<>();
    for (int segment = 0; segment < segments; segment++) {
      List<String> each = new ArrayList<>(current.get(segment));
      each.retainAll(lives);
      left.add(each.isEmpty() ? balanced().get(segment) : each);
    }
    current = left;
    send(new Layout(++topology, current, current), true);
  }

  /** A new coordinator knows what the living have installed. */
  private void takeOver() {
    Layout latest = null;
    for (Joined each : members) {
      Layout layout = each.isUp() ? each.slot.layout : null;
      if (layout != null && (latest == null || layout.topology() > latest.topology())) {
        latest = layout;
      }
    }
    if (latest == null) {
      topology = 0;
      current = balanced();
    } else {
      topology = latest.topology();
      current = latest.readers();
    }
  }

  private void rebalance() {
    pending = balanced();
    if (pending.equals(current)) {
      return;
    }
    phase = Phase.READ_OLD;
    send(new Layout(++topology, current, union()), false);
  }

  private void next() {
    switch (phase) {
      case READ_OLD -> {
        transfer();
        phase = Phase.READ_ALL;
        send(new Layout(++topology, union(), union()), false);
      }
      case READ_ALL -> {
        phase = Phase.READ_NEW;
        send(new Layout(++topology, pending, union()), false);
      }
      case READ_NEW -> {
        phase = Phase.NO_REBALANCE;
        current = pending;
        send(new Layout(++topology, current, current), true);
      }
      case NO_REBALANCE -> rebalance();
    }
  }

  private void transfer() {
    for (int segment = 0; segment < segments; segment++) {
      List<String> from = current.get(segment);
      for (Joined each : members) {
        if (pending.get(segment).contains(each.life) && !from.contains(each.life)) {
          SimSlot source = slot(from.get(0));
          each.slot.store().put(segment, SimSlot.copyOf(source.store().get(segment)));
        }
      }
    }
  }

  SimSlot slot(String life) {
    return members.stream()
        .filter(each -> each.life.equals(life))
        .map(Joined::slot)
        .findFirst()
        .orElseThrow();
  }

  /** Whether it is a member, and up. */
  boolean has(String life) {
    return members.stream().anyMatch(each -> each.life.equals(life) && each.isUp());
  }

  private void send(Layout layout, boolean dropsOthers) {
    Sent sent = new Sent(layout, sim.views(), sim.viewed(), dropsOthers);
    long sentIn = reign;
    unconfirmed = new HashSet<>(members);
    for (Joined each : members) {
      int delay = time.chance(0.7) ? time.between(0, 3) : time.between(0, 40);
      time.after(
          delay,
          () -> {
            if (reign == sentIn && each.isUp()) {
              each.slot.install(sent);
              confirm(each, layout.topology());
            }
          });
    }
  }

  private void confirm(Joined member, int confirmed) {
    if (confirmed == topology && unconfirmed.remove(member) && unconfirmed.isEmpty()) {
      long sentIn = reign;
      time.after(
          time.between(0, 5),
          () -> {
            boolean still = reign == sentIn && topology == confirmed && unconfirmed.isEmpty();
            if (still && members.stream().allMatch(Joined::isUp)) {
              next();
            }
          });
    }
  }
}
