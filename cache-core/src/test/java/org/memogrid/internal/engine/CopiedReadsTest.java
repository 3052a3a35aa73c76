/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.infinispan.commands.VisitableCommand;
import org.infinispan.commands.read.GetKeyValueCommand;
import org.infinispan.context.InvocationContext;
import org.infinispan.factories.ComponentRegistry;
import org.infinispan.interceptors.AsyncInterceptorChain;
import org.infinispan.interceptors.BaseAsyncInterceptor;
import org.infinispan.partitionhandling.AvailabilityMode;
import org.infinispan.partitionhandling.impl.PartitionHandlingManager;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.CacheStats;
import org.memogrid.cache.Expiry;
import org.memogrid.cache.FencingToken;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Partitions;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Envelope.Version;
import org.memogrid.internal.store.Store;
import org.memogrid.testkit.Await;

/** Copies of what other members hold, on members of one JVM. */
final class CopiedReadsTest {
  private static final Duration AGE = Duration.ofSeconds(10);
  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final int KEYS = 60;
  private static final CacheOptions COPYING =
      CacheOptions.of(Mode.DISTRIBUTED).nearCache(1_000, AGE);

  private static LoopCluster cluster;

  @BeforeAll
  static void join() {
    cluster = new LoopCluster(new SerialCodec(), 3);
  }

  @AfterAll
  static void leave() {
    cluster.close();
  }

  /** A cache on all members, its handles. */
  private static List<Cache<Integer, Integer>> open(String name, CacheOptions options) {
    List<Cache<Integer, Integer>> caches = new ArrayList<>();
    for (int member = 0; member < 3; member++) {
      caches.add(cluster.caches(member).cache(name, options));
    }
    return caches;
  }

  /** Keys that the first member does not own. */
  private static List<Integer> foreign(Cache<Integer, ?> here, int count) {
    return IntStream.iterate(0, key -> key + 1)
        .filter(key -> !here.owners(key).contains(cluster.node(0).self()))
        .limit(count)
        .boxed()
        .toList();
  }

  private static boolean isNear(Cache<Integer, ?> cache, int key) {
    return cache.unwrap(Store.class).near(key) != null;
  }

  private static void copied(Cache<Integer, Integer> here, int key, Integer value) {
    assertThat(here.get(key)).isEqualTo(value);
    assertThat(isNear(here, key)).isTrue();
    assertThat(here.get(key)).isEqualTo(value);
  }

  /** Counts what reaches the engine of the first member. */
  private static AtomicInteger counting(Cache<?, ?> cache) {
    AtomicInteger commands = new AtomicInteger();
    ComponentRegistry.componentOf(
            cluster.node(0).engineCache(cache.name()), AsyncInterceptorChain.class)
        .addInterceptor(new NearReadsTest.Counting(commands), 0);
    return commands;
  }

  @Test
  void whatAnotherMemberHoldsIsReadFromACopyAfterTheFirstRead() {
    List<Cache<Integer, Integer>> caches = open("copied", COPYING);
    Cache<Integer, Integer> here = caches.get(0);
    List<Integer> keys = foreign(here, 20);
    keys.forEach(key -> caches.get(1).put(key, key));
    keys.forEach(key -> assertThat(isNear(here, key)).isFalse());
    keys.forEach(key -> copied(here, key, key));
    CacheStats before = here.stats();
    assertThat(before.hits()).isEqualTo(40);
    AtomicInteger commands = counting(here);
    long messages = cluster.messagesSentBy(0);
    for (int key : keys) {
      assertThat(here.get(key)).isEqualTo(key);
      assertThat(here.containsKey(key)).isTrue();
    }
    assertThat(here.getAll(keys)).hasSize(20);
    assertThat(commands).hasValue(0);
    // The members' own talk goes on meanwhile.
    assertThat(cluster.messagesSentBy(0) - messages).isLessThan(keys.size());
    assertThat(here.stats().hits()).isEqualTo(before.hits() + 40);
    assertThat(here.stats().misses()).isZero();
  }

