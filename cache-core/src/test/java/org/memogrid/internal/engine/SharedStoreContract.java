/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Partitions;

/** What members promise that share a cache and one place behind it, whatever that is. */
abstract class SharedStoreContract {
  static final int MEMBERS = 3;
  static final int ENTRIES = 60;

  final ExecutorService threads = Executors.newCachedThreadPool();
  LoopCluster cluster;

  /** The place, by a name. */
  abstract Persist persist();

  /** What a member has by that name. */
  abstract Resources named(int member);

  /** Has the place have entries, through the caches or not. */
  abstract void given(Map<Integer, Integer> entries, List<Cache<Integer, Integer>> caches);

  /** That is all that the place has. */
  abstract void assertKept(Map<Integer, Integer> entries) throws Exception;

  /** Whether the place refuses all that is asked of it from now on. */
  abstract void refuse(boolean refuses);

  /** What it says then. */
  abstract String refusal();

  /** The line that a member lacks which does not know the name. */
  abstract String lineToAdd();

  /** After an operation that ought to have asked for so many writes. */
  void afterOperation(int key, int writes, @Nullable Integer now) {}

  /** The caches after a round; maybe others. */
  List<Cache<Integer, Integer>> afterRound(
      List<Cache<Integer, Integer>> caches, CacheOptions options) {
    return caches;
  }

  @BeforeEach
  final void begin() {
    cluster = new LoopCluster(new SerialCodec(), MEMBERS, Partitions.CONSISTENT, this::named);
  }

  @AfterEach
  final void end() throws Exception {
    beforeEnd();
    cluster.close();
    threads.shutdownNow();
    afterEnd();
  }

  void beforeEnd() {}

  void afterEnd() throws Exception {}

  final CacheOptions options(Mode mode) {
    return CacheOptions.of(mode).persist(persist());
  }

  final List<Cache<Integer, Integer>> open(CacheOptions options) {
    return IntStream.range(0, MEMBERS)
        .<Cache<Integer, Integer>>mapToObj(i -> cluster.caches(i).cache("c", options))
        .collect(Collectors.toList());
  }

  static Map<Integer, Integer> numbered(int from, int to) {
    return IntStream.range(from, to).boxed().collect(Collectors.toMap(i -> i, i -> i));
  }

