/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.h2.jdbcx.JdbcDataSource;
import org.infinispan.commons.util.concurrent.CompletionStages;
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
import org.memogrid.cluster.Partitions;
import org.memogrid.internal.behind.Share;
import org.memogrid.testkit.Await;

/** Members that share a cache whose table, or the data before which it is, are written behind. */
final class SharedBehindTest {
  private static final int MEMBERS = 3;
  private static final int ENTRIES = 60;

  private final JdbcDataSource database = new JdbcDataSource();
  private final List<Switch> switches = new ArrayList<>();
  private final Map<Integer, Integer> rows = new ConcurrentHashMap<>();
  private final List<Part> parts = new ArrayList<>();
  private final List<String> calls = new CopyOnWriteArrayList<>();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private LoopCluster cluster;

  SharedBehindTest() {
    database.setURL("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1");
    cluster = start();
  }

  private LoopCluster start() {
    return new LoopCluster(
        new SerialCodec(),
        MEMBERS,
        Partitions.CONSISTENT,
        member -> {
          Switch source = new Switch(database);
          switches.add(source);
          Part part = new Part();
          parts.add(part);
          return new Resources(Map.of("main", source), Map.of("rows", Persist.with(part, part)));
        });
  }

  /** One member's loader and writer, to the data of all. */
  private final class Part implements CacheLoader<Integer, Integer>, CacheWriter<Integer, Integer> {
    private final AtomicInteger active = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();
    volatile boolean refuses;

    @Override
    public @Nullable Integer load(Integer key) {
      return rows.get(key);
    }

    private void call(String what) throws IOException {
      int now = active.incrementAndGet();
      most.accumulateAndGet(now, Math::max);
      if (now == 1) {
        LockSupport.parkNanos(20_000); // somebody else would come now
      }
      active.decrementAndGet();
      if (refuses) {
        throw new IOException("no row today");
      }
      calls.add(what);
    }

    @Override
    public void write(Integer key, Integer value) throws IOException {
      call("write " + key);
      rows.put(key, value);
    }

    @Override
    public void writeAll(Map<Integer, Integer> entries) throws IOException {
      call("writeAll");
      rows.putAll(entries);
    }

    @Override
    public void delete(Integer key) throws IOException {
      call("delete " + key);
      rows.remove(key);
    }
  }

