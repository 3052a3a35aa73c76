/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.infinispan.AdvancedCache;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheEvent;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheLoader;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.CacheWriter;
import org.memogrid.cache.Expiry;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Partitions;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Loads;
import org.memogrid.internal.store.Store;
import org.memogrid.testkit.Await;

/** Members that share a cache before data of the program's own. */
final class SharedSourceTest extends SharedStoreContract {
  private final Map<Integer, Integer> rows = new ConcurrentHashMap<>();
  private final List<Part> parts = new ArrayList<>();

  /** One member's loader and writer, to the data of all. */
  private final class Part implements CacheLoader<Integer, Integer>, CacheWriter<Integer, Integer> {
    final List<String> calls = new CopyOnWriteArrayList<>();
    volatile boolean refuses;
    volatile @Nullable Expiry end;
    volatile CountDownLatch loading = new CountDownLatch(0);

    private void call(String what) throws Exception {
      calls.add(what);
      if (refuses) {
        throw unknownToOthers("no row today");
      }
    }

    @Override
    public @Nullable Integer load(Integer key) throws Exception {
      call("load " + key);
      Integer read = rows.get(key);
      if (!loading.await(Await.LONG.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new IOException("nobody opened the gate");
      }
      return read;
    }

    @Override
    public @Nullable Expiry expiry(Integer key, Integer value) {
      return end;
    }

    @Override
    public void write(Integer key, Integer value) throws Exception {
      call("write " + key);
      rows.put(key, value);
    }

    @Override
    public void writeAll(Map<Integer, Integer> entries) throws Exception {
      call("writeAll");
      rows.putAll(entries);
    }

    @Override
    public void delete(Integer key) throws Exception {
      call("delete " + key);
      rows.remove(key);
    }
  }

  /** Of a class that only this member has. */
  private static Exception unknownToOthers(String message) throws Exception {
    try (InputStream template =
        requireNonNull(Refusal.class.getResourceAsStream("SharedSourceTest$Refusal.class"))) {
      Class<?> hidden =
          MethodHandles.lookup().defineHiddenClass(template.readAllBytes(), true).lookupClass();
      return (Exception) hidden.getDeclaredConstructor(String.class).newInstance(message);
    }
  }

  /** Its class file alone is used. */
  private static final class Refusal extends Exception {
    private static final long serialVersionUID = 1L;

    @SuppressWarnings("unused") // by its class file
    Refusal(String message) {
      super(message);
    }
  }

  @Override
  Persist persist() {
    return Persist.with("rows");
  }

  @Override
  Resources named(int member) {
    Part part = new Part();
    parts.add(part);
    return new Resources(Map.of(), Map.of("rows", Persist.with(part, part)));
  }

  @Override
  String lineToAdd() {
    return ".loaderAndWriter(\"rows\", ..., ...)";
  }

  @Override
  void given(Map<Integer, Integer> entries, List<Cache<Integer, Integer>> caches) {
    rows.putAll(entries);
  }

  @Override
  void assertKept(Map<Integer, Integer> entries) {
    assertThat(rows).isEqualTo(entries);
  }

  @Override
  void refuse(boolean refuses) {
    parts.forEach(part -> part.refuses = refuses);
  }

  @Override
  String refusal() {
    return "no row today";
  }

  @Override
  void afterOperation(int key, int writes, @Nullable Integer now) {
    assertThat(rows.get(key)).as("key %s", key).isEqualTo(now);
    assertThat(calls()).filteredOn(call -> !call.startsWith("load")).hasSize(writes);
    forgetCalls();
  }

  @Override
  void beforeEnd() {
    parts.forEach(part -> part.loading.countDown());
  }

  private List<String> calls() {
    return parts.stream().flatMap(part -> part.calls.stream()).collect(Collectors.toList());
  }

