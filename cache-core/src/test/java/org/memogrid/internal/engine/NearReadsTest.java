/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.infinispan.commands.VisitableCommand;
import org.infinispan.commands.write.WriteCommand;
import org.infinispan.context.InvocationContext;
import org.infinispan.factories.ComponentRegistry;
import org.infinispan.interceptors.AsyncInterceptorChain;
import org.infinispan.interceptors.BaseAsyncInterceptor;
import org.infinispan.partitionhandling.AvailabilityMode;
import org.infinispan.partitionhandling.impl.PartitionHandlingManager;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Expiry;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Member;
import org.memogrid.cluster.Partitions;
import org.memogrid.internal.cache.Caches;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Store;

/** What is read near, and when it no longer is, on members of one JVM. */
final class NearReadsTest {
  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final int KEYS = 60;

  private static LoopCluster cluster;

  @BeforeAll
  static void join() {
    cluster = new LoopCluster(new SerialCodec(), 3);
  }

  @AfterAll
  static void leave() {
    cluster.close();
  }

  private static Cache<Integer, Integer> at(int member, String name, CacheOptions options) {
    return cluster.caches(member).cache(name + options.mode(), options);
  }

  private static boolean isNear(Cache<Integer, ?> cache, int key) {
    Store store = cache.unwrap(Store.class);
    return store.near(key) != null || store.nearValue(key, 0) != null;
  }

  private static List<Integer> near(Cache<Integer, ?> cache) {
    List<Integer> keys = new ArrayList<>();
    for (int key = 0; key < KEYS; key++) {
      if (isNear(cache, key)) {
        keys.add(key);
      }
    }
    return keys;
  }

  private static List<Integer> values(Cache<Integer, ?> cache) {
    Store store = cache.unwrap(Store.class);
    return Stream.iterate(0, key -> key + 1)
        .limit(KEYS)
        .filter(key -> store.nearValue(key, 0) != null)
        .toList();
  }

  private static void fill(Cache<Integer, Integer> cache, int value) {
    for (int key = 0; key < KEYS; key++) {
      cache.put(key, value);
    }
  }

  private static void readAll(Cache<Integer, Integer> cache, @Nullable Integer value) {
    for (int key = 0; key < KEYS; key++) {
      assertThat(cache.get(key)).as("%s", key).isEqualTo(value);
    }
  }

  @ParameterizedTest
  @EnumSource(names = "LOCAL", mode = EnumSource.Mode.EXCLUDE)
  void whatAMemberHoldsIsNearFromItsFirstReadOn(Mode mode) {
    Cache<Integer, Integer> cache = at(0, "held", CacheOptions.of(mode));
    fill(cache, 1);
    assertThat(near(cache)).isEmpty();
    readAll(cache, 1);
    List<Integer> near = near(cache);
    if (mode == Mode.DISTRIBUTED) {
      Store store = cache.unwrap(Store.class);
      Member self = cluster.node(0).self();
      for (int key = 0; key < KEYS; key++) {
        assertThat(near.contains(key))
            .as("key %s", key)
            .isEqualTo(store.topology().owners(key).contains(self));
      }
    } else {
      assertThat(near).hasSize(KEYS);
    }
    long before = cluster.messagesSentBy(0);
    near.forEach(key -> assertThat(cache.get(key)).isEqualTo(1));
    // The members' own talk goes on meanwhile.
    assertThat(cluster.messagesSentBy(0) - before).isLessThan(near.size() / 2);
    assertThat(cache.stats().hits()).isEqualTo(KEYS + near.size());
  }

