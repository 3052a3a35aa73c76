/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.ArrayList;
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

  private record Key(Tenure tenure, Object what) {}

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
      answer(by, () -> by.core.kept(keep.reign(), keep.batch(), "cut off"));
      return;
    }
    List<byte[]> writes = keep.writes().stream().map(KeptFormat::write).toList();
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
              writes.forEach(this::put);
              if (!refused) {
                answer(by, () -> by.core.kept(keep.reign(), keep.batch(), null));
              }
            }
          });
      partly(by, keep, writes, of, delay);
    }
    if (refused) {
      answer(by, () -> by.core.kept(keep.reign(), keep.batch(), "the disk refuses"));
    }
  }

  /** Some of a batch is there before the rest. */
  private void partly(SimMember by, Effect.Keep keep, List<byte[]> writes, int of, int delay) {
    List<byte[]> some = new ArrayList<>(writes);
    some.removeIf(each -> sim.time.chance(0.5));
    sim.time.after(
        sim.time.between(0, delay),
        () -> {
          if (of == life && !isOvertaken(by, keep)) {
            some.forEach(this::put);
          }
        });
  }

  private boolean isOvertaken(SimMember by, Effect.Keep keep) {
    Kept.Holders before = holders();
    return before != null
        && keep.writes().stream()
            .anyMatch(
                each ->
                    each instanceof Kept.Holders now
                        && !now.follows(before)
                        && by.rules.apply(Rule.FOLLOW_WHO_WAS_NAMED));
  }

  private void answer(SimMember to, Runnable event) {
    sim.time.after(sim.time.between(1, 9), () -> to.answered(event));
  }

  private void put(byte[] bytes) {
    Kept kept = KeptFormat.read(bytes);
    if (kept instanceof Kept.Holders) {
      entries.put(HOLDERS, bytes);
    } else if (kept instanceof Kept.Ended ended && !ended.lasts()) {
      entries.remove(key(ended));
    } else {
      entries.put(key((Kept.OfTenure) kept), bytes);
    }
  }

  private static Key key(Kept.OfTenure kept) {
    Object what = "head";
    if (kept instanceof Kept.Message message) {
      what = Origin.of(message.entry().letter);
    } else if (kept instanceof Kept.Ended ended) {
      what = ended.origin();
    } else if (kept instanceof Kept.Id id) {
      what = "id " + id.id();
    }
    return new Key(kept.tenure(), what);
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
