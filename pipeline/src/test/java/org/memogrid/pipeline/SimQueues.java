/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/**
 * The queues of a pipeline's steps as their contract allows them to be: what is published comes in
 * and stays until it is acknowledged, ids come in once, and a message may be out twice.
 */
final class SimQueues {
  private final PipelineSim sim;
  private final Map<Long, Entry> entries = new LinkedHashMap<>();
  private final Set<String> ids = new HashSet<>();
  private final Map<String, Part> parts = new HashMap<>();
  private long last;

  /** A message and who has it. */
  static final class Entry {
    final long number;
    final StepDefinition step;
    final Envelope envelope;
    int attempt = 1;
    int hand;
    @Nullable Member holder;
    boolean dead;
    boolean endless;
    boolean redriven;

    Entry(long number, StepDefinition step, Envelope envelope) {
      this.number = number;
      this.step = step;
      this.envelope = envelope;
    }
  }

  /** What has come of an element, until it expires. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Part(byte[] value, double until) {}

  SimQueues(PipelineSim sim) {
    this.sim = sim;
  }

  /** What the member asks of a queue gets there, unless it dies meanwhile. */
  private void ask(Member by, Runnable effect) {
    boolean outlives = sim.time.chance(0.5);
    sim.time.after(
        sim.time.between(1, 10),
        () -> {
          if (sim.isUp(by) || outlives) {
            effect.run();
          }
        });
  }

  /**
   * @param pause before it is handed out
   */
  void publish(Member by, Act.Parcel parcel, int pause, Runnable done) {
    ask(
        by,
        () -> {
          String id = parcel.moveId();
          String known = parcel.to().name() + " " + id;
          if (id == null || ids.add(known)) {
            Entry entry = new Entry(++last, parcel.to(), parcel.envelope());
            entries.put(entry.number, entry);
            sim.checker.entered(parcel);
            sim.time.after(pause + sim.time.between(1, 10), () -> hand(entry));
          }
          sim.time.after(sim.time.between(1, 10), () -> sim.net.whenAwake(by, done));
        });
  }

  private void hand(Entry entry) {
    List<SimPipelineMember> workers = sim.members();
    if (entries.get(entry.number) != entry || entry.holder != null || entry.dead) {
      return;
    }
    if (workers.isEmpty()) {
      sim.time.after(20, () -> hand(entry));
      return;
    }
    SimPipelineMember to = sim.time.oneOf(workers);
    entry.holder = to.self;
    int hand = ++entry.hand;
    sim.time.after(
        sim.time.between(1, 5), () -> sim.net.whenAwake(to.self, () -> to.take(entry, hand)));
    if (sim.time.chance(sim.twice)) {
      // As when its member is taken for lost.
      sim.time.after(sim.time.between(1, 60), () -> back(entry, hand, 0));
    }
  }

  private void back(Entry entry, int hand, int pause) {
    if (entry.hand == hand && entry.holder != null) {
      entry.holder = null;
      entry.attempt++;
      sim.time.after(pause + sim.time.between(1, 10), () -> hand(entry));
    }
  }

  void lost(Member member) {
    for (Entry entry : List.copyOf(entries.values())) {
      if (member.equals(entry.holder)) {
        back(entry, entry.hand, 0);
      }
    }
  }

  void ack(Member by, Entry entry, int hand) {
    ask(
        by,
        () -> {
          if (entry.hand == hand && by.equals(entry.holder)) {
            entries.remove(entry.number);
          }
        });
  }

  void retry(Member by, Entry entry, int hand) {
    ask(by, () -> back(entry, hand, sim.time.between(1, 30)));
  }

  void bury(Member by, Entry entry, int hand) {
    ask(
        by,
        () -> {
          if (entry.hand == hand && by.equals(entry.holder)) {
            entry.holder = null;
            entry.dead = true;
          }
        });
  }

  /** All dead letters come again. */
  void redrive() {
    List<Death> deaths =
        entries.values().stream()
            .filter(e -> e.dead)
            .map(e -> new Death(e.envelope.id(), e.step.name(), e.number))
            .toList();
    sim.members().forEach(m -> m.feed(() -> m.core.revive(deaths)));
    for (Entry entry : entries.values()) {
      if (entry.dead) {
        entry.dead = false;
        entry.redriven = true;
        entry.attempt = 1;
        sim.time.after(sim.time.between(1, 10), () -> hand(entry));
      }
    }
  }

  /** What is left, but for steps that never end. */
  List<String> left() {
    return entries.values().stream()
        .filter(entry -> !entry.endless)
        .map(
            e ->
                e.envelope.id()
                    + " at "
                    + e.step.name()
                    + ", attempt "
                    + e.attempt
                    + (e.dead ? ", dead" : ", out on " + e.holder))
        .toList();
  }

  // ---- the parts of joins

  void store(Member by, Envelope part, Runnable done) {
    ask(
        by,
        () -> {
          byte[] value = part.value();
          double until = sim.time.now() + sim.definition.keepParts.toMillis();
          Part its = new Part(value == null ? new byte[0] : value, until);
          parts.put(part.group() + "#" + part.last().index(), its);
          sim.time.after(sim.time.between(1, 10), () -> sim.net.whenAwake(by, done));
        });
  }

  @Nullable List<byte @Nullable []> look(Envelope part) {
    List<byte @Nullable []> all = new ArrayList<>();
    for (int i = 0; i < part.last().count(); i++) {
      Part one = parts.get(part.group() + "#" + i);
      if (one == null || one.until <= sim.time.now()) {
        return null;
      }
      all.add(one.value);
    }
    return all;
  }
}