  @ParameterizedTest
  @EnumSource(names = "LOCAL", mode = EnumSource.Mode.EXCLUDE)
  void aChangeOnAnyMemberTakesTheCopiesAwayEverywhereBeforeItReturns(Mode mode) {
    List<Cache<Integer, Integer>> caches = new ArrayList<>();
    for (int member = 0; member < 3; member++) {
      caches.add(at(member, "change", CacheOptions.of(mode)));
    }
    boolean shared = mode != Mode.INVALIDATED;
    for (int writer = 0; writer < 3; writer++) {
      for (Cache<Integer, Integer> cache : caches) {
        if (!shared) {
          fill(cache, writer);
        }
      }
      fill(caches.get(writer), 10 + writer);
      for (Cache<Integer, Integer> cache : caches) {
        assertThat(near(cache)).isEmpty();
      }
      if (shared) {
        for (Cache<Integer, Integer> cache : caches) {
          readAll(cache, 10 + writer);
          assertThat(near(cache)).isNotEmpty();
          if (writer > 0) { // values in the place of copies
            readAll(cache, 10 + writer);
            assertThat(near(cache)).allMatch(key -> cache.unwrap(Store.class).near(key) == null);
          }
        }
      }
      Cache<Integer, Integer> remover = caches.get((writer + 1) % 3);
      assertThat(caches.get(writer).get(7)).isEqualTo(10 + writer);
      remover.remove(7);
      caches.forEach(cache -> assertThat(cache.get(7)).isNull());
      if (shared) {
        remover.put(8, 1);
        assertThat(remover.replace(8, 1, 2)).isTrue();
        caches.forEach(cache -> assertThat(cache.get(8)).isEqualTo(2));
        remover.update(8, value -> 3);
        caches.forEach(cache -> assertThat(cache.get(8)).isEqualTo(3));
      }
      remover.clear();
      caches.forEach(cache -> assertThat(near(cache)).isEmpty());
      caches.forEach(cache -> readAll(cache, null));
    }
  }

  /**
   * 1. A write has been told to the near map and has yet to change the entry. 2. The entry is read,
   * so that it could be copied again. 3. The write changes it.
   */
  @ParameterizedTest
  @EnumSource(names = "LOCAL", mode = EnumSource.Mode.EXCLUDE)
  void whileAChangeIsUnderWayThereIsNoCopyAndNoneIsTaken(Mode mode) {
    Cache<Integer, Integer> cache = at(0, "underWay", CacheOptions.of(mode));
    fill(cache, 1);
    readAll(cache, 1);
    int key = near(cache).get(0);
    Watching watching = new Watching(() -> isNear(cache, key), () -> cache.get(key));
    ComponentRegistry.componentOf(
            cache.unwrap(org.infinispan.Cache.class), AsyncInterceptorChain.class)
        .addInterceptorAfter(watching, NearInterceptor.class);
    List<Runnable> changes =
        List.of(
            () -> cache.put(key, 2),
            () -> cache.putAll(Map.of(key, 3)),
            () -> cache.update(key, value -> 4),
            () -> cache.remove(key),
            cache::clear);
    for (Runnable change : changes) {
      cache.put(key, 1);
      assertThat(cache.get(key)).isEqualTo(1);
      assertThat(isNear(cache, key)).isTrue();
      watching.seen.clear();
      change.run();
      assertThat(watching.seen).isNotEmpty().containsOnly(false);
    }
  }

  /** Stands between the near map's interceptor and the one that changes the container. */
  private static final class Watching extends BaseAsyncInterceptor {
    final Queue<Boolean> seen = new ConcurrentLinkedQueue<>();
    private final BooleanSupplier isNear;
    private final Supplier<?> read;

    Watching(BooleanSupplier isNear, Supplier<?> read) {
      this.isNear = isNear;
      this.read = read;
    }

    @Override
    public Object visitCommand(InvocationContext context, VisitableCommand command)
        throws Throwable {
      if (!(command instanceof WriteCommand)) {
        return invokeNext(context, command);
      }
      seen.add(isNear.getAsBoolean());
      var unused = read.get();
      seen.add(isNear.getAsBoolean());
      return invokeNextAndFinally(
          context, command, (c, done, result, failure) -> seen.add(isNear.getAsBoolean()));
    }
  }

  @ParameterizedTest
  @EnumSource(names = "LOCAL", mode = EnumSource.Mode.EXCLUDE)
  void whatIsOverIsNotReadNear(Mode mode) {
    Cache<Integer, Integer> cache = at(0, "over", CacheOptions.of(mode));
    for (int key = 0; key < KEYS; key++) {
      cache.put(key, 1, Expiry.ttl(SECOND));
    }
    readAll(cache, 1);
    readAll(cache, 1);
    assertThat(values(cache)).isNotEmpty();
    cluster.tick(SECOND.minusMillis(2));
    assertThat(values(cache)).isNotEmpty();
    cluster.tick(Duration.ofMillis(1)); // the last millisecond is the engine's
    readAll(cache, 1);
    cluster.tick(Duration.ofMillis(1));
    assertThat(near(cache)).isEmpty();
    readAll(cache, null);
  }

