/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheLoader;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.CacheWriter;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Partitions;
import org.memogrid.testkit.Await;

/** Members before data of the program's own that answers late. */
final class SlowSourceTest {
  private static final int MEMBERS = 3;
  private static final int KEYS = 3;
  private static final Duration LIMIT = Duration.ofSeconds(1);

  private final Slow data = new Slow();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final LoopCluster cluster =
      new LoopCluster(
          new SerialCodec(),
          MEMBERS,
          Partitions.CONSISTENT,
          member -> new Resources(Map.of(), Map.of("rows", Persist.with(data, data))));

  /** Answers for the keys that are held up when it is let to. */
  private static final class Slow
      implements CacheLoader<Integer, Integer>, CacheWriter<Integer, Integer> {
    final Map<Integer, Integer> rows = new ConcurrentHashMap<>();
    final List<String> calls = new CopyOnWriteArrayList<>();
    final Set<String> written = ConcurrentHashMap.newKeySet();
    final Set<Integer> heldUp = ConcurrentHashMap.newKeySet();
    final CountDownLatch goOn = new CountDownLatch(1);

    private void call(String what, Integer key) throws Exception {
      calls.add(what + " " + key);
      if (heldUp.contains(key) && !goOn.await(Await.LONG.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new IOException("nobody let it go on");
      }
    }

    @Override
    public @Nullable Integer load(Integer key) throws Exception {
      call("load", key);
      return rows.get(key);
    }

    @Override
    public void write(Integer key, Integer value) throws Exception {
      call("write", key);
      rows.put(key, value);
      written.add(key + "=" + value);
    }

    @Override
    public void delete(Integer key) throws Exception {
      call("delete", key);
      rows.remove(key);
    }
  }

  @AfterEach
  void stop() {
    data.goOn.countDown();
    threads.shutdownNow();
    cluster.close();
  }

  private List<Cache<Integer, Integer>> open(Mode mode, Persist persist) {
    CacheOptions options = CacheOptions.of(mode).persist(persist);
    return IntStream.range(0, MEMBERS)
        .<Cache<Integer, Integer>>mapToObj(i -> cluster.caches(i).cache("c", options))
        .toList();
  }

  private static Persist patient(Duration limit) {
    return Persist.with("rows").waitTimeout(limit);
  }

  /** On the member that orders the key and on others. */
  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void whoReadsIsToldInTimeAndWhatIsLoadedAtLastIsKept(Mode mode) throws Exception {
    List<Cache<Integer, Integer>> caches = open(mode, patient(LIMIT));
    List<Future<?>> told = new ArrayList<>();
    for (int i = 0; i < KEYS; i++) {
      int key = i;
      data.rows.put(key, key);
      data.heldUp.add(key);
      for (Cache<Integer, Integer> cache : caches) {
        told.add(told(key, () -> cache.get(key)));
        told.add(told(key, () -> cache.containsKey(key)));
        told.add(told(key, () -> cache.getAll(Set.of(key))));
      }
    }
    Integer other = KEYS;
    data.rows.put(other, other);
    assertThat(eventually(caches.get(0), other)).isEqualTo(other);
    for (Future<?> each : told) {
      each.get();
    }
    data.goOn.countDown();
    for (int key = 0; key < KEYS; key++) {
      for (Cache<Integer, Integer> cache : caches) {
        assertThat(eventually(cache, key)).isEqualTo(key);
      }
      assertThat(data.calls).containsOnlyOnce("load " + key);
    }
  }

  private Future<?> told(int key, Callable<?> call) {
    return threads.submit(
        () ->
            assertThatThrownBy(call::call)
                .isInstanceOf(CacheException.class)
                .hasMessageContaining("cache 'c'")
                .hasMessageContaining("key '" + key + "'")
                .hasMessageContaining(LIMIT.toString())
                .hasMessageContaining("loader and writer 'rows'")
                .hasMessageContaining(".waitTimeout(...)"));
  }

  /** Whoever is late for once, on a machine that is, asks again. */
  private static Integer eventually(Cache<Integer, Integer> cache, Integer key) {
    AtomicReference<@Nullable Integer> found = new AtomicReference<>();
    Await.untilAsserted(
        "the answer",
        () -> {
          found.set(cache.get(key));
          assertThat(found.get()).isNotNull();
        });
    return requireNonNull(found.get());
  }

  /** Behind a load that another began, with a load of its own, and while it is written. */
  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void whoWritesIsToldInTime(Mode mode) throws Exception {
    List<Cache<Integer, Integer>> caches = open(mode, patient(LIMIT));
    List<Future<?>> told = new ArrayList<>();
    for (int i = 0; i < KEYS; i++) {
      int read = i;
      int own = KEYS + i;
      int written = 2 * KEYS + i;
      data.heldUp.addAll(List.of(read, own, written));
      Cache<Integer, Integer> cache = caches.get(i);
      told.add(told(read, () -> cache.get(read)));
      told.add(told(own, () -> cache.putIfAbsent(own, 1)));
      told.add(told(written, () -> cache.getAndPut(written, 1)));
      int underWay = 3 * (i + 1);
      Await.until("all three", () -> data.calls.size() == underWay);
      for (int key : List.of(read, own, written)) {
        told.add(told(key, () -> cache.remove(key)));
        told.add(told(key, () -> cache.getAndPut(key, 2)));
        told.add(
            told(
                key,
                () -> {
                  cache.putAll(Map.of(key, 2));
                  return null;
                }));
      }
    }
    for (Future<?> each : told) {
      each.get();
    }
    data.goOn.countDown();
    for (int i = 2 * KEYS; i < 3 * KEYS; i++) {
      int written = i;
      // It was with the loader, which goes before the writer, or with the writer, and lands. What
      // came late to who orders the key, and was told in time all the same, may land behind it.
      Await.until("the landing", () -> data.written.contains(written + "=1"));
      Await.untilAsserted(
          "all members' agreement with the data",
          () ->
              assertThat(caches)
                  .allSatisfy(
                      cache -> assertThat(cache.get(written)).isEqualTo(data.rows.get(written))));
    }
    Await.untilAsserted(
        "a write after all",
        () -> {
          caches.get(0).put(0, 3);
          assertThat(caches.get(1).get(0)).isEqualTo(3);
          assertThat(data.rows).containsEntry(0, 3);
        });
  }

  /** A {@code putAll} waits for one member's lock: what the others order is written and free. */
  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void aBatchThatWaitsForAKeyOfOneMemberHoldsNoneOfOthers(Mode mode) throws Exception {
    List<Cache<Integer, Integer>> caches = open(mode, patient(Await.LONG));
    int late = 0;
    int other = 1;
    while (caches.get(0).owners(other).get(0).equals(caches.get(0).owners(late).get(0))) {
      other++;
    }
    int free = other;
    String home = caches.get(0).owners(free).get(0).name();
    Cache<Integer, Integer> own =
        IntStream.range(0, MEMBERS)
            .filter(i -> cluster.node(i).self().name().equals(home))
            .mapToObj(caches::get)
            .findFirst()
            .orElseThrow();
    data.heldUp.add(late);
    Future<@Nullable Integer> load = threads.submit(() -> caches.get(0).get(late));
    Await.until("the load", () -> data.calls.contains("load " + late));
    Future<?> batch = threads.submit(() -> own.putAll(Map.of(late, 1, free, 1)));
    Await.until("its other half", () -> data.rows.containsKey(free));
    threads.submit(() -> caches.get(0).put(free, 2)).get(30, TimeUnit.SECONDS);
    assertThat(batch.isDone()).isFalse();
    data.goOn.countDown();
    batch.get();
    assertThat(load.get()).isNull();
    assertThat(data.rows).isEqualTo(Map.of(late, 1, free, 2));
  }

  /** The limit is one of waiting, so who has more of it gets what the same loader answers. */
  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void aLoaderMayTakeAsLongAsItIsGiven(Mode mode) throws Exception {
    List<Cache<Integer, Integer>> caches = open(mode, patient(Await.LONG));
    data.rows.put(1, 1);
    data.heldUp.add(1);
    List<Future<@Nullable Integer>> reads =
        caches.stream().map(cache -> threads.submit(() -> cache.get(1))).toList();
    Await.until("the load", () -> data.calls.contains("load 1"));
    Future<@Nullable Integer> write = threads.submit(() -> caches.get(0).getAndPut(1, 2));
    data.goOn.countDown();
    for (Future<@Nullable Integer> read : reads) {
      assertThat(read.get()).isIn(1, 2);
    }
    assertThat(write.get()).isEqualTo(1);
    assertThat(data.rows).isEqualTo(Map.of(1, 2));
  }

  @Test
  void whatLimitsWhatIsRefused() {
    for (Duration wrong : List.of(Duration.ZERO, Duration.ofMillis(-1), Duration.ofDays(2))) {
      assertThatThrownBy(() -> patient(wrong))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(wrong.toString());
    }
    assertThatThrownBy(() -> Persist.jdbc("main", "rows").waitTimeout(LIMIT))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("leave it out");
    Cache<Integer, Integer> cache = open(Mode.REPLICATED, patient(LIMIT)).get(0);
    cache.put(1, 1);
    assertThatThrownBy(() -> open(Mode.REPLICATED, Persist.with("rows")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("waitTimeout=" + LIMIT);
  }
}