  @Test
  void withoutTheOptionNothingIsCopied() {
    List<Cache<Integer, Integer>> caches = open("plain", CacheOptions.of(Mode.DISTRIBUTED));
    int key = foreign(caches.get(0), 1).get(0);
    caches.get(1).put(key, 1);
    assertThat(caches.get(0).get(key)).isEqualTo(1);
    assertThat(isNear(caches.get(0), key)).isFalse();
  }

  @Test
  void whatIsReadManyAtATimeIsCopiedToo() {
    List<Cache<Integer, Integer>> caches = open("many", COPYING);
    Cache<Integer, Integer> here = caches.get(0);
    List<Integer> keys = foreign(here, 200);
    keys.forEach(key -> caches.get(1).put(key, 1));
    assertThat(here.getAll(keys)).hasSize(200);
    keys.forEach(key -> assertThat(isNear(here, key)).isTrue());
    keys.forEach(key -> here.put(key, 2));
    assertThat(here.getAll(keys).values()).containsOnly(2);
  }

  @Test
  void anothersWriteIsSeenWhenTheCopyHasItsGreatestAge() {
    List<Cache<Integer, Integer>> caches = open("age", COPYING);
    Cache<Integer, Integer> here = caches.get(0);
    int key = foreign(here, 1).get(0);
    caches.get(1).put(key, 1);
    copied(here, key, 1);
    caches.get(1).put(key, 2);
    cluster.tick(AGE.minusMillis(1));
    assertThat(here.get(key)).isEqualTo(1); // else nothing would be shown here
    cluster.tick(Duration.ofMillis(1));
    copied(here, key, 2);
    caches.get(2).remove(key);
    cluster.tick(AGE);
    assertThat(here.get(key)).isNull();
  }

  @Test
  void thatThereIsNoEntryIsNotCopied() {
    List<Cache<Integer, Integer>> caches = open("absent", COPYING);
    Cache<Integer, Integer> here = caches.get(0);
    int key = foreign(here, 1).get(0);
    assertThat(here.get(key)).isNull();
    caches.get(1).put(key, 1);
    assertThat(here.get(key)).isEqualTo(1);
    caches.get(1).unwrap(Store.class).put(key, Envelope.tombstone(new Version(1, 1)));
    cluster.tick(AGE);
    assertThat(here.get(key)).isNull();
    assertThat(isNear(here, key)).isFalse();
  }

  @Test
  void whatAMemberOwnsIsNotOldForAMoment() {
    List<Cache<Integer, Integer>> caches = open("owned", COPYING);
    Cache<Integer, Integer> here = caches.get(0);
    List<Integer> foreign = foreign(here, 100);
    for (int key = 0; key < KEYS; key++) {
      if (!foreign.contains(key)) {
        caches.get(1).put(key, 1);
        assertThat(here.get(key)).isEqualTo(1);
        copied(here, key, 1);
        caches.get(1).put(key, 2);
        assertThat(here.get(key)).isEqualTo(2);
      }
    }
    NearInterceptor told = NearModule.interceptor(cluster.node(0).engineCache(here.name()));
    assertThat(requireNonNull(told.copies()).size()).isZero();
  }

