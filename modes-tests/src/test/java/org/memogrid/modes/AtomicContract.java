/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.memogrid.testkit.Portable.op;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.Mode;

/** Operations that look and write in one step: for whom they are one step. */
interface AtomicContract extends Contract {
  int THREADS = 6;
  int ROUNDS = 8;

  /** The handles that an operation is atomic over: all members', or one's. */
  private List<Cache<String, Integer>> contenders(Caches<String, Integer> caches) {
    List<Cache<String, Integer>> contenders = new ArrayList<>();
    for (int i = 0; i < THREADS; i++) {
      contenders.add(shared() ? caches.turn(i) : caches.here());
    }
    return contenders;
  }

  @Test
  default void putIfAbsentHasOneWinner() {
    Caches<String, Integer> caches = caches();
    for (int round = 0; round < ROUNDS; round++) {
      String key = "k" + round;
      List<Callable<Optional<Integer>>> calls = new ArrayList<>();
      List<Cache<String, Integer>> contenders = contenders(caches);
      for (int i = 0; i < THREADS; i++) {
        int mine = i;
        calls.add(() -> Optional.ofNullable(contenders.get(mine).putIfAbsent(key, mine)));
      }
      List<Optional<Integer>> answers = Contract.together(calls);
      int winner = answers.indexOf(Optional.<Integer>empty());
      assertThat(answers).filteredOn(Optional::isEmpty).hasSize(1);
      assertThat(answers).filteredOn(Optional::isPresent).containsOnly(Optional.of(winner));
      assertThat(caches.here().get(key)).isEqualTo(winner);
    }
  }

  @Test
  default void aRemovalOfAValueHappensOnce() {
    Caches<String, Integer> caches = caches();
    for (int round = 0; round < ROUNDS; round++) {
      String key = "k" + round;
      caches.here().put(key, round);
      int value = round;
      List<Callable<Boolean>> calls = new ArrayList<>();
      contenders(caches).forEach(cache -> calls.add(() -> cache.remove(key, value)));
      assertThat(Contract.together(calls)).containsOnlyOnce(true);
    }
  }

  @Test
  default void replacingAnExpectedValueLosesNoStep() {
    Caches<String, Integer> caches = caches();
    caches.here().put("n", 0);
    List<Callable<Integer>> calls = new ArrayList<>();
    contenders(caches)
        .forEach(
            cache ->
                calls.add(
                    () -> {
                      for (int step = 0; step < ROUNDS; ) {
                        int seen = Objects.requireNonNull(cache.get("n"));
                        if (cache.replace("n", seen, seen + 1)) {
                          step++;
                        }
                      }
                      return 0;
                    }));
    assertThat(Contract.together(calls)).hasSize(THREADS);
    assertThat(caches.here().get("n")).isEqualTo(THREADS * ROUNDS);
  }

  @Test
  default void updatesLoseNoStep() {
    Caches<String, Integer> caches = caches();
    List<Callable<Integer>> calls = new ArrayList<>();
    contenders(caches)
        .forEach(
            cache ->
                calls.add(
                    () -> {
                      for (int step = 0; step < ROUNDS; step++) {
                        increment(cache);
                      }
                      return 0;
                    }));
    assertThat(Contract.together(calls)).hasSize(THREADS);
    assertThat(caches.here().get("n")).isEqualTo(THREADS * ROUNDS);
  }

  private static void increment(Cache<String, Integer> cache) {
    Integer now = cache.update("n", op(n -> n == null ? 1 : n + 1));
    assertThat(now).isNotNull();
  }

  @Test
  default void anUpdateToNullRemoves() {
    Caches<String, Integer> caches = caches();
    assertThat(caches.here().update("k", op(n -> null))).isNull();
    caches.here().put("k", 1);
    assertThat(caches.here().update("k", op(n -> null))).isNull();
    assertThat(caches.all()).allSatisfy(cache -> assertThat(cache.containsKey("k")).isFalse());
  }

  @Test
  default void concurrentWritesLeaveAllMembersWithOneValue() {
    assumeThat(shared()).isTrue();
    Caches<String, Integer> caches = caches();
    for (int round = 0; round < ROUNDS; round++) {
      String key = "k" + round;
      List<Callable<Integer>> calls = new ArrayList<>();
      List<Cache<String, Integer>> contenders = contenders(caches);
      IntStream.range(0, THREADS)
          .forEach(
              i ->
                  calls.add(
                      () -> {
                        contenders.get(i).put(key, i);
                        return i;
                      }));
      assertThat(Contract.together(calls)).hasSize(THREADS);
      Integer value = caches.here().get(key);
      assertThat(value).isNotNull();
      assertThat(caches.all()).allSatisfy(c -> assertThat(c.get(key)).isEqualTo(value));
    }
  }

  /** The weak side of INVALIDATED, held so that nobody relies on more. */
  @Test
  default void invalidatedIsAtomicOnOneMemberOnly() {
    assumeThat(mode()).isEqualTo(Mode.INVALIDATED);
    Caches<String, Integer> caches = caches();
    for (int i = 0; i < nodes(); i++) {
      assertThat(caches.all().get(i).putIfAbsent("k", i)).isNull();
    }
    assertThat(caches.there().putIfAbsent("k", 9)).isEqualTo(nodes() - 1);
  }
}
