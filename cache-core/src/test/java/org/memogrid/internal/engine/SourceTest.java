/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
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
import org.memogrid.cache.Expiry;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Member;
import org.memogrid.internal.cache.Caches;
import org.memogrid.internal.store.Loads;
import org.memogrid.testkit.Await;

/** A cache before data of the program's own, which are read by a loader and written by a writer. */
final class SourceTest {
  private static final Duration SECOND = Duration.ofSeconds(1);

  private final ScheduledExecutorService threads = Executors.newScheduledThreadPool(8);
  private final Ticks clock = new Ticks();
  private final Data data = new Data();
  private @Nullable MemberStores stores;
  private @Nullable Caches caches;

  /** A key and a value that no codec would take. */
  private record Name(String text) {}

  private record Price(Name name, Thread whatever) {
    static Price of(String name) {
      return new Price(new Name(name), Thread.currentThread());
    }
  }

  /** What the program keeps. */
  private static final class Data implements CacheLoader<Name, Price>, CacheWriter<Name, Price> {
    final Map<Name, Price> rows = new ConcurrentHashMap<>();
    final List<String> calls = new CopyOnWriteArrayList<>();
    volatile @Nullable Exception refusal;
    volatile @Nullable Expiry end;
    volatile CountDownLatch loading = new CountDownLatch(0);
    volatile CountDownLatch writing = new CountDownLatch(0);

    private void call(String what, CountDownLatch gate) throws Exception {
      calls.add(what);
      if (!gate.await(60, TimeUnit.SECONDS)) {
        throw new IOException("nobody opened the gate");
      }
      Exception now = refusal;
      if (now != null) {
        throw now;
      }
    }

    long count(String what) {
      return calls.stream().filter(what::equals).count();
    }

    @Override
    public @Nullable Price load(Name key) throws Exception {
      call("load " + key.text, loading);
      return rows.get(key);
    }

    @Override
    public @Nullable Expiry expiry(Name key, Price value) {
      return end;
    }

    @Override
    public void write(Name key, Price value) throws Exception {
      call("write " + key.text, writing);
      rows.put(key, value);
    }

    @Override
    public void delete(Name key) throws Exception {
      call("delete " + key.text, writing);
      rows.remove(key);
    }
  }

  private CacheOptions options() {
    return CacheOptions.of(Mode.LOCAL).persist(Persist.with(data, data));
  }

  private Cache<Name, Price> open(CacheOptions options) {
    if (caches == null) {
      Member self = new Member("alone", "1");
      SerialCodec codec = new SerialCodec();
      Executor caller = Runnable::run;
      stores =
          new MemberStores(
              new LocalStores(self, clock, threads),
              new DurableStores(
                  self,
                  codec,
                  clock,
                  threads,
                  new Resources(Map.of(), Map.of("rows", Persist.with(data, data)))),
              new TransactionalStores(
                  self,
                  codec,
                  clock,
                  threads,
                  new MemberTransactions(null, Timing.DEFAULT.lock())));
      caches = new Caches(stores, Mode.LOCAL, codec, clock, caller, caller);
    }
    return caches.cache("prices", options);
  }

  @AfterEach
  void end() {
    data.loading.countDown();
    data.writing.countDown();
    close();
    threads.shutdownNow();
  }

  private void close() {
    if (caches != null && stores != null) {
      caches.close();
      stores.close();
      caches = null;
    }
  }

  private static Name name(String text) {
    return new Name(text);
  }

  @Test
  void whoWaitsLongerThanTheLimitIsToldAndWhatIsReadAtLastIsKept() {
    Duration limit = Duration.ofMillis(200);
    Name name = new Name("late");
    data.rows.put(name, Price.of("late"));
    data.loading = new CountDownLatch(1);
    Cache<Name, Price> cache = open(options().persist(Persist.with(data, data).waitTimeout(limit)));
    for (ThrowingCallable read :
        List.<ThrowingCallable>of(() -> cache.get(name), () -> cache.getAll(List.of(name)))) {
      assertThatThrownBy(read)
          .isInstanceOf(CacheException.class)
          .hasMessageContaining("cache 'prices'")
          .hasMessageContaining("text=late")
          .hasMessageContaining(limit.toString())
          .hasMessageContaining(".waitTimeout(...)");
    }
    assertThatThrownBy(() -> cache.replace(name, Price.of("other")))
        .isInstanceOf(CacheException.class)
        .hasMessageContaining(limit.toString());
    data.loading.countDown();
    Await.untilAsserted(
        "the answer", () -> assertThat(cache.get(name)).isEqualTo(data.rows.get(name)));
    assertThat(data.count("load late")).isEqualTo(1);
  }