  @Test
  void aMembersReadsSeeItsOwnWritesWhateverTheyAre() {
    List<Cache<Integer, Integer>> caches = open("own", COPYING);
    Cache<Integer, Integer> here = caches.get(0);
    int key = foreign(here, 1).get(0);
    FencingToken turn = new FencingToken("copies", 1, "a");
    Map<String, Consumer<Cache<Integer, Integer>>> toTwo = new LinkedHashMap<>();
    toTwo.put("put", cache -> cache.put(key, 2));
    toTwo.put("put with expiry", cache -> cache.put(key, 2, Expiry.ttl(AGE)));
    toTwo.put("putAll", cache -> cache.putAll(Map.of(key, 2, key + 1, 2, key + 2, 2)));
    toTwo.put("getAndPut", cache -> assertThat(cache.getAndPut(key, 2)).isEqualTo(1));
    toTwo.put("replace", cache -> assertThat(cache.replace(key, 2)).isEqualTo(1));
    toTwo.put("replace expected", cache -> assertThat(cache.replace(key, 1, 2)).isTrue());
    toTwo.put("update", cache -> cache.update(key, value -> value == null ? -1 : value + 1));
    toTwo.put("putFenced", cache -> cache.putFenced(key, 2, turn));
    toTwo.put("compute", cache -> cache.asMap().compute(key, (k, v) -> 2));
    toTwo.put("merge", cache -> cache.asMap().merge(key, 1, Integer::sum));
    toTwo.put("replaceAll", cache -> cache.asMap().replaceAll((k, v) -> 2));
    toTwo.forEach(
        (name, write) -> {
          here.put(key, 1);
          copied(here, key, 1);
          write.accept(here);
          assertThat(here.get(key)).as(name).isEqualTo(2);
        });
    Map<String, Consumer<Cache<Integer, Integer>>> toNothing = new LinkedHashMap<>();
    toNothing.put("remove", cache -> assertThat(cache.remove(key)).isEqualTo(1));
    toNothing.put("remove expected", cache -> assertThat(cache.remove(key, 1)).isTrue());
    toNothing.put("update to null", cache -> cache.update(key, value -> null));
    toNothing.put("clear", Cache::clear);
    toNothing.forEach(
        (name, write) -> {
          here.put(key, 1);
          copied(here, key, 1);
          write.accept(here);
          assertThat(here.get(key)).as(name).isNull();
        });
    here.put(key, 1);
    copied(here, key, 1);
    caches.get(1).remove(key);
    assertThat(here.putIfAbsent(key, 2)).isNull();
    assertThat(here.get(key)).as("putIfAbsent").isEqualTo(2);
  }

  /** 1. A read is answered 1. 2. This member writes 2. 3. The answer comes back to the reader. */
  @Test
  void whatAnOwnWriteOvertakesOnItsWayIsNotCopied() {
    List<Cache<Integer, Integer>> caches = open("overtaken", COPYING);
    Cache<Integer, Integer> here = caches.get(0);
    int key = foreign(here, 1).get(0);
    caches.get(1).put(key, 1);
    ExecutorService writer = Executors.newSingleThreadExecutor();
    try {
      ComponentRegistry.componentOf(
              cluster.node(0).engineCache(here.name()), AsyncInterceptorChain.class)
          .addInterceptor(new Returning(writer, () -> here.put(key, 2)), 0);
      assertThat(here.get(key)).isEqualTo(1);
      assertThat(here.get(key)).isEqualTo(2);
    } finally {
      writer.shutdownNow();
    }
  }

  /** Has the first read that returns wait for something. */
  private static final class Returning extends BaseAsyncInterceptor {
    private final ExecutorService threads;
    private final Runnable between;
    private final AtomicInteger reads = new AtomicInteger();

    Returning(ExecutorService threads, Runnable between) {
      this.threads = threads;
      this.between = between;
    }

    @Override
    public Object visitCommand(InvocationContext context, VisitableCommand command) {
      if (!(command instanceof GetKeyValueCommand)
          || !context.isOriginLocal()
          || reads.getAndIncrement() > 0) {
        return invokeNext(context, command);
      }
      return invokeNextThenApply(
          context,
          command,
          (c, read, found) -> {
            threads.submit(between).get(30, TimeUnit.SECONDS);
            return found;
          });
    }
  }