  @ParameterizedTest
  @EnumSource(names = "LOCAL", mode = EnumSource.Mode.EXCLUDE)
  void readingNearKeepsAnIdleEntry(Mode mode) {
    Cache<Integer, Integer> cache = at(0, "idle", CacheOptions.of(mode).maxIdle(SECOND));
    fill(cache, 1);
    readAll(cache, 1);
    assertThat(near(cache)).isNotEmpty();
    for (int i = 0; i < 12; i++) {
      cluster.tick(Duration.ofMillis(400));
      readAll(cache, 1);
      cluster.settle();
      readAll(cache, 1);
      readAll(cache, 1);
      assertThat(values(cache)).isNotEmpty();
      cluster.tick(Duration.ofMillis(249));
      assertThat(values(cache)).isNotEmpty();
      cluster.tick(Duration.ofMillis(1)); // its use is to be noted
      assertThat(values(cache)).isEmpty();
    }
    readAll(cache, 1);
    cluster.settle();
    readAll(cache, 1);
    readAll(cache, 1);
    assertThat(near(cache)).isNotEmpty();
    cluster.tick(SECOND.multipliedBy(2));
    assertThat(near(cache)).isEmpty();
    readAll(cache, null);
  }

  @ParameterizedTest
  @EnumSource(names = "LOCAL", mode = EnumSource.Mode.EXCLUDE)
  void copiesStayWithinTheCachesOwnLimitAndTheEngineSeesWhatIsRead(Mode mode) {
    CacheOptions options = CacheOptions.of(mode).maxEntries(100);
    Cache<Integer, Integer> cache = at(0, "limit", options);
    int hot = -1;
    cache.put(hot, 1);
    int lost = 0;
    for (int key = 0; key < 1_500; key++) {
      cluster.tick(Duration.ofMillis(150));
      if (cache.get(hot) == null) {
        lost++;
        cache.put(hot, 1);
      }
      cache.put(key, key);
      var unused = cache.get(key);
    }
    assertThat(lost).as("losses of the entry that is read all the time").isLessThan(100);
    int near = 0;
    for (int key = -1; key < 1_500; key++) {
      var unused = isNear(cache, key); // the first in a period sends the read to the engine
      near += isNear(cache, key) ? 1 : 0;
    }
    assertThat(near).isBetween(1, 200);
  }

  @ParameterizedTest
  @EnumSource(names = "LOCAL", mode = EnumSource.Mode.EXCLUDE)
  void whoOwnsAnEntryNoLongerReadsNoCopyOfIt(Mode mode) {
    try (LoopCluster changing = new LoopCluster(new SerialCodec(), 2)) {
      List<Cache<Integer, Integer>> caches = new ArrayList<>();
      for (int member = 0; member < 2; member++) {
        caches.add(changing.caches(member).cache("c", mode));
      }
      fill(caches.get(0), 1);
      if (mode != Mode.INVALIDATED) {
        caches.forEach(cache -> readAll(cache, 1));
        caches.forEach(cache -> assertThat(near(cache)).hasSize(KEYS));
      }
      for (int value = 2; value < 5; value++) {
        caches.add(changing.join().caches().cache("c", mode));
        fill(caches.get(value), value);
        Integer here = value;
        if (mode == Mode.INVALIDATED) {
          caches.subList(0, value).forEach(cache -> readAll(cache, null));
        } else {
          caches.forEach(cache -> readAll(cache, here));
        }
      }
      changing.leave(1);
      caches.remove(1);
      fill(caches.get(0), 9);
      caches.subList(1, 4).forEach(cache -> readAll(cache, mode == Mode.INVALIDATED ? null : 9));
    }
  }