  /** Which member is the key's first owner, its second and so on. */
  final int memberOf(Cache<Integer, Integer> cache, int key, int owner) {
    String name = cache.owners(key).get(owner).name();
    return IntStream.range(0, MEMBERS)
        .filter(i -> cluster.node(i).self().name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  final boolean isOwner(Cache<Integer, Integer> cache, int key, int member) {
    String name = cluster.node(member).self().name();
    return cache.owners(key).stream().anyMatch(owner -> owner.name().equals(name));
  }

  final void refused(Runnable call) {
    assertThatThrownBy(call::run)
        .isInstanceOf(CacheException.class)
        .hasMessageContaining("'c'")
        .hasMessageContaining(refusal());
  }

  static void refused(CacheOptions options, Persist persist, String because) {
    assertThatThrownBy(() -> options.persist(persist))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(because);
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  final void everyOperationSeesWhatIsThereAndWhatItWritesIsKept(Mode mode) throws Exception {
    Map<Integer, Integer> expected = new HashMap<>(numbered(0, ENTRIES));
    List<Cache<Integer, Integer>> caches = open(options(mode));
    given(expected, caches);
    for (int round = 0; round < 2; round++) {
      for (int key = 0; key < ENTRIES; key++) {
        int writes = operate(caches.get((key + round) % MEMBERS), key, round, expected);
        afterOperation(key, writes, expected.get(key));
      }
      assertKept(expected);
      for (Cache<Integer, Integer> cache : caches) {
        assertThat(cache.getAll(numbered(0, ENTRIES + 3).keySet())).isEqualTo(expected);
        assertThat(cache.asMap()).isEqualTo(expected);
        assertThat(cache.size()).isEqualTo(expected.size());
      }
      caches = afterRound(caches, options(mode));
    }
  }

  /** One operation, chosen by the key; answers how many writes it ought to ask for. */
  private static int operate(
      Cache<Integer, Integer> cache, int key, int round, Map<Integer, Integer> expected) {
    @Nullable Integer now = expected.get(key);
    switch (key % 8) {
      case 0 -> {
        assertThat(cache.remove(key)).isEqualTo(now);
        expected.remove(key);
        return 1;
      }
      case 1 -> {
        assertThat(cache.replace(key, -100, 1)).isFalse();
        assertThat(cache.replace(key, requireNonNull(now), -key - round)).isTrue();
        expected.put(key, -key - round);
        return 1;
      }
      case 2 -> {
        assertThat(cache.putIfAbsent(key, 5_000)).isEqualTo(now);
        return 0;
      }
      case 3 -> {
        int next = requireNonNull(now) + 1;
        assertThat(cache.update(key, old -> requireNonNull(old) + 1)).isEqualTo(next);
        expected.put(key, next);
        return 1;
      }
      case 4 -> {
        assertThat(cache.getAndPut(key, 7 + round)).isEqualTo(now);
        expected.put(key, 7 + round);
        return 1;
      }
      case 5 -> {
        boolean isFive = Integer.valueOf(5).equals(now);
        assertThat(cache.remove(key, -100)).isFalse();
        assertThat(cache.remove(key, 5)).isEqualTo(isFive);
        expected.remove(key, 5);
        return isFive ? 1 : 0;
      }
      case 6 -> {
        cache.put(key, key * 100 + round);
        expected.put(key, key * 100 + round);
        return 1;
      }
      default -> {
        assertThat(cache.containsKey(key)).isTrue();
        assertThat(cache.get(key)).isEqualTo(now);
        return 0;
      }
    }
  }

  /** The backups would have done what the place then refuses. */
  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  final void whatThePlaceRefusesIsInNoMemory(Mode mode) throws Exception {
    Map<Integer, Integer> before = numbered(0, ENTRIES);
    List<Cache<Integer, Integer>> caches = open(options(mode));
    given(before, caches);
    caches.forEach(cache -> assertThat(cache.getAll(before.keySet())).isEqualTo(before));
    refuse(true);
    for (int i = 0; i < ENTRIES; i++) {
      int key = i;
      Cache<Integer, Integer> cache = caches.get(key % MEMBERS);
      switch (key % 4) {
        case 0 -> refused(() -> cache.put(key, -1));
        case 1 -> refused(() -> cache.remove(key));
        case 2 -> refused(() -> cache.replace(key, key, -1));
        default -> refused(() -> cache.getAndPut(key, -1));
      }
    }
    Map<Integer, Integer> other =
        before.keySet().stream().collect(Collectors.toMap(key -> key, key -> -key - 1));
    refused(() -> caches.get(0).putAll(other));
    for (int key = 0; key < ENTRIES; key++) {
      for (int member = 0; member < MEMBERS; member++) {
        if (isOwner(caches.get(0), key, member)) { // and has it in memory
          assertThat(caches.get(member).get(key)).as("key %s", key).isEqualTo(key);
        }
      }
    }
    refuse(false);
    caches.forEach(cache -> assertThat(cache.getAll(before.keySet())).isEqualTo(before));
    assertKept(before);
    List<Cache<Integer, Integer>> later = afterRound(caches, options(mode));
    later.get(1).put(1, -1);
    later.forEach(cache -> assertThat(cache.get(1)).isEqualTo(-1));
  }

  @Test
  final void whatWouldNotHoldIsRefused() {
    for (CacheOptions mode :
        List.of(CacheOptions.of(Mode.REPLICATED), CacheOptions.of(Mode.DISTRIBUTED))) {
      refused(mode.async(), persist(), "async");
      refused(mode.async(), persist().writeBehind(1, 1), "async");
      refused(mode, Persist.file(Path.of("files")).writeBehind(1, 1), "writeBehind");
      assertThatThrownBy(() -> mode.persist(persist()).async())
          .isInstanceOf(IllegalArgumentException.class);
    }
    refused(CacheOptions.of(Mode.INVALIDATED), persist(), "INVALIDATED");
    try (LoopCluster available = new LoopCluster(new SerialCodec(), 1)) {
      assertThatThrownBy(() -> available.caches(0).cache("c", options(Mode.REPLICATED)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("Partitions.CONSISTENT");
      assertThat(available.caches(0).names()).isEmpty();
    }
  }

  @Test
  final void aMemberThatLacksTheNameIsToldWhatToAdd() {
    try (LoopCluster half =
        new LoopCluster(
            new SerialCodec(),
            2,
            Partitions.CONSISTENT,
            member -> member == 0 ? named(0) : Resources.NONE)) {
      lacks(() -> half.caches(1).cache("c", options(Mode.REPLICATED)));
      assertThat(half.caches(0).names()).isEmpty();
      Cache<Integer, Integer> cache = half.caches(0).cache("c", options(Mode.REPLICATED));
      cache.put(1, 1);
      assertThat(cache.get(1)).isEqualTo(1);
      lacks(() -> half.caches(1).cache("c"));
      lacks(half::join);
      cache.put(2, 2);
      assertThat(cache.asMap()).isEqualTo(Map.of(1, 1, 2, 2));
    }
  }

  private void lacks(ThrowingCallable call) {
    assertThatThrownBy(call).isInstanceOf(CacheException.class).hasMessageContaining(lineToAdd());
  }
}