  @Test
  void whatIsWrittenIsWrittenThroughAndWhatIsMissedIsLoaded() {
    Cache<Name, Price> cache = open(options());
    Price tea = Price.of("tea");
    Price cup = Price.of("cup");
    cache.put(name("tea"), tea);
    assertThat(cache.putIfAbsent(name("tea"), cup)).isSameAs(tea);
    assertThat(cache.putIfAbsent(name("cup"), cup)).isNull();
    cache.putAll(Map.of(name("a"), Price.of("a"), name("b"), Price.of("b")));
    assertThat(cache.replace(name("a"), tea)).isNotNull();
    assertThat(cache.replace(name("none"), tea)).isNull();
    assertThat(cache.update(name("b"), old -> cup)).isSameAs(cup);
    assertThat(cache.remove(name("cup"))).isSameAs(cup);
    assertThat(cache.remove(name("a"), cup)).isFalse();
    assertThat(cache.remove(name("a"), tea)).isTrue();
    assertThat(data.rows).isEqualTo(Map.of(name("tea"), tea, name("b"), cup));
    data.rows.put(name("there"), tea);
    close();
    Cache<Name, Price> again = open(options());
    data.calls.clear();
    assertThat(again.size()).isZero();
    assertThat(again.get(name("tea"))).isSameAs(tea);
    assertThat(again.get(name("tea"))).isSameAs(tea);
    assertThat(again.containsKey(name("b"))).isTrue();
    assertThat(again.getAll(List.of(name("b"), name("there"), name("no"))))
        .isEqualTo(Map.of(name("b"), cup, name("there"), tea));
    assertThat(data.calls).containsExactlyInAnyOrder("load tea", "load b", "load there", "load no");
    assertThat(again.putIfAbsent(name("there"), cup)).isSameAs(tea);
    assertThat(again.size()).isEqualTo(3);
    again.destroy();
    assertThat(data.rows).hasSize(3);
  }

  /** In {@code LOCAL}, and in a shared mode that has nobody to share with. */
  @ParameterizedTest
  @EnumSource(names = {"LOCAL", "REPLICATED", "DISTRIBUTED"})
  void theSameIsFoundByItsName(Mode mode) {
    Price tea = Price.of("tea");
    data.rows.put(name("tea"), tea);
    Cache<Name, Price> cache = open(CacheOptions.of(mode).persist(Persist.with("rows")));
    assertThat(cache.get(name("tea"))).isSameAs(tea);
    cache.put(name("cup"), tea);
    assertThat(data.rows).containsKeys(name("tea"), name("cup"));
    assertThatThrownBy(
            () ->
                requireNonNull(caches)
                    .cache("other", CacheOptions.of(mode).persist(Persist.with("none"))))
        .isInstanceOf(CacheException.class)
        .hasMessageContaining("loader and writer 'none'")
        .hasMessageContaining(".loaderAndWriter(\"none\", ..., ...)");
  }