  @Test
  void aMemberThatMayNotAnswerDoesNotAnswerNear() {
    try (LoopCluster consistent = new LoopCluster(new SerialCodec(), 2, Partitions.CONSISTENT)) {
      Cache<Integer, Integer> cache = consistent.caches(0).cache("c", Mode.REPLICATED);
      cache.put(1, 1);
      assertThat(cache.get(1)).isEqualTo(1);
      assertThat(isNear(cache, 1)).isTrue();
      PartitionHandlingManager partitions =
          ComponentRegistry.componentOf(
              cache.unwrap(org.infinispan.Cache.class), PartitionHandlingManager.class);
      partitions
          .setAvailabilityMode(AvailabilityMode.DEGRADED_MODE)
          .toCompletableFuture()
          .orTimeout(30, TimeUnit.SECONDS)
          .join();
      assertThat(isNear(cache, 1)).isFalse();
      partitions
          .setAvailabilityMode(AvailabilityMode.AVAILABLE)
          .toCompletableFuture()
          .orTimeout(30, TimeUnit.SECONDS)
          .join();
      assertThat(cache.get(1)).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @EnumSource(names = "LOCAL", mode = EnumSource.Mode.EXCLUDE)
  void aCacheThatIsGoneHasNoCopies(Mode mode) {
    Cache<Integer, Integer> cache = at(0, "gone", CacheOptions.of(mode));
    Cache<Integer, Integer> closed = at(0, "gone", CacheOptions.of(mode));
    fill(cache, 1);
    readAll(cache, 1);
    Store store = cache.unwrap(Store.class);
    int key = near(cache).get(0);
    int value = near(cache).get(1);
    assertThat(cache.get(value)).isEqualTo(1);
    assertThat(store.nearValue(value, 0)).isNotNull();
    closed.close();
    assertThatThrownBy(() -> closed.get(key)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> closed.get(value)).isInstanceOf(IllegalStateException.class);
    assertThat(cache.get(value)).isEqualTo(1);
    at(1, "gone", CacheOptions.of(mode)).destroy();
    assertThat(store.near(key)).isNull();
    assertThat(store.nearValue(value, 0)).isNull();
    assertThatThrownBy(() -> cache.get(key)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aMemberThatLeftHasNoCopies() {
    try (LoopCluster leaving = new LoopCluster(new SerialCodec(), 1)) {
      Cache<Integer, Integer> cache = leaving.caches(0).cache("c", Mode.REPLICATED);
      cache.put(1, 1);
      assertThat(cache.get(1)).isEqualTo(1);
      Store store = cache.unwrap(Store.class);
      assertThat(store.near(1)).isNotNull();
      leaving.node(0).stores().close();
      assertThat(store.near(1)).isNull();
    }
  }

  @ParameterizedTest
  @EnumSource(names = "LOCAL", mode = EnumSource.Mode.EXCLUDE)
  void aHitAllocatesNothing(Mode mode) {
    Cache<Integer, Integer> cache =
        at(0, "bytes", CacheOptions.of(mode).timeToLive(SECOND.multipliedBy(60)));
    fill(cache, 1);
    readAll(cache, 1);
    List<Integer> near = near(cache);
    assertHitsAllocateNothing(cache, near.get(0));
  }

  @ParameterizedTest
  @EnumSource(names = "LOCAL", mode = EnumSource.Mode.EXCLUDE)
  void aHitOnWhatNothingEndsAllocatesNothingAndTouchesNoEntry(Mode mode) {
    Cache<Integer, Integer> cache = at(0, "forEver", CacheOptions.of(mode));
    fill(cache, 1);
    readAll(cache, 1);
    Integer key = near(cache).get(0);
    assertHitsAllocateNothing(cache, key);
    Store store = cache.unwrap(Store.class);
    assertThat(store.nearValue(key, 0)).isEqualTo(1);
    assertThat(store.near(key)).isNull();
    assertThat(cache.containsKey(key)).isTrue();
    assertThat(cache.getAll(List.of(key))).isEqualTo(Map.of(key, 1));
  }

  @ParameterizedTest
  @EnumSource(names = "LOCAL", mode = EnumSource.Mode.EXCLUDE)
  void theValueOfWhatMustBeSeenInUseIsNotKept(Mode mode) {
    Map<String, CacheOptions> noted = Map.of("goes", CacheOptions.of(mode).maxEntries(KEYS));
    noted.forEach(
        (name, options) -> {
          Cache<Integer, Integer> cache = at(0, name, options);
          fill(cache, 1);
          for (int time = 0; time < 4; time++) {
            readAll(cache, 1);
          }
          Store store = cache.unwrap(Store.class);
          for (int key = 0; key < KEYS; key++) {
            assertThat(store.nearValue(key, 0)).isNull();
          }
        });
  }

  @Test
  void whatIsNearIsAlsoNearForContainsKeyAndGetAll() {
    Cache<Integer, Integer> cache = at(0, "asked", CacheOptions.of(Mode.REPLICATED));
    fill(cache, 1);
    readAll(cache, 1);
    AtomicInteger commands = new AtomicInteger();
    ComponentRegistry.componentOf(
            cluster.node(0).engineCache(cache.name()), AsyncInterceptorChain.class)
        .addInterceptor(new Counting(commands), 0);
    assertThat(cache.containsKey(1)).isTrue();
    assertThat(cache.getAll(List.of(1, 2, 3))).isEqualTo(Map.of(1, 1, 2, 1, 3, 1));
    assertThat(commands).hasValue(0);
    assertThat(cache.getAll(List.of(1, -1))).isEqualTo(Map.of(1, 1));
    assertThat(commands).hasPositiveValue();
  }

  /** Counts what reaches the engine. */
  static final class Counting extends BaseAsyncInterceptor {
    private final AtomicInteger commands;

    Counting(AtomicInteger commands) {
      this.commands = commands;
    }

    @Override
    public Object visitCommand(InvocationContext context, VisitableCommand command) {
      commands.incrementAndGet();
      return invokeNext(context, command);
    }
  }

  @Test
  void aHitAllocatesNothingInOneProcess() {
    ScheduledExecutorService threads = Executors.newScheduledThreadPool(1);
    LocalStores stores = new LocalStores(new Member("a", "1"), new Ticks(), threads);
    try {
      Cache<Integer, Integer> cache =
          new Caches(stores, Mode.LOCAL, new SerialCodec(), new Ticks(), threads, threads)
              .cache("c", CacheOptions.of(Mode.LOCAL).timeToLive(SECOND));
      cache.put(1, 1);
      assertHitsAllocateNothing(cache, 1);
    } finally {
      stores.close();
      threads.shutdownNow();
    }
  }

  @Test
  void inOneProcessAValueIsFoundAsLongAsItsEntryIsThere() {
    ScheduledExecutorService threads = Executors.newScheduledThreadPool(1);
    LocalStores stores = new LocalStores(new Member("a", "1"), new Ticks(), threads);
    try {
      Cache<Integer, Integer> cache =
          new Caches(stores, Mode.LOCAL, new SerialCodec(), new Ticks(), threads, threads)
              .cache("c", CacheOptions.of(Mode.LOCAL));
      Store store = cache.unwrap(Store.class);
      List<Runnable> changes =
          List.of(
              () -> cache.put(1, 2),
              () -> cache.remove(1),
              cache::clear,
              () -> cache.update(1, value -> 3));
      for (Runnable change : changes) {
        cache.put(1, 1);
        Envelope found = requireNonNull(store.near(1));
        store.keepValue(1, found, "value", 5);
        assertThat(store.nearValue(1, 5)).isEqualTo("value");
        assertThat(store.nearValue(1, 4)).isNull();
        assertThat(store.nearValue(1, 6)).isNull();
        change.run();
        assertThat(store.nearValue(1, 5)).isNull();
        store.keepValue(1, found, "late", 5);
        assertThat(store.nearValue(1, 5)).isNull();
      }
      cache.put(1, 1, Expiry.ttl(SECOND));
      store.keepValue(1, requireNonNull(store.near(1)), "mortal", 5);
      assertThat(store.nearValue(1, 5)).isNull();
      cache.put(1, 1);
      store.keepValue(1, requireNonNull(store.near(1)), "value", 5);
      stores.close();
      assertThat(store.nearValue(1, 5)).isNull();
    } finally {
      stores.close();
      threads.shutdownNow();
    }
  }

  private static void assertHitsAllocateNothing(Cache<Integer, Integer> cache, Integer key) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long least = Long.MAX_VALUE;
    int hits = 20_000;
    for (int round = 0; round < 10; round++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < hits; i++) {
        if (cache.get(key) == null) {
          throw new AssertionError("a miss");
        }
      }
      least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
    }
    // A counter may grow a cell or a list of cells; not one byte per hit.
    assertThat(least).as("bytes of %s hits", hits).isLessThan(hits / 10);
  }
}
