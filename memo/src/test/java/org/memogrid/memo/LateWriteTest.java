/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Member;

/**
 * A write of a home that takes place late. 1. A run ends and its home asks the store to write; 2.
 * members come or go, or all keys are invalidated, so another run is granted; 3. the first write
 * takes place; 4. the other run ends, and finds in the store what nobody had seen.
 */
class LateWriteTest {
  private static final Member SELF = new Member("a", "a#1");

  private final AtomicLong numbers = new AtomicLong();
  private final List<Effect> effects = new ArrayList<>();
  private final MemoCore core =
      new MemoCore(
          new MemoCore.Identity(SELF, "memo", true, numbers::incrementAndGet, 16),
          Rules.all(),
          runs -> "a cycle",
          effects::add);

  @BeforeEach
  void alone() {
    core.install(new Configuration(1, SELF, List.of(SELF), key -> SELF));
    due(Effect.AwaitSync.class);
    core.invalidate(null, "whoever forgets all");
    due(Effect.Invalidated.class);
    assertThat(core.epoch()).isEqualTo(1);
  }

  @Test
  void aResultOfAnEpochThatIsOverMakesWayForTheNewOne() {
    Effect.Write write = run();
    Stored late = new Stored("late", new Value("old", 0, 0), 0, 0);
    core.written(write.operation(), false, late);

    Effect.Write again = due(Effect.Write.class);
    assertThat(again.seen()).isEqualTo(late);
    assertThat(again.value().payload()).isEqualTo("new");
    core.written(again.operation(), true, null);
    assertThat(next(Effect.Start.class)).as("a run more").isNull();
    assertThat(core.leased()).isZero();
  }

  @Test
  void aResultOfTheSameEpochStands() {
    Effect.Write write = run();
    core.call("key", "another caller", List.of(), null);
    core.written(write.operation(), false, new Stored("late", new Value("also new", 0, 0), 1, 0));

    assertThat(next(Effect.Write.class)).isNull();
    assertThat(core.leased()).isZero();
  }

  /** A tombstone forbids the result, so whoever still waits has the function run again. */
  @Test
  void aTombstoneRefusesTheResult() {
    Effect.Write write = run();
    core.written(write.operation(), false, new Stored("tombstone", null, 1, 1));

    assertThat(next(Effect.Write.class)).isNull();
    assertThat(core.leased()).isZero();
  }

  /** Runs the function for one caller, to the write of its result. */
  private Effect.Write run() {
    core.call("key", "a caller", List.of(), null);
    Effect.Read read = due(Effect.Read.class);
    core.found(read.operation(), null);
    Effect.Start start = due(Effect.Start.class);
    core.returned(start.token(), new Value("new", 0, 0));
    return due(Effect.Write.class);
  }

  private <E extends Effect> E due(Class<E> kind) {
    E effect = next(kind);
    if (effect == null) {
      throw new AssertionError("no " + kind.getSimpleName());
    }
    return effect;
  }

  /** Carries messages to oneself until there is an effect of the kind; null if none comes. */
  private <E extends Effect> @Nullable E next(Class<E> kind) {
    while (!effects.isEmpty()) {
      Effect effect = effects.remove(0);
      if (effect instanceof Effect.Send send) {
        core.received(SELF, send.stamp(), send.message());
      } else if (kind.isInstance(effect)) {
        return kind.cast(effect);
      }
    }
    return null;
  }
}
