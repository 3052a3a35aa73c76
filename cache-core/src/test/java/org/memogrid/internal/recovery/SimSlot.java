/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.recovery;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A member's place: its disk, which outlives its lives, and the life that it has now. */
final class SimSlot {
  static final int KEYS = 2;

  final String name;
  private final RecoverySim sim;

  /** On the disk: by life, segment and key. */
  Map<String, Map<Integer, Map<Integer, Integer>>> files = new HashMap<>();

  /** On the disk. */
  Roster roster;

  String life = "";
  boolean up;
  @Nullable Layout layout;
  @Nullable RecoveryCore core;
  boolean serves;
  long view;
  @Nullable String refused;
  @Nullable Announcement said;
  private int lives;

  SimSlot(String name, RecoverySim sim) {
    this.name = name;
    this.sim = sim;
    this.roster = Roster.empty(RecoverySim.SEGMENTS);
  }

  boolean isAlive(String then) {
    return up && life.equals(then);
  }

  void start(long bornAt, Rules rules) {
    Set<String> former = new HashSet<>(files.keySet());
    life = name + "#" + ++lives;
    up = true;
    layout = null;
    serves = false;
    refused = null;
    said = null;
    view = 0;
    files.put(life, new HashMap<>());
    String self = life;
    core =
        new RecoveryCore(
            self, former, roster, bornAt, rules, effect -> sim.effect(this, self, effect));
  }

  /** Nothing of its disk is lost. */
  void crash() {
    up = false;
    core = null;
    serves = false;
    layout = null;
  }

  void wipe() {
    files = new HashMap<>();
    roster = Roster.empty(RecoverySim.SEGMENTS);
  }

  Map<Integer, Map<Integer, Integer>> store() {
    return Objects.requireNonNull(files.get(life), life);
  }

  Map<Integer, Integer> segment(int segment) {
    return store().computeIfAbsent(segment, none -> new HashMap<>());
  }

  static Map<Integer, Integer> copyOf(@Nullable Map<Integer, Integer> entries) {
    return entries == null ? new HashMap<>() : new HashMap<>(entries);
  }

  void install(SimEngine.Sent sent) {
    if (core == null || (layout != null && layout.topology() >= sent.layout().topology())) {
      return;
    }
    sim.see(this, sent.view(), sent.viewed());
    sim.note(life + " installs " + sent.layout());
    core.onLayout(sent.layout());
    layout = sent.layout();
    for (int segment = 0; segment < RecoverySim.SEGMENTS; segment++) {
      List<String> writers = sent.layout().writers().get(segment);
      if (sent.dropsOthers() && !writers.contains(life)) {
        store().remove(segment);
      }
    }
  }
}