  @Test
  void whatIsDecidedByThePresentEntryAsksItsOwners() {
    List<Cache<Integer, Integer>> caches = open("decided", COPYING);
    Cache<Integer, Integer> here = caches.get(0);
    Map<String, Consumer<Cache<Integer, Integer>>> operations = new LinkedHashMap<>();
    int key = foreign(here, 1).get(0);
    List<Integer> decidedBy = new ArrayList<>();
    operations.put(
        "update",
        cache ->
            cache.update(
                key,
                n -> {
                  decidedBy.add(n);
                  return n + 1;
                }));
    operations.put("replace", cache -> assertThat(cache.replace(key, 1, 9)).isFalse());
    operations.put("replace present", cache -> assertThat(cache.replace(key, 2, 3)).isTrue());
    operations.put("remove present", cache -> assertThat(cache.remove(key, 2)).isTrue());
    operations.put("replace any", cache -> assertThat(cache.replace(key, 9)).isEqualTo(2));
    operations.put("remove", cache -> assertThat(cache.remove(key, 1)).isFalse());
    operations.put("remove any", cache -> assertThat(cache.remove(key)).isEqualTo(2));
    operations.put("putIfAbsent", cache -> assertThat(cache.putIfAbsent(key, 9)).isEqualTo(2));
    operations.put("getAndPut", cache -> assertThat(cache.getAndPut(key, 9)).isEqualTo(2));
    operations.put(
        "computeIfPresent",
        cache -> assertThat(cache.asMap().computeIfPresent(key, (k, n) -> n + 1)).isEqualTo(3));
    operations.put(
        "computeIfAbsent",
        cache -> assertThat(cache.asMap().computeIfAbsent(key, k -> 9)).isIn(1, 2));
    operations.forEach(
        (name, operation) -> {
          here.put(key, 1);
          copied(here, key, 1);
          caches.get(1).put(key, 2);
          assertThat(here.get(key)).as("%s: the copy", name).isEqualTo(1);
          operation.accept(here);
        });
    assertThat(decidedBy).containsExactly(2);
    here.put(key, 1);
    copied(here, key, 1);
    caches.get(1).remove(key);
    assertThat(here.update(key, n -> n == null ? 7 : -1)).isEqualTo(7);
    caches.get(1).remove(key);
    assertThat(here.putIfAbsent(key, 8)).isNull();
  }

  /** Copies are good for ever here, since time stands still: who was refused must read anew. */
  @Test
  void aLoopOfReadsAndReplacementsEndsAndLosesNoStep() throws Exception {
    List<Cache<Integer, Integer>> caches = open("loop", COPYING);
    int key = foreign(caches.get(0), 1).get(0);
    caches.get(0).put(key, 0);
    ExecutorService members = Executors.newFixedThreadPool(3);
    try {
      List<Future<?>> loops = new ArrayList<>();
      for (Cache<Integer, Integer> cache : caches) {
        loops.add(members.submit(() -> increment(cache, key, 50)));
      }
      for (Future<?> loop : loops) {
        loop.get(60, TimeUnit.SECONDS);
      }
    } finally {
      members.shutdownNow();
    }
    assertThat(caches.get(0).update(key, n -> n)).isEqualTo(150);
  }

  private static void increment(Cache<Integer, Integer> cache, int key, int times) {
    for (int done = 0; done < times && !Thread.currentThread().isInterrupted(); ) {
      Integer now = requireNonNull(cache.get(key));
      done += cache.replace(key, now, now + 1) ? 1 : 0;
    }
  }

  @Test
  void aReadThatFindsAnotherEntryTakesTheCopyAway() {
    List<Cache<Integer, Integer>> caches = open("news", COPYING);
    Cache<Integer, Integer> here = caches.get(0);
    int key = foreign(here, 1).get(0);
    here.put(key, 1);
    copied(here, key, 1);
    caches.get(1).put(key, 2);
    assertThat(here.replace(key, 1, 9)).isFalse(); // has read 2
    assertThat(here.get(key)).isEqualTo(2);
    caches.get(1).remove(key);
    assertThat(here.replace(key, 9)).isNull(); // has read nothing
    assertThat(here.get(key)).isNull();
  }

  @Test
  void aReadThatFailsLeavesNothingBehind() {
    List<Cache<Integer, Integer>> caches = open("fails", COPYING);
    Cache<Integer, Integer> here = caches.get(0);
    int key = foreign(here, 1).get(0);
    caches.get(1).put(key, 1);
    Failing failing = new Failing();
    org.infinispan.Cache<?, ?> cache = cluster.node(0).engineCache(here.name());
    ComponentRegistry.componentOf(cache, AsyncInterceptorChain.class).addInterceptor(failing, 0);
    assertThatThrownBy(() -> here.get(key)).isInstanceOf(CacheException.class);
    assertThatThrownBy(() -> here.getAll(List.of(key))).isInstanceOf(CacheException.class);
    failing.over = true;
    NearCopies<?, ?> copies = requireNonNull(NearModule.interceptor(cache).copies());
    assertThat(copies.places()).isZero();
    copied(here, key, 1);
  }

  private static final class Failing extends BaseAsyncInterceptor {
    volatile boolean over;