  @Test
  void ofSeveralReadsOfAKeyAtOnceOneLoads() throws Exception {
    data.rows.put(name("tea"), Price.of("tea"));
    Cache<Name, Price> cache = open(options());
    data.loading = new CountDownLatch(1);
    Set<Thread> readers = ConcurrentHashMap.newKeySet();
    List<Future<@Nullable Price>> reads = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      reads.add(
          threads.submit(
              () -> {
                readers.add(Thread.currentThread());
                return cache.get(name("tea"));
              }));
    }
    Await.until(
        "all wait",
        () ->
            readers.size() == 6
                && readers.stream().allMatch(r -> r.getState() == Thread.State.WAITING)
                && !data.calls.isEmpty());
    data.loading.countDown();
    for (Future<@Nullable Price> read : reads) {
      assertThat(read.get(60, TimeUnit.SECONDS)).isSameAs(data.rows.get(name("tea")));
    }
    assertThat(data.calls).containsExactly("load tea");
  }

  @Test
  void nothingIsNotRemembered() {
    Cache<Name, Price> cache = open(options());
    assertThat(cache.get(name("tea"))).isNull();
    data.rows.put(name("tea"), Price.of("tea"));
    assertThat(cache.get(name("tea"))).isNotNull();
  }

  @Test
  void aRefusedWriteIsNamedAndLeavesMemoryAsItWas() {
    Cache<Name, Price> cache = open(options());
    Price old = Price.of("old");
    cache.put(name("tea"), old);
    IOException no = new IOException("out of paper");
    data.refusal = no;
    Price other = Price.of("other");
    assertThatThrownBy(() -> cache.put(name("tea"), other))
        .isInstanceOf(CacheException.class)
        .hasMessageContaining("put on cache 'prices' was not written")
        .hasMessageContaining(Data.class.getName())
        .hasMessageContaining("tea")
        .hasMessageContaining("out of paper")
        .hasMessageContaining("memory is as it was")
        .hasRootCause(no);
    for (Runnable write :
        List.<Runnable>of(
            () -> cache.remove(name("tea")),
            () -> cache.replace(name("tea"), other),
            () -> cache.update(name("tea"), any -> other),
            () -> cache.putAll(Map.of(name("tea"), other, name("cup"), other)))) {
      assertThatThrownBy(write::run).isInstanceOf(CacheException.class).hasRootCause(no);
    }
    assertThat(cache.get(name("tea"))).isSameAs(old);
    data.refusal = null;
    assertThat(cache.get(name("cup"))).isNull();
    assertThat(cache.replace(name("tea"), old, other)).isTrue();
  }

  @Test
  void aFailedLoadIsNamedAndTheNextReadAsksAgain() {
    Cache<Name, Price> cache = open(options());
    IllegalStateException no = new IllegalStateException("no route");
    data.refusal = no;
    for (Callable<?> read :
        List.<Callable<?>>of(
            () -> cache.get(name("tea")),
            () -> cache.getAll(List.of(name("tea"), name("cup"))),
            () -> cache.putIfAbsent(name("tea"), Price.of("x")))) {
      assertThatThrownBy(read::call)
          .isInstanceOf(CacheException.class)
          .hasMessageContaining("on cache 'prices': the loader " + Data.class.getName())
          .hasMessageContaining("no route")
          .hasRootCause(no);
    }
    data.refusal = null;
    data.rows.put(name("tea"), Price.of("tea"));
    assertThat(cache.get(name("tea"))).isNotNull();
  }

  @Test
  void clearIsTheWritersToRefuse() {
    Cache<Name, Price> cache = open(options());
    cache.put(name("tea"), Price.of("tea"));
    assertThatThrownBy(cache::clear)
        .isInstanceOf(CacheException.class)
        .hasMessageContaining("override CacheWriter.clear");
    assertThat(cache.size()).isEqualTo(1);
    CacheWriter<Name, Price> clearing =
        new CacheWriter<>() {
          @Override
          public void write(Name key, Price value) throws Exception {
            data.write(key, value);
          }

          @Override
          public void delete(Name key) throws Exception {
            data.delete(key);
          }

          @Override
          public void clear() {
            data.rows.clear();
          }
        };
    close();
    Cache<Name, Price> clearable =
        open(CacheOptions.of(Mode.LOCAL).persist(Persist.with(data, clearing)));
    assertThat(clearable.get(name("tea"))).isNotNull();
    clearable.clear();
    assertThat(data.rows).isEmpty();
    assertThat(clearable.get(name("tea"))).isNull();
  }

  /** The engine deletes from its stores what ends in memory; a program's data must not end. */
  @Test
  void anEndIsMemorysAndTheNextReadLoadsAgain() {
    Cache<Name, Price> cache = open(options().timeToLive(SECOND.multipliedBy(60)));
    cache.put(name("tea"), Price.of("tea"));
    data.rows.put(name("cup"), Price.of("cup"));
    data.end = Expiry.ttl(SECOND.multipliedBy(10));
    assertThat(cache.get(name("cup"))).isNotNull();
    data.end = null;
    clock.tick(SECOND.multipliedBy(9));
    assertThat(cache.get(name("cup"))).isNotNull();
    assertThat(data.count("load cup")).isEqualTo(1);
    clock.tick(SECOND.multipliedBy(2));
    Price changed = Price.of("changed");
    data.rows.put(name("cup"), changed);
    assertThat(cache.get(name("cup"))).isSameAs(changed);
    assertThat(data.count("load tea")).isZero();
    clock.tick(SECOND.multipliedBy(60));
    assertThat(cache.size()).isZero();
    assertThat(cache.get(name("tea"))).isNotNull();
    assertThat(data.calls).noneMatch(call -> call.startsWith("delete"));
    assertThat(data.rows).hasSize(2);
  }

  @Test
  void whatIsEvictedIsLoadedAgain() {
    Cache<Name, Price> cache = open(options().maxEntries(5));
    for (int i = 0; i < 40; i++) {
      cache.put(name("k" + i), Price.of("k" + i));
    }
    assertThat(cache.size()).isLessThanOrEqualTo(5);
    for (int i = 0; i < 40; i++) {
      assertThat(cache.get(name("k" + i))).isSameAs(data.rows.get(name("k" + i)));
    }
  }

  /** What holds a key's place while its value is made is nothing that the program wrote. */
  @Test
  @SuppressWarnings("unchecked")
  void theWriterSeesNoPlaceholders() {
    Loads<Name, Price> loads = open(options().maxIdle(SECOND.multipliedBy(8))).unwrap(Loads.class);
    loads.begin(name("tea")).close();
    assertThat(data.calls).noneMatch(call -> !call.startsWith("load"));
    try (Loads.Load<Price> load = loads.begin(name("tea"))) {
      assertThat(load.keep(Price.of("tea"))).isTrue();
    }
    for (int i = 0; i < 3; i++) { // each use renews its entry
      clock.tick(SECOND.multipliedBy(6));
      assertThat(open(options().maxIdle(SECOND.multipliedBy(8))).get(name("tea"))).isNotNull();
    }
    assertThat(data.calls.stream().filter(call -> !call.startsWith("load")))
        .containsExactly("write tea");
  }

  private Cache<Name, Price> openBehind(int queue, int batch) {
    return open(
        CacheOptions.of(Mode.LOCAL)
            .maxEntries(5)
            .persist(Persist.with(data, data).writeBehind(queue, batch)));
  }

  private static Set<Name> names(int from, int to) {
    return IntStream.range(from, to).mapToObj(i -> name("k" + i)).collect(Collectors.toSet());
  }

  @Test
  void writesBehindReturnAtOnceAreSeenAndWaitWhenTheQueueIsFull() throws Exception {
    Cache<Name, Price> cache = openBehind(20, 7);
    data.writing = new CountDownLatch(1);
    cache.put(name("k0"), Price.of("k0"));
    Await.until("that one is being written", () -> data.count("write k0") == 1);
    names(1, 20).forEach(key -> cache.put(key, Price.of(key.text)));
    Price last = Price.of("last");
    cache.put(name("k3"), last);
    assertThat(data.rows).isEmpty();
    Future<?> full =
        threads.submit(() -> names(20, 40).forEach(key -> cache.put(key, Price.of(key.text))));
    Await.until("one is waiting", () -> cache.getAll(names(20, 40)).size() == 1);
    assertThat(full).isNotDone();
    assertThat(cache.getAll(names(0, 20)).keySet()).isEqualTo(names(0, 20));
    data.writing.countDown();
    full.get(60, TimeUnit.SECONDS);
    assertThat(cache.remove(name("k5"))).isNotNull();
    assertThat(cache.get(name("k5"))).isNull();
    close();
    Set<Name> expected = new HashSet<>(names(0, 40));
    expected.remove(name("k5"));
    assertThat(data.rows.keySet()).isEqualTo(expected);
    assertThat(data.rows).containsEntry(name("k3"), last);
  }

  @Test
  void whatIsRefusedBehindIsTriedAgain() {
    Cache<Name, Price> cache = openBehind(20, 7);
    data.refusal = new IOException("away");
    cache.put(name("tea"), Price.of("tea"));
    Await.until("it was tried", () -> data.count("write tea") > 0);
    assertThat(cache.get(name("tea"))).isNotNull();
    data.refusal = null;
    Await.until("it is written", () -> data.rows.containsKey(name("tea")));
  }

  @Test
  void closingWhileTheWriterRefusesEndsAndLosesWhatWaits() {
    Cache<Name, Price> cache = openBehind(20, 7);
    data.refusal = new IOException("away");
    names(0, 15).forEach(key -> cache.put(key, Price.of(key.text)));
    close();
    assertThat(data.rows).isEmpty();
  }

  @Test
  void whatWouldNotHoldIsRefused() {
    Persist own = Persist.with(data, data);
    for (Mode mode : List.of(Mode.INVALIDATED, Mode.REPLICATED, Mode.DISTRIBUTED)) {
      assertThatThrownBy(() -> CacheOptions.of(mode).persist(own))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(mode.name())
          .hasMessageContaining("no other member has them");
    }
    assertThatThrownBy(own::preload)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("which keys");
    assertThatThrownBy(own::purgeOnStart)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("program's");
    var unused = open(options());
    CacheLoader<Name, Price> another = key -> null;
    assertThatThrownBy(() -> open(CacheOptions.of(Mode.LOCAL).persist(Persist.with(another, data))))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(Data.class.getName());
    assertThat(Persist.with(data, data)).isEqualTo(own).isNotEqualTo(Persist.with(another, data));
    assertThat(own).isNotEqualTo(Persist.file(Path.of("x")));
  }
}