  @AfterEach
  void end() throws SQLException {
    database(true);
    cluster.close();
    threads.shutdownNow();
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("SHUTDOWN");
    }
  }

  private void database(boolean on) {
    switches.forEach(on ? Switch::on : Switch::off);
  }

  private static CacheOptions options(Mode mode) {
    return CacheOptions.of(mode).persist(Persist.jdbc("main", "kept").writeBehind(1_000, 10));
  }

  private List<Cache<Integer, Integer>> open(CacheOptions options) {
    return IntStream.range(0, MEMBERS)
        .<Cache<Integer, Integer>>mapToObj(i -> cluster.caches(i).cache("c", options))
        .collect(Collectors.toList());
  }

  private static Map<Integer, Integer> numbered(int from, int to) {
    return IntStream.range(from, to).boxed().collect(Collectors.toMap(i -> i, i -> i));
  }

  /** Reads the table as who comes later does. */
  private Map<Integer, Integer> afterRestart(CacheOptions options) {
    cluster.leaveOneByOne();
    cluster.close();
    switches.clear();
    cluster = start();
    return new HashMap<>(open(options).get(0).asMap());
  }

  private long rows() throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("SELECT COUNT(*) FROM kept WHERE segment >= 0")) {
      rows.next();
      return rows.getLong(1);
    }
  }

  private SharedBehind behind(int member) {
    return requireNonNull(
        Behinds.of(cluster.node(member).manager().getCacheManagerConfiguration())
            .get(requireNonNull(cluster.node(member).engineName("c"))));
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void aWriteReturnsWithoutTheTable(Mode mode) throws SQLException {
    List<Cache<Integer, Integer>> caches = open(options(mode));
    caches.get(0).putAll(numbered(0, 10));
    Await.until("the rows", () -> rows() == 10);
    database(false);
    for (int key = 0; key < ENTRIES; key++) {
      Cache<Integer, Integer> cache = caches.get(key % MEMBERS);
      if (key < 10 && key % 5 == 0) { // of others nobody knows that they are not there
        cache.remove(key);
      } else {
        cache.put(key, -key);
      }
    }
    Map<Integer, Integer> expected =
        IntStream.range(0, ENTRIES)
            .filter(key -> key >= 10 || key % 5 > 0)
            .boxed()
            .collect(Collectors.toMap(key -> key, key -> -key));
    for (Cache<Integer, Integer> cache : caches) {
      assertThat(cache.getAll(numbered(0, ENTRIES).keySet())).isEqualTo(expected);
    }
    assertThat(rows()).isEqualTo(10);
    database(true);
    assertThat(caches.get(1).size()).isEqualTo(expected.size()); // waits for what waits
    for (Cache<Integer, Integer> cache : caches) {
      cache.put(ENTRIES, 1);
      expected.put(ENTRIES, 1);
      assertThat(cache.asMap()).isEqualTo(expected);
      assertThat(cache.size()).isEqualTo(expected.size());
    }
    assertThat(rows()).isEqualTo(expected.size());
    Await.until(
        "nothing kept",
        () -> IntStream.range(0, MEMBERS).allMatch(member -> behind(member).known() == 0));
    assertThat(afterRestart(options(mode))).isEqualTo(expected);
  }

  /** What no member that lives has in its queue. */
  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void whatWaitsAtALostMemberIsWrittenByTheNext(Mode mode) throws SQLException {
    CacheOptions options = options(mode);
    List<Cache<Integer, Integer>> caches = open(options);
    Map<Integer, Integer> expected = new HashMap<>(numbered(0, ENTRIES));
    caches.get(0).putAll(expected);
    Await.until("the rows", () -> rows() == ENTRIES);
    database(false);
    for (int key = 0; key < ENTRIES; key += 2) {
      caches.get(1).put(key, -1);
      expected.put(key, -1);
    }
    for (int key = 0; key < ENTRIES; key += 3) {
      caches.get(2).remove(key);
      expected.remove(key);
    }
    Map<Integer, Integer> together = numbered(ENTRIES, ENTRIES + 20);
    caches.get(2).putAll(together);
    expected.putAll(together);
    cluster.crash(0);
    switches.subList(1, MEMBERS).forEach(Switch::on);
    for (int i = 1; i < MEMBERS; i++) {
      assertThat(caches.get(i).asMap()).isEqualTo(expected);
    }
    assertThat(rows()).isEqualTo(expected.size());
    assertThat(afterRestart(options)).isEqualTo(expected);
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void membersComeAndGoWhileOthersWrite(Mode mode) throws Exception {
    CacheOptions options = options(mode);
    List<Cache<Integer, Integer>> caches = open(options);
    Map<Integer, Integer> expected = numbered(0, ENTRIES);
    caches.get(0).putAll(expected);
    Future<?> writer =
        threads.submit(
            () -> {
              for (int round = 1; round < 40; round++) {
                for (int key = 0; key < ENTRIES; key++) {
                  caches.get(1).put(key, round * key);
                }
              }
            });
    for (int i = 0; i < 3; i++) {
      var unused = cluster.join();
      cluster.leave(MEMBERS);
    }
    writer.get(Await.LONG.toMillis(), TimeUnit.MILLISECONDS);
    expected.replaceAll((key, value) -> 39 * key);
    assertThat(caches.get(1).asMap()).isEqualTo(expected);
    assertThat(afterRestart(options)).isEqualTo(expected);
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void clearTakesWhatWaitsOnAllMembers(Mode mode) throws Exception {
    CacheOptions options = options(mode).maxEntries(5);
    List<Cache<Integer, Integer>> caches = open(options);
    switches.get(1).off();
    Map<Integer, Integer> some = numbered(0, ENTRIES);
    caches.get(0).putAll(some);
    Future<?> cleared = threads.submit(() -> caches.get(0).clear());
    Await.until("the wait for the clear", () -> rows() > 0 || cleared.isDone());
    switches.get(1).on();
    cleared.get(Await.LONG.toMillis(), TimeUnit.MILLISECONDS);
    assertThat(caches.get(0).asMap()).isEmpty();
    for (int round = 0; round < 5; round++) {
      for (int key = 0; key < ENTRIES; key++) {
        caches.get(key % MEMBERS).put(key, round);
      }
      caches.get(round % MEMBERS).clear();
      assertThat(caches.get(0).size()).isZero();
      assertThat(rows()).isZero();
    }
    assertThat(afterRestart(options)).isEmpty();
  }

  /** What memory has let go of while it waits. */
  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void whatWaitsIsReadThoughMemoryHasNoRoomForIt(Mode mode) throws SQLException {
    CacheOptions options = options(mode).maxEntries(3);
    List<Cache<Integer, Integer>> caches = open(options);
    Map<Integer, Integer> expected = new HashMap<>();
    for (int key = 0; key < ENTRIES; key++) {
      caches.get(key % MEMBERS).put(key, 0);
    }
    Await.until("the rows", () -> rows() == ENTRIES);
    for (int round = 1; round < 30; round++) {
      for (int key = 0; key < ENTRIES; key++) {
        caches.get((key + round) % MEMBERS).put(key, round);
        expected.put(key, round);
        int other = (key * 7 + round) % ENTRIES;
        assertThat(caches.get(round % MEMBERS).get(other))
            .isEqualTo(expected.getOrDefault(other, 0));
      }
    }
    assertThat(afterRestart(options)).isEqualTo(expected);
  }

  private static CacheOptions before(Mode mode) {
    return CacheOptions.of(mode).persist(Persist.with("rows").writeBehind(1_000, 10));
  }

  private void refuse(boolean refuses) {
    parts.forEach(part -> part.refuses = refuses);
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void aWriterOfTheProgramsIsCalledBehindItsCallers(Mode mode) {
    rows.putAll(numbered(0, 20));
    List<Cache<Integer, Integer>> caches = open(before(mode));
    refuse(true);
    for (int key = 0; key < ENTRIES; key++) {
      Cache<Integer, Integer> cache = caches.get(key % MEMBERS);
      if (key % 4 == 0) {
        cache.remove(key);
      } else {
        cache.put(key, -key);
      }
    }
    assertThat(rows).isEqualTo(numbered(0, 20));
    caches.get(1).putAll(numbered(100, 110));
    Map<Integer, Integer> expected = numbered(100, 110);
    IntStream.range(0, ENTRIES).filter(key -> key % 4 > 0).forEach(key -> expected.put(key, -key));
    for (Cache<Integer, Integer> cache : caches) {
      for (int key = 0; key < ENTRIES; key++) {
        assertThat(cache.get(key)).isEqualTo(expected.get(key));
      }
    }
    refuse(false);
    Await.until("the writes", () -> rows.equals(expected));
    assertThat(calls).contains("writeAll");
    Await.until(
        "nothing kept",
        () -> IntStream.range(0, MEMBERS).allMatch(member -> behind(member).known() == 0));
  }

  /** What was loaded goes to the backups as well, and is nothing that anybody has to write. */
  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void theNextWritesWhatWasWrittenAndNotWhatWasLoaded(Mode mode) {
    Map<Integer, Integer> expected = new HashMap<>(numbered(0, ENTRIES));
    rows.putAll(expected);
    List<Cache<Integer, Integer>> caches = open(before(mode));
    for (int key = 0; key < ENTRIES; key++) {
      assertThat(caches.get(key % MEMBERS).get(key)).isEqualTo(key);
    }
    refuse(true);
    for (int key = 0; key < ENTRIES; key += 3) {
      caches.get(1).put(key, -1);
      expected.put(key, -1);
    }
    for (int key = 1; key < ENTRIES; key += 6) {
      caches.get(2).remove(key);
      expected.remove(key);
    }
    rows.put(2, 22); // somebody else's, whom nobody may overwrite
    expected.put(2, 22);
    cluster.crash(0);
    parts.subList(1, MEMBERS).forEach(part -> part.refuses = false);
    Await.until("the writes", () -> rows.equals(expected));
    for (int i = 1; i < MEMBERS; i++) {
      assertThat(caches.get(i).get(1)).isNull();
      assertThat(caches.get(i).get(3)).isEqualTo(-1);
    }
    assertThat(rows).isEqualTo(expected);
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void whoLeavesWritesFirst(Mode mode) {
    List<Cache<Integer, Integer>> caches = open(before(mode));
    Map<Integer, Integer> expected = new HashMap<>();
    for (int round = 0; round < 3; round++) {
      for (int key = 0; key < ENTRIES; key++) {
        caches.get(round).put(key, round);
        expected.put(key, round);
      }
    }
    cluster.node(0).stores().leave();
    assertThat(rows).isEqualTo(expected);
    String name = cluster.node(0).self().name();
    for (int key = 0; key < ENTRIES; key++) {
      if (caches.get(0).owners(key).get(0).name().equals(name)) {
        caches.get(0).put(key, -1);
        expected.put(key, -1);
        assertThat(rows).isEqualTo(expected); // who leaves confirms nothing that is not written
      }
    }
    cluster.leaveOneByOne();
    assertThat(rows).isEqualTo(expected);
  }

  @Test
  void oneWritesAtATime() throws Exception {
    CacheOptions options =
        CacheOptions.of(Mode.REPLICATED).persist(Persist.with("rows").writeBehind(1_000, 1));
    List<Cache<Integer, Integer>> caches = open(options);
    List<Future<?>> writers = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      int writer = i;
      writers.add(
          threads.submit(
              () -> {
                for (int n = 0; n < 500; n++) {
                  caches.get(writer % MEMBERS).put(writer * 1_000 + n % 50, n);
                }
              }));
    }
    for (Future<?> each : writers) {
      each.get(Await.LONG.toMillis(), TimeUnit.MILLISECONDS);
    }
    cluster.node(0).stores().leave();
    assertThat(parts).allSatisfy(part -> assertThat(part.most.get()).isOne());
  }

  /** One that was away is told so, also when it is back, and has not heard of any topology. */
  @Test
  void whoWasAwayIsNotTakenForOneThatAlwaysWasThere() {
    Behinds mine = Behinds.of(cluster.node(0).manager().getCacheManagerConfiguration());
    Behinds others = Behinds.of(cluster.node(1).manager().getCacheManagerConfiguration());
    String self = cluster.node(0).self().id();
    String other = cluster.node(1).self().id();
    SharedBehind there =
        new SharedBehind("c", new SharedBehind.Limits(1, 1), new StablePlacement(), others);
    others.add("c", there);
    topology(there, 5, Set.of(self, other));
    assertThat(mine.isAmong(Set.of(self, other), "c", 5)).isTrue();
    topology(there, 6, Set.of(self, other));
    assertThat(mine.isAmong(Set.of(self, other), "c", 5)).isTrue();
    topology(there, 7, Set.of(other));
    assertThat(mine.isAmong(Set.of(self, other), "c", 6)).isFalse();
    topology(there, 8, Set.of(self, other));
    assertThat(mine.isAmong(Set.of(self, other), "c", 6)).isFalse();
    assertThat(mine.isAmong(Set.of(self, other), "c", 8)).isTrue();
    assertThat(mine.isAmong(Set.of(self, other, "gone"), "c", 8)).isFalse();
    assertThat(mine.isAmong(Set.of(self, other), "unknown there", 8)).isFalse();
  }

  private static void topology(SharedBehind behind, int number, Set<String> members) {
    BitSet none = new BitSet();
    CompletionStages.join(behind.onTopology(new Share(number, none, none, none, true), members));
  }

  /** It can't know whether the others have gone on without it. */
  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void whoIsCutOffWritesNothing(Mode mode) {
    List<Cache<Integer, Integer>> caches = open(before(mode));
    refuse(true);
    caches.get(0).putAll(numbered(0, ENTRIES));
    LoopCluster.Node victim = cluster.cutOff(0);
    try {
      parts.subList(1, MEMBERS).forEach(part -> part.refuses = false);
      Map<Integer, Integer> expected = new HashMap<>();
      for (int key = 0; key < ENTRIES; key++) {
        caches.get(1).put(key, -1);
        expected.put(key, -1);
      }
      Await.until("the others' writes", () -> rows.equals(expected));
      parts.get(0).refuses = false;
      calls.clear();
      victim.manager().stop(); // it tries once more
      assertThat(calls).isEmpty();
      assertThat(rows).isEqualTo(expected);
    } finally {
      victim.manager().stop();
    }
  }

  /** The rest of the queue waits, and so do writers, not for ever. */
  @Test
  void whenAsManyWaitAsMayWritersWait() throws Exception {
    CacheOptions options =
        CacheOptions.of(Mode.REPLICATED)
            .persist(Persist.with("rows").waitTimeout(Duration.ofMillis(500)).writeBehind(3, 2));
    List<Cache<Integer, Integer>> caches = open(options);
    refuse(true);
    int key = 0;
    while (true) {
      int next = key++;
      Future<?> write = threads.submit(() -> caches.get(0).put(next, next));
      try {
        write.get(Await.LONG.toMillis(), TimeUnit.MILLISECONDS);
      } catch (ExecutionException e) {
        assertThat(e.getCause())
            .isInstanceOf(CacheException.class)
            .hasMessageContaining("waitTimeout");
        break;
      }
      assertThat(key).isLessThanOrEqualTo(3 * MEMBERS);
    }
    assertThat(key).isGreaterThan(3);
    refuse(false);
    Map<Integer, Integer> expected = numbered(0, key);
    Await.until("the writes", () -> rows.equals(expected));
    caches.get(0).put(1_000, 1);
    expected.put(1_000, 1);
    Await.until("the next", () -> rows.equals(expected));
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void anotherOfTheNameHasNothingOfWhatWaited(Mode mode) throws SQLException {
    List<Cache<Integer, Integer>> caches = open(options(mode));
    caches.get(0).putAll(numbered(0, ENTRIES));
    SharedBehind waiting = behind(0);
    switches.get(0).off();
    caches.get(0).putAll(numbered(0, ENTRIES));
    caches.get(1).destroy();
    assertThat(waiting.known()).isZero();
    switches.get(0).on();
    List<Cache<Integer, Integer>> others = open(options(mode));
    assertThat(others.get(2).asMap()).isEmpty();
    others.get(1).put(1, 1);
    assertThat(others.get(0).asMap()).isEqualTo(Map.of(1, 1));
    assertThat(rows()).isOne();
  }

  @Test
  void anEntryEndsThoughItWaits() {
    List<Cache<Integer, Integer>> caches = open(options(Mode.REPLICATED).maxEntries(1));
    database(false);
    for (int key = 0; key < 20; key++) {
      caches.get(0).put(key, key, Expiry.ttl(Duration.ofMinutes(key % 2 == 0 ? 1 : 10)));
    }
    cluster.tick(Duration.ofMinutes(2));
    for (int key = 0; key < 20; key++) {
      assertThat(caches.get(key % MEMBERS).get(key)).isEqualTo(key % 2 == 0 ? null : key);
    }
    database(true);
    assertThat(caches.get(1).size()).isEqualTo(10);
  }
}