    @Override
    public Object visitCommand(InvocationContext context, VisitableCommand command) {
      if (!over) {
        throw new org.infinispan.commons.CacheException("no owner answers");
      }
      return invokeNext(context, command);
    }
  }

  @Test
  void aCopyIsNotReadAfterItsEntrysEnd() {
    List<Cache<Integer, Integer>> caches = open("over", COPYING);
    Cache<Integer, Integer> here = caches.get(0);
    int key = foreign(here, 1).get(0);
    caches.get(1).put(key, 1, Expiry.ttl(SECOND));
    copied(here, key, 1);
    cluster.tick(SECOND.minusMillis(2));
    assertThat(isNear(here, key)).isTrue();
    cluster.tick(Duration.ofMillis(2));
    assertThat(isNear(here, key)).isFalse();
    assertThat(here.get(key)).isNull();
  }

  @Test
  void readingACopyKeepsAnIdleEntry() {
    List<Cache<Integer, Integer>> caches = open("idle", COPYING.maxIdle(SECOND));
    Cache<Integer, Integer> here = caches.get(0);
    int key = foreign(here, 1).get(0);
    caches.get(1).put(key, 1);
    copied(here, key, 1);
    int near = 0;
    for (int i = 0; i < 40; i++) {
      cluster.tick(Duration.ofMillis(100));
      near += isNear(here, key) ? 1 : 0;
      assertThat(here.get(key)).as("read %s", i).isEqualTo(1);
      cluster.settle();
    }
    assertThat(near).as("reads of a copy").isGreaterThan(10);
    cluster.tick(SECOND.multipliedBy(2));
    assertThat(isNear(here, key)).isFalse();
    assertThat(here.get(key)).isNull();
  }

  @Test
  void thereAreNoMoreCopiesThanTheOptionSays() {
    List<Cache<Integer, Integer>> caches =
        open("few", CacheOptions.of(Mode.DISTRIBUTED).nearCache(10, AGE));
    Cache<Integer, Integer> here = caches.get(0);
    List<Integer> keys = foreign(here, 200);
    keys.forEach(key -> caches.get(1).put(key, 1));
    keys.forEach(key -> assertThat(here.get(key)).isEqualTo(1));
    assertThat(keys.stream().filter(key -> isNear(here, key)).count()).isBetween(1L, 10L);
    keys.forEach(key -> assertThat(here.get(key)).isEqualTo(1));
  }

  @Test
  void whenMembersComeOrGoThereIsNoCopyOfBefore() {
    try (LoopCluster changing = new LoopCluster(new SerialCodec(), 2)) {
      CacheOptions options = COPYING.owners(1);
      List<Cache<Integer, Integer>> caches = new ArrayList<>();
      for (int member = 0; member < 2; member++) {
        caches.add(changing.caches(member).cache("c", options));
      }
      for (int value = 1; value < 4; value++) {
        int now = value;
        putAll(caches.get(0), now);
        Await.untilAsserted("copies", () -> readAll(changing, caches, now));
        List<Cache<Integer, Integer>> before = List.copyOf(caches);
        caches.add(changing.join().caches().cache("c", options));
        Await.untilAsserted("none", () -> before.forEach(CopiedReadsTest::requireNoCopies));
      }
      putAll(caches.get(0), 4);
      Await.untilAsserted("copies", () -> readAll(changing, caches, 4));
      Cache<Integer, Integer> leaving = caches.remove(3);
      changing.leave(3);
      Await.untilAsserted("none", () -> caches.forEach(CopiedReadsTest::requireNoCopies));
      assertThat(leaving.unwrap(Store.class).near(0)).isNull();
      putAll(caches.get(0), 5);
      Await.untilAsserted("copies", () -> readAll(changing, caches, 5));
    }
  }

  private static void putAll(Cache<Integer, Integer> cache, int value) {
    for (int key = 0; key < KEYS; key++) {
      cache.put(key, value);
    }
  }

  private static void readAll(
      LoopCluster changing, List<Cache<Integer, Integer>> caches, int value) {
    for (int member = 0; member < caches.size(); member++) {
      Cache<Integer, Integer> cache = caches.get(member);
      for (int key = 0; key < KEYS; key++) {
        assertThat(cache.get(key)).isEqualTo(value);
        if (!cache.owners(key).contains(changing.node(member).self())) {
          assertThat(isNear(cache, key)).as("%s on %s", key, member).isTrue();
        }
      }
    }
  }

