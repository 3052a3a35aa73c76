/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The disk of a simulated durable queue: one for all members, that outlives them. It answers after
 * a while, refuses at times, and at times takes late what it has refused, or what a lost member
 * wrote. Who is cut off from the others has no part in it. Sweeping is up to chance: what is there
 * for longer does no harm.
 */
final class SimSpool {
  private static final Object HOLDERS = "holders";

  private final QueueSim sim;
  private final Map<Object, byte[]> entries = new LinkedHashMap<>();

  /** Rises when all members are lost: what they were writing is not written any more. */
  private int life;

  private double heldUntil;

  private record Key(Tenure tenure, long slot) {}

  SimSpool(QueueSim sim) {
    this.sim = sim;
  }

  /** All members are lost; the first that come back wait for others. */
  void allLost() {
    life++;
    heldUntil = sim.time.now() + sim.time.between(0, 900);
  }

  /** Its cluster is CONSISTENT: who is not with the others is refused. */
  private boolean isAway(SimMember by) {
    return !sim.views.has(by.self);
  }

  void write(SimMember by, Effect.Keep keep) {
    if (isAway(by)) {
      answer(by, () -> by.core.kept(keep.reign(), keep.number(), "cut off"));
      return;
    }
    byte[] holders = keep.holders() == null ? null : KeptFormat.write(keep.holders());
    byte[] batch = keep.batch() == null ? null : KeptFormat.write(keep.batch());
    boolean refused = sim.mayRefuse() && sim.time.chance(0.08);
    boolean late = refused && sim.time.chance(0.5);
    if (!refused || late) {
      int delay =
          late || sim.time.chance(0.05) ? sim.time.between(20, 900) : sim.time.between(1, 9);
      int of = life;
      sim.time.after(
          delay,
          () -> {
            if (of == life) {
              if (isOvertaken(by, keep)) {
                answer(by, () -> by.core.overtaken(keep.reign()));
                return;
              }
              put(holders);
              put(batch);
              if (!refused) {
                answer(by, () -> by.core.kept(keep.reign(), keep.number(), null));
              }
            }
          });
      partly(by, keep, holders, batch, of, delay);
    }
    if (refused) {
      answer(by, () -> by.core.kept(keep.reign(), keep.number(), "the disk refuses"));
    }
  }

  /** It is there before it says so, the holders first or alone. */
  private void partly(
      SimMember by,
      Effect.Keep keep,
      byte @Nullable [] holders,
      byte @Nullable [] batch,
      int of,
      int delay) {
    boolean both = sim.time.chance(0.5);
    sim.time.after(
        sim.time.between(0, delay),
        () -> {
          if (of == life && !isOvertaken(by, keep)) {
            put(holders);
            if (both) {
              put(batch);
            }
          }
        });
  }

  private boolean isOvertaken(SimMember by, Effect.Keep keep) {
    Kept.Holders before = holders();
    Kept.Holders now = keep.holders();
    return before != null
        && now != null
        && !now.follows(before)
        && by.rules.apply(Rule.FOLLOW_WHO_WAS_NAMED);
  }

  private void answer(SimMember to, Runnable event) {
    sim.time.after(sim.time.between(1, 9), () -> to.answered(event));
  }

  private void put(byte @Nullable [] bytes) {
    if (bytes != null) {
      Kept kept = KeptFormat.read(bytes);
      entries.put(
          kept instanceof Kept.Batch batch ? new Key(batch.tenure(), batch.slot()) : HOLDERS,
          bytes);
    }
  }

  /** Each is removed some time, or never. */
  void drop(Effect.Drop drop) {
    int of = life;
    for (long slot : drop.slots()) {
      if (sim.time.chance(0.7)) {
        sim.time.after(
            sim.time.between(1, 300),
            () -> {
              if (of == life) {
                entries.remove(new Key(drop.tenure(), slot));
              }
            });
      }
    }
  }

  private Kept.@Nullable Holders holders() {
    byte[] bytes = entries.get(HOLDERS);
    return bytes == null ? null : (Kept.Holders) KeptFormat.read(bytes);
  }

  /** Ids of those whose copies count. */
  Set<String> named() {
    Kept.Holders now = holders();
    return now == null ? Set.of() : now.members();
  }

  private boolean isHeld(SimMember by, Epoch epoch) {
    boolean held =
        isAway(by) || sim.time.now() < heldUntil || (sim.mayRefuse() && sim.time.chance(0.05));
    if (held) {
      answer(by, () -> by.core.notRead(epoch, "members are missing"));
    }
    return held;
  }

  void look(SimMember by, Effect.Look look) {
    if (!isHeld(by, look.epoch())) {
      sim.time.after(
          sim.time.between(0, 9),
          () -> {
            Kept.Holders now = holders();
            answer(by, () -> by.core.looked(look.epoch(), now));
          });
    }
  }

  void load(SimMember by, Effect.Load load) {
    if (!isHeld(by, load.epoch())) {
      sim.time.after(
          sim.time.between(0, 9),
          () -> {
            List<Kept> all = entries.values().stream().map(KeptFormat::read).toList();
            sim.note(by.self + " reads " + all);
            sim.checker.readsDisk();
            answer(by, () -> by.core.loaded(load.epoch(), all));
          });
    }
  }

  void sweep(Effect.Sweep sweep) {
    if (sim.time.chance(0.5)) {
      sim.time.after(
          sim.time.between(0, 100),
          () ->
              entries
                  .keySet()
                  .removeIf(key -> key instanceof Key of && sweep.head().isAfter(of.tenure())));
    }
  }
}