  private void forgetCalls() {
    parts.forEach(part -> part.calls.clear());
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void whatIsThereIsLoadedOnceForAllByWhoOrdersItsKey(Mode mode) {
    rows.putAll(numbered(0, ENTRIES));
    List<Cache<Integer, Integer>> caches = open(options(mode));
    for (int key = 0; key < ENTRIES; key++) {
      for (int i = 0; i < MEMBERS; i++) {
        assertThat(caches.get((key + i) % MEMBERS).get(key)).isEqualTo(key);
      }
      assertThat(parts.get(memberOf(caches.get(0), key, 0)).calls).contains("load " + key);
    }
    assertThat(calls()).hasSize(ENTRIES);
    // The backups have it too, as the same entry: the data could go, and who ordered it could die.
    rows.clear();
    cluster.crash(0);
    for (int i = 0; i < MEMBERS - 1; i++) {
      for (int key = 0; key < ENTRIES; key++) {
        assertThat(cluster.caches(i).<Integer, Integer>cache("c").get(key)).isEqualTo(key);
      }
    }
    assertThat(calls()).hasSize(ENTRIES);
  }

  /**
   * Also while others load the same keys: with two versions of one entry a change would be lost.
   */
  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void noChangeIsLostThoughMemoryLetsGoOfEntries(Mode mode) throws Exception {
    rows.putAll(numbered(0, 20));
    List<Cache<Integer, Integer>> caches = open(options(mode).maxEntries(4));
    List<Future<?>> all = new ArrayList<>();
    int each = 60;
    for (int i = 0; i < 6; i++) {
      Cache<Integer, Integer> cache = caches.get(i % MEMBERS);
      int step = i;
      all.add(
          threads.submit(
              () -> {
                for (int n = 0; n < each; n++) {
                  int key = (n * 7 + step) % 20;
                  assertThat(cache.update(key, old -> requireNonNull(old) + 100)).isNotNull();
                  assertThat(cache.get((key + 3) % 20)).isNotNull();
                }
              }));
    }
    for (Future<?> one : all) {
      one.get(Await.LONG.toMillis(), TimeUnit.MILLISECONDS);
    }
    assertThat(rows.values().stream().mapToInt(i -> i).sum()).isEqualTo(190 + 6 * each * 100);
    for (int key = 0; key < 20; key++) {
      for (Cache<Integer, Integer> cache : caches) {
        assertThat(cache.get(key)).isEqualTo(rows.get(key));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void ofTheReadsOfAKeyOnAllMembersOneLoads(Mode mode) throws Exception {
    List<Cache<Integer, Integer>> caches = open(options(mode));
    for (int key = 0; key < 6; key++) {
      boolean there = key % 2 == 0;
      if (there) {
        rows.put(key, key);
      }
      forgetCalls();
      Part part = parts.get(memberOf(caches.get(0), key, 0));
      part.loading = new CountDownLatch(1);
      int wanted = key;
      int before = loadsJoined(memberOf(caches.get(0), key, 0));
      List<Future<@Nullable Integer>> reads = new ArrayList<>();
      reads.add(threads.submit(() -> caches.get(0).get(wanted)));
      Await.until("the load", () -> part.calls.size() == 1);
      for (int i = 0; i < 9; i++) {
        Cache<Integer, Integer> cache = caches.get(i % MEMBERS);
        reads.add(threads.submit(() -> cache.get(wanted)));
      }
      Await.until(
          "all reads' wait at the one who loads",
          () -> loadsJoined(memberOf(caches.get(0), wanted, 0)) == before + reads.size() - 1);
      part.loading.countDown();
      for (Future<@Nullable Integer> read : reads) {
        assertThat(read.get()).isEqualTo(there ? key : null);
      }
      assertThat(calls()).containsExactly("load " + key);
    }
  }

  private int loadsJoined(int member) {
    return SharedSource.joined(cluster.node(member).engineCache("c"));
  }

  /**
   * A load has read the old row and not kept it yet. A change of the key waits for it, and who
   * reads after the change does not get what the load has read.
   */
  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void aLoadThatIsUnderWayBringsNothingBack(Mode mode) throws Exception {
    List<Cache<Integer, Integer>> caches = open(options(mode));
    for (int key = 0; key < 8; key++) {
      rows.put(key, key);
      int primary = memberOf(caches.get(0), key, 0);
      Part part = parts.get(primary);
      part.loading = new CountDownLatch(1);
      int wanted = key;
      Future<@Nullable Integer> read =
          threads.submit(() -> caches.get(wanted % MEMBERS).get(wanted));
      Await.until("the load", () -> part.calls.contains("load " + wanted));
      Cache<Integer, Integer> other = caches.get((key + 1) % MEMBERS);
      boolean removes = key % 2 == 0;
      Future<?> change =
          threads.submit(
              () -> {
                if (removes) {
                  var unused = other.remove(wanted);
                } else {
                  other.put(wanted, -1);
                }
              });
      part.loading.countDown();
      change.get();
      @Nullable Integer now = removes ? null : -1;
      assertThat(read.get()).isIn(key, now);
      for (Cache<Integer, Integer> cache : caches) {
        assertThat(cache.get(key)).as("key %s", key).isEqualTo(now);
      }
      assertThat(rows.get(key)).isEqualTo(now);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void ofSeveralAtOnceEachMemberWritesItsOwnWithOneCall(Mode mode) {
    List<Cache<Integer, Integer>> caches = open(options(mode));
    caches.get(0).putAll(numbered(0, ENTRIES));
    assertThat(rows).isEqualTo(numbered(0, ENTRIES));
    assertThat(calls()).allMatch("writeAll"::equals).hasSizeLessThanOrEqualTo(MEMBERS);
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void aLoaderThatThrowsFailsTheReadByNameAndTheNextOneAsksAgain(Mode mode) {
    List<Cache<Integer, Integer>> caches = open(options(mode));
    rows.put(1, 1);
    refuse(true);
    for (Cache<Integer, Integer> cache : caches) {
      assertThatThrownBy(() -> cache.get(1))
          .isInstanceOf(CacheException.class)
          .hasMessageContaining("'c'")
          .hasMessageContaining("key '1'")
          .hasMessageContaining(refusal());
    }
    refuse(false);
    caches.forEach(cache -> assertThat(cache.get(1)).isEqualTo(1));
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void theEndOfTheCacheLeavesTheData(Mode mode) {
    rows.put(1, 1);
    List<Cache<Integer, Integer>> caches = open(options(mode));
    assertThat(caches.get(1).putIfAbsent(2, 2)).isNull();
    caches.get(0).destroy();
    assertThat(rows).isEqualTo(Map.of(1, 1, 2, 2));
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void anEntrysEndIsMemorysAlone(Mode mode) {
    rows.putAll(numbered(0, 10));
    List<Cache<Integer, Integer>> caches = open(options(mode).timeToLive(Duration.ofSeconds(10)));
    parts.forEach(part -> part.end = null);
    for (int key = 0; key < 10; key++) {
      assertThat(caches.get(key % MEMBERS).get(key)).isEqualTo(key);
    }
    caches.get(0).put(11, 11);
    rows.replaceAll((key, value) -> value + 100);
    cluster.tick(Duration.ofSeconds(9));
    for (int key = 0; key < 10; key++) {
      assertThat(caches.get((key + 1) % MEMBERS).get(key)).isEqualTo(key);
    }
    cluster.tick(Duration.ofSeconds(1));
    for (int key = 0; key < 10; key++) {
      assertThat(caches.get((key + 1) % MEMBERS).get(key)).isEqualTo(key + 100);
      assertThat(caches.get((key + 2) % MEMBERS).get(key)).isEqualTo(key + 100);
    }
    assertThat(caches.get(1).get(11)).isEqualTo(111);
    assertThat(calls()).noneMatch(call -> call.startsWith("delete"));
    parts.forEach(part -> part.end = Expiry.ttl(Duration.ofSeconds(1)));
    rows.put(12, 12);
    assertThat(caches.get(0).get(12)).isEqualTo(12);
    rows.remove(12);
    assertThat(caches.get(1).get(12)).isEqualTo(12);
    cluster.tick(Duration.ofSeconds(1));
    caches.forEach(cache -> assertThat(cache.get(12)).isNull());
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void aLoadIsNoNewsAndWhatComesAndGoesNoWrite(Mode mode) {
    rows.putAll(numbered(0, ENTRIES));
    List<Cache<Integer, Integer>> caches = open(options(mode));
    Set<String> heard = ConcurrentHashMap.newKeySet();
    var unused =
        caches
            .get(1)
            .listen(
                event -> heard.add(event.type() + " " + event.key()),
                CacheEvent.Type.CREATED,
                CacheEvent.Type.UPDATED,
                CacheEvent.Type.REMOVED);
    assertThat(caches.get(0).getAll(rows.keySet())).hasSize(ENTRIES);
    caches.get(0).put(ENTRIES + 1, 1);
    caches.get(0).put(3, 1);
    Await.until("the writes' news", () -> heard.size() == 2);
    assertThat(heard).isEqualTo(new HashSet<>(List.of("CREATED " + (ENTRIES + 1), "UPDATED 3")));
    forgetCalls();
    var joined = cluster.join();
    cluster.leave(0);
    Cache<Integer, Integer> there = joined.caches().cache("c");
    assertThat(there.getAll(rows.keySet())).isEqualTo(rows);
    assertThat(calls()).as("what was passed on to a joiner").isEmpty();
  }

  /** A conditional write that changes nothing loads for its own member alone. */
  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void anOwnerThatMissesWhatIsInMemoryElsewhereKeepsIt(Mode mode) {
    rows.putAll(numbered(0, 12));
    List<Cache<Integer, Integer>> caches = open(options(mode).timeToLive(Duration.ofSeconds(10)));
    for (int key = 0; key < 12; key++) {
      assertThat(caches.get(key % MEMBERS).putIfAbsent(key, -1)).isEqualTo(key);
    }
    cluster.tick(Duration.ofSeconds(4));
    for (int key = 0; key < 12; key++) {
      Cache<Integer, Integer> backup = caches.get(memberOf(caches.get(0), key, 1));
      assertThat(backup.get(key)).isEqualTo(key);
      assertThat(memory(backup)).contains(key);
    }
    assertThat(calls()).hasSize(12);
    cluster.tick(Duration.ofSeconds(6)); // it did not begin anew
    caches.forEach(cache -> assertThat(cache.asMap()).isEmpty());
  }

  private static Set<Object> memory(Cache<Integer, Integer> cache) {
    AdvancedCache<?, ?> engine = cache.unwrap(AdvancedCache.class);
    Set<Object> keys = new HashSet<>();
    engine.getDataContainer().forEach(entry -> keys.add(((ClusterKey) entry.getKey()).key()));
    return keys;
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  @SuppressWarnings("unchecked") // of this cache
  void aPlaceThatIsHeldForAValueIsNoWrite(Mode mode) {
    List<Cache<Integer, Integer>> caches = open(options(mode));
    for (int key = 0; key < 9; key++) {
      Loads<Integer, Integer> loads = caches.get(key % MEMBERS).unwrap(Loads.class);
      try (Loads.Load<Integer> load = loads.begin(key)) {
        assertThat(load.stands()).isTrue();
      }
      assertThat(calls()).allMatch(call -> call.startsWith("load"));
      try (Loads.Load<Integer> load = loads.begin(key)) {
        assertThat(load.keep(key)).isTrue();
      }
      assertThat(rows).containsEntry(key, key);
      forgetCalls();
    }
    for (int key = 100; key < 109; key++) {
      Store store = caches.get(key % MEMBERS).unwrap(Store.class);
      Envelope place = Envelope.tombstone(new Envelope.Version(1, key));
      assertThat(store.putIfAbsent(key, place)).isNull();
      assertThat(store.remove(key, place)).isTrue();
    }
    assertThat(calls()).allMatch(call -> call.startsWith("load"));
  }

  @Test
  void whatHasNoMeaningBeforeAProgramIsRefused() {
    Part part = new Part();
    for (Mode mode : List.of(Mode.REPLICATED, Mode.DISTRIBUTED)) {
      refused(CacheOptions.of(mode), Persist.with(part, part), ".loaderAndWriter(name, ...)");
    }
    assertThatThrownBy(() -> Persist.with("rows").preload())
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Persist.with(" ")).isInstanceOf(IllegalArgumentException.class);
    Cache<Integer, Integer> cache = open(options(Mode.DISTRIBUTED)).get(0);
    cache.put(1, 1);
    assertThatThrownBy(cache::clear)
        .isInstanceOf(UnsupportedOperationException.class)
        .hasMessageContaining("loader and writer 'rows'");
    assertThat(rows).isEqualTo(Map.of(1, 1));
  }

  @Test
  void whatCantGoToOtherMembersIsRefusedWhoeverReadsIt() {
    CacheWriter<Integer, Object> writer =
        new CacheWriter<>() {
          @Override
          public void write(Integer key, Object value) {}

          @Override
          public void delete(Integer key) {}
        };
    Persist objects = Persist.with((Integer key) -> new Object(), writer);
    try (LoopCluster alone =
        new LoopCluster(
            new SerialCodec(),
            1,
            Partitions.CONSISTENT,
            member -> new Resources(Map.of(), Map.of("rows", objects)))) {
      Cache<Integer, Object> cache = alone.caches(0).cache("c", options(Mode.REPLICATED));
      assertThatThrownBy(() -> cache.get(1))
          .isInstanceOf(CacheException.class)
          .hasMessageContaining("key '1'")
          .hasMessageContaining("java.lang.Object");
    }
  }
}