  private static void requireNoCopies(Cache<Integer, Integer> cache) {
    for (int key = 0; key < KEYS; key++) {
      assertThat(isNear(cache, key)).isFalse();
    }
  }

  @Test
  void aMemberThatMayNotAnswerReadsNoCopy() {
    try (LoopCluster consistent = new LoopCluster(new SerialCodec(), 3, Partitions.CONSISTENT)) {
      Cache<Integer, Integer> here = consistent.caches(0).cache("c", COPYING);
      Cache<Integer, Integer> other = consistent.caches(1).cache("c", COPYING);
      int key =
          IntStream.range(0, 1_000)
              .filter(each -> !here.owners(each).contains(consistent.node(0).self()))
              .findFirst()
              .orElseThrow();
      other.put(key, 1);
      copied(here, key, 1);
      PartitionHandlingManager partitions =
          ComponentRegistry.componentOf(
              here.unwrap(org.infinispan.Cache.class), PartitionHandlingManager.class);
      availability(partitions, AvailabilityMode.DEGRADED_MODE);
      assertThat(isNear(here, key)).isFalse();
      availability(partitions, AvailabilityMode.AVAILABLE);
      Await.untilAsserted("it may again", () -> assertThat(here.get(key)).isEqualTo(1));
    }
  }

  private static void availability(PartitionHandlingManager partitions, AvailabilityMode mode) {
    partitions
        .setAvailabilityMode(mode)
        .toCompletableFuture()
        .orTimeout(30, TimeUnit.SECONDS)
        .join();
  }

  @Test
  void aCacheThatIsGoneHasNoCopies() {
    List<Cache<Integer, Integer>> caches = open("gone", COPYING);
    Cache<Integer, Integer> here = caches.get(0);
    Cache<Integer, Integer> closed = cluster.caches(0).cache("gone", COPYING);
    int key = foreign(here, 1).get(0);
    caches.get(1).put(key, 1);
    copied(here, key, 1);
    Store store = here.unwrap(Store.class);
    closed.close();
    assertThatThrownBy(() -> closed.get(key)).isInstanceOf(IllegalStateException.class);
    assertThat(here.get(key)).isEqualTo(1);
    caches.get(1).destroy();
    assertThat(store.near(key)).isNull();
    assertThatThrownBy(() -> here.get(key)).isInstanceOf(IllegalStateException.class);
    assertThat(open("gone", COPYING).get(0).get(key)).isNull();
  }

  @Test
  void aMemberWithAnotherNearCacheIsRefused() {
    Cache<Integer, Integer> first = cluster.caches(0).cache("options", COPYING);
    for (CacheOptions other :
        List.of(
            CacheOptions.of(Mode.DISTRIBUTED),
            COPYING.nearCache(1_000, SECOND),
            COPYING.nearCache(999, AGE))) {
      assertThatThrownBy(() -> cluster.caches(1).cache("options", other))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("[DISTRIBUTED nearCache=1000/PT10S]")
          .hasMessageContaining("[" + other + "]");
    }
    Cache<Integer, Integer> attached = cluster.caches(1).cache("options");
    int key =
        IntStream.range(0, 1_000)
            .filter(each -> !attached.owners(each).contains(cluster.node(1).self()))
            .findFirst()
            .orElseThrow();
    first.put(key, 1);
    copied(attached, key, 1);
  }

  @Test
  void aHitAllocatesNothing() {
    List<Cache<Integer, Integer>> caches = open("bytes", COPYING.timeToLive(AGE.multipliedBy(6)));
    Cache<Integer, Integer> here = caches.get(0);
    Integer key = foreign(here, 1).get(0);
    caches.get(1).put(key, 1);
    copied(here, key, 1);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long least = Long.MAX_VALUE;
    int hits = 20_000;
    for (int round = 0; round < 10; round++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < hits; i++) {
        if (here.get(key) == null) {
          throw new AssertionError("a miss");
        }
      }
      least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
    }
    assertThat(least).as("bytes of %s hits", hits).isLessThan(hits / 10);
  }
}
