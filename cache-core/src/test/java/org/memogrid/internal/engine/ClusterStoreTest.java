/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Member;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Store;
import org.memogrid.internal.store.Versions;
import org.memogrid.testkit.Await;

/** The clustered store under the cache's policy, on three members of one JVM. */
final class ClusterStoreTest extends OnThreeMembers {
  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void whatOneMemberWritesAllOthersRead(Mode mode) {
    Cache<String, Integer> here = at(0, "put", mode);
    Cache<String, Integer> there = cluster.caches(1).cache("put-" + mode);
    assertThat(there.mode()).isEqualTo(mode);
    for (int i = 0; i < 50; i++) {
      here.put("k" + i, i);
    }
    for (int i = 0; i < 50; i++) {
      assertThat(there.get("k" + i)).isEqualTo(i);
    }
    assertThat(there.size()).isEqualTo(50);
    try (Stream<Map.Entry<String, Integer>> entries = there.entries()) {
      assertThat(entries.mapToInt(Map.Entry::getValue).sum()).isEqualTo(49 * 25);
    }
    assertThat(there.getAll(List.of("k1", "k2", "none"))).isEqualTo(Map.of("k1", 1, "k2", 2));
    there.putAll(Map.of("k1", -1, "k60", 60));
    assertThat(here.get("k1")).isEqualTo(-1);
    assertThat(here.getAndPut("k60", 61)).isEqualTo(60);
    assertThat(here.remove("k60")).isEqualTo(61);
    assertThat(here.containsKey("k60")).isFalse();
    there.clear();
    assertThat(here.size()).isZero();
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void conditionsCompareValuesWhereverTheEntryIs(Mode mode) {
    for (int i = 0; i < 6; i++) { // keys of every member
      String key = "k" + i;
      Cache<String, List<Integer>> here = at(0, "cas", mode);
      Cache<String, List<Integer>> there = at(1, "cas", mode);
      assertThat(here.putIfAbsent(key, List.of(1))).isNull();
      assertThat(there.putIfAbsent(key, List.of(2))).containsExactly(1);
      assertThat(there.replace(key, List.of(1), List.of(2))).isTrue();
      assertThat(here.replace(key, List.of(1), List.of(3))).isFalse();
      assertThat(here.replace(key, List.of(4))).containsExactly(2);
      assertThat(there.remove(key, List.of(2))).isFalse();
      assertThat(there.remove(key, List.of(4))).isTrue();
      assertThat(here.get(key)).isNull();
      assertThat(here.replace(key, List.of(5))).isNull();
      assertThat(here.get(key)).isNull();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void updatesOfAllMembersAtOnceAreAllCounted(Mode mode) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(3);
    try {
      List<Future<?>> all = new ArrayList<>();
      for (int member = 0; member < 3; member++) {
        Cache<String, Integer> cache = at(member, "count", mode);
        all.add(
            threads.submit(
                () -> {
                  for (int i = 0; i < 100; i++) {
                    cache.update("n", n -> n == null ? 1 : n + 1);
                  }
                }));
      }
      for (Future<?> each : all) {
        each.get();
      }
      assertThat(OnThreeMembers.<String, Integer>at(2, "count", mode).get("n")).isEqualTo(300);
    } finally {
      threads.shutdownNow();
    }
  }

  /** If each held its own keys while it waits for the others', none would go on. */
  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void allMembersMayWriteTheSameKeysAtOnce(Mode mode) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(3);
    try {
      Map<Integer, Integer> same =
          IntStream.range(0, 20).boxed().collect(Collectors.toMap(i -> i, i -> i));
      List<Future<?>> all = new ArrayList<>();
      for (int member = 0; member < 3; member++) {
        Cache<Integer, Integer> cache = at(member, "same", mode);
        all.add(
            threads.submit(
                () -> {
                  for (int round = 0; round < 20; round++) {
                    cache.putAll(same);
                  }
                }));
      }
      for (Future<?> each : all) {
        each.get();
      }
      assertThat(OnThreeMembers.<Integer, Integer>at(2, "same", mode).asMap()).isEqualTo(same);
    } finally {
      threads.shutdownNow();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void oneOfManyPutIfAbsentWins(Mode mode) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(3);
    try {
      for (int round = 0; round < 20; round++) {
        String key = "race" + round;
        CountDownLatch start = new CountDownLatch(1);
        List<Future<Integer>> answers = new ArrayList<>();
        for (int member = 0; member < 3; member++) {
          int mine = member;
          Cache<String, Integer> cache = at(member, "race", mode);
          Callable<Integer> attempt =
              () -> {
                start.await();
                Integer before = cache.putIfAbsent(key, mine);
                return before == null ? mine : before;
              };
          answers.add(threads.submit(attempt));
        }
        start.countDown();
        Set<Integer> winners = new HashSet<>();
        for (Future<Integer> answer : answers) {
          winners.add(answer.get());
        }
        assertThat(winners).hasSize(1);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  /**
   * 1. A member is killed while it sends a write: one owner has it, the one that orders the writes
   * has not, or the other way round. 2. Whoever reads the one and writes on condition is refused by
   * the other, for as long as he expects what he reads.
   */
  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void aWriteThatReachedOneOwnerAloneHoldsUpNobody(Mode mode) {
    CacheOptions options = CacheOptions.of(mode);
    Store any = cluster.node(0).stores().open("half-" + mode, options);
    Await.until("owners", () -> any.topology().owners("a").size() >= 2);
    Versions versions = new Versions();
    int keys = 0;
    for (Integer atHome : Arrays.asList(5, null)) {
      for (Integer atBackup : Arrays.asList(6, null)) {
        for (Change change : Change.values()) {
          String key = "k" + keys++;
          List<Member> owners = any.topology().owners(key);
          putAt(owners.get(0), "half", options, key, atHome, versions);
          putAt(owners.get(1), "half", options, key, atBackup, versions);
          Cache<String, Integer> cache = at(memberOf(owners.get(1)), "half", options);
          if (atBackup == null && change != Change.UPDATE) {
            continue; // nothing there to be changed
          }
          Integer expected =
              assertTimeoutPreemptively(
                      Duration.ofSeconds(20), () -> Optional.ofNullable(change.of(cache, key)))
                  .orElse(null);
          for (Member owner : owners) {
            assertThat(at(memberOf(owner), "half", options).get(key))
                .as("%s of %s where the home has %s, on %s", change, atBackup, atHome, owner)
                .isEqualTo(expected);
          }
        }
      }
    }
  }

  private static void putAt(
      Member member,
      String name,
      CacheOptions options,
      String key,
      @Nullable Integer value,
      Versions versions) {
    if (value != null) {
      cluster
          .node(memberOf(member))
          .stores()
          .open(name + "-" + options.mode(), options)
          .putLocal(key, Envelope.ofValue(versions.next(), value));
    }
  }

  /** A write on condition; gives what must be there afterwards. */
  private enum Change {
    UPDATE {
      @Override
      @Nullable Integer of(Cache<String, Integer> cache, String key) {
        return cache.update(key, n -> n == null ? 1 : n + 1);
      }
    },
    REPLACE {
      @Override
      @Nullable Integer of(Cache<String, Integer> cache, String key) {
        return cache.replace(key, 9) == null ? null : 9;
      }
    },
    REMOVE {
      @Override
      @Nullable Integer of(Cache<String, Integer> cache, String key) {
        return cache.update(key, n -> null);
      }
    };

    abstract @Nullable Integer of(Cache<String, Integer> cache, String key);
  }

  @Test
  void anAsyncPutArrives() {
    CacheOptions options = CacheOptions.of(Mode.REPLICATED).async();
    Cache<String, Integer> here = at(0, "async", options);
    Cache<String, Integer> there = at(1, "async", options);
    here.put("k", 1);
    Await.untilAsserted("the put", () -> assertThat(there.get("k")).isEqualTo(1));
  }

  @Test
  void aValueIsEncodedOnceAndDecodedOncePerMember() {
    Cache<String, List<Integer>> here = at(0, "once", Mode.REPLICATED);
    Cache<String, List<Integer>> there = at(1, "once", Mode.REPLICATED);
    int encodings = codec.encodings.get();
    here.put("k", new ArrayList<>(List.of(1)));
    assertThat(codec.encodings.get() - encodings).as("key and value").isEqualTo(2);
    int decodings = codec.decodings.get();
    List<Integer> first = there.get("k");
    assertThat(codec.decodings.get() - decodings).as("key and value").isLessThanOrEqualTo(2);
    assertThat(there.get("k")).isSameAs(first);
    assertThat(codec.decodings.get() - decodings).isLessThanOrEqualTo(2);
    assertThat(codec.encodings.get() - encodings).isEqualTo(2);
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void whatMayNotCrossIsRefusedBeforeAnythingChanges(Mode mode) {
    Cache<Object, Object> cache = at(0, "refused", mode);
    cache.put("k", "before");
    assertThatThrownBy(() -> cache.put("k", new Object()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("java.lang.Object");
    assertThat(cache.get("k")).isEqualTo("before");
    assertThatThrownBy(() -> cache.put(Thread.currentThread(), "v"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  @SuppressWarnings("NullAway") // what a caller without the checker may do
  void nullsAreRefusedByName() {
    Cache<String, Integer> cache = at(0, "null", Mode.REPLICATED);
    assertThatThrownBy(() -> cache.get(null)).hasMessage("key");
    assertThatThrownBy(() -> cache.put("k", null)).hasMessage("value");
    assertThatThrownBy(() -> cache.replace("k", null, 1)).hasMessage("expected");
    assertThatThrownBy(() -> cache.putIfAbsent(null, 1)).hasMessage("key");
    assertThat(cache.size()).isZero();
  }
}
