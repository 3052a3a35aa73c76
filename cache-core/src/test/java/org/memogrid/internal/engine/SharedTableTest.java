/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.h2.jdbcx.JdbcDataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Expiry;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Partitions;

/** Members that share a cache and its table, in H2. */
final class SharedTableTest {
  private static final int MEMBERS = 3;
  private static final int ENTRIES = 100;

  private final JdbcDataSource database = new JdbcDataSource();
  private final List<Switch> switches = new ArrayList<>();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private LoopCluster cluster = new LoopCluster(new SerialCodec(), 0);

  @BeforeEach
  void start() {
    database.setURL("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1");
    restart();
  }

  @AfterEach
  void stop() throws SQLException {
    cluster.close();
    threads.shutdownNow();
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("SHUTDOWN");
    }
  }

  /** Ends all members; others come, who have the database alone. */
  private void restart() {
    cluster.close();
    switches.clear();
    cluster =
        new LoopCluster(
            new SerialCodec(),
            MEMBERS,
            Partitions.CONSISTENT,
            member -> {
              switches.add(new Switch(database));
              return new Resources(Map.of("main", switches.get(member)), Map.of());
            });
  }

  private static CacheOptions options(Mode mode) {
    return CacheOptions.of(mode).persist(Persist.jdbc("main", "shared"));
  }

  private List<Cache<Integer, Integer>> open(CacheOptions options) {
    return IntStream.range(0, MEMBERS)
        .<Cache<Integer, Integer>>mapToObj(i -> cluster.caches(i).cache("c", options))
        .collect(Collectors.toList());
  }

  private static Map<Integer, Integer> numbered(int from, int to) {
    return IntStream.range(from, to).boxed().collect(Collectors.toMap(i -> i, i -> i));
  }

  private long rows() throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("SELECT COUNT(*) FROM shared WHERE segment >= 0")) {
      rows.next();
      return rows.getLong(1);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void whoeverWroteWhateverIsThereWhenAllMembersAreOthers(Mode mode) throws SQLException {
    List<Cache<Integer, Integer>> caches = open(options(mode));
    Map<Integer, Integer> expected = new HashMap<>(numbered(0, ENTRIES));
    caches.get(0).putAll(numbered(0, ENTRIES / 2));
    for (int key = ENTRIES / 2; key < ENTRIES; key++) {
      caches.get(key % MEMBERS).put(key, key);
    }
    for (int round = 0; round < 2; round++) {
      assertThat(rows()).isEqualTo(expected.size());
      for (int key = 0; key < 30; key++) {
        Cache<Integer, Integer> cache = caches.get((key + round) % MEMBERS);
        @Nullable Integer now = expected.get(key);
        switch (key % 6) {
          case 0 -> {
            assertThat(cache.remove(key)).isEqualTo(now);
            expected.remove(key);
          }
          case 1 -> {
            assertThat(cache.replace(key, -100, 1)).isFalse();
            assertThat(cache.replace(key, requireNonNull(now), -key - round)).isTrue();
            expected.put(key, -key - round);
          }
          case 2 -> assertThat(cache.putIfAbsent(key, 5_000)).isEqualTo(now);
          case 3 -> {
            int next = requireNonNull(now) + 1;
            assertThat(cache.update(key, old -> requireNonNull(old) + 1)).isEqualTo(next);
            expected.put(key, next);
          }
          case 4 -> {
            assertThat(cache.getAndPut(key, 7)).isEqualTo(now);
            expected.put(key, 7);
          }
          default -> assertThat(cache.get(key)).isEqualTo(now);
        }
      }
      for (Cache<Integer, Integer> cache : caches) {
        assertThat(cache.asMap()).isEqualTo(expected);
        assertThat(cache.size()).isEqualTo(expected.size());
        IntStream.range(0, ENTRIES)
            .forEach(key -> assertThat(cache.get(key)).as("%s", key).isEqualTo(expected.get(key)));
      }
      restart();
      caches = open(options(mode));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void memoryIsAPartOfTheTable(Mode mode) {
    List<Cache<Integer, Integer>> caches = open(options(mode).maxEntries(10));
    caches.get(0).putAll(numbered(0, ENTRIES));
    for (Cache<Integer, Integer> cache : caches) {
      assertThat(cache.asMap()).isEqualTo(numbered(0, ENTRIES));
      assertThat(cache.size()).isEqualTo(ENTRIES);
      for (int key = 0; key < ENTRIES; key++) {
        assertThat(cache.containsKey(key)).isTrue();
        assertThat(cache.get(key)).isEqualTo(key);
      }
    }
    var unused = cluster.join();
    cluster.leave(0);
    Cache<Integer, Integer> joined = cluster.caches(2).cache("c");
    assertThat(joined.asMap()).isEqualTo(numbered(0, ENTRIES));
  }

  /** Without the early write the backups had done what the table then refused. */
  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void aWriteThatTheTableRefusesIsInNoMemory(Mode mode) {
    List<Cache<Integer, Integer>> caches = open(options(mode));
    caches.get(0).putAll(numbered(0, ENTRIES));
    caches.forEach(
        cache -> assertThat(cache.getAll(numbered(0, ENTRIES).keySet())).hasSize(ENTRIES));
    switches.forEach(Switch::off);
    for (int key = 0; key < ENTRIES; key++) {
      int k = key;
      Cache<Integer, Integer> cache = caches.get(key % MEMBERS);
      switch (key % 4) {
        case 0 -> refused(() -> cache.put(k, -1));
        case 1 -> refused(() -> cache.remove(k));
        case 2 -> refused(() -> cache.replace(k, k, -1));
        default -> refused(() -> cache.getAndPut(k, -1));
      }
    }
    refused(() -> caches.get(0).putAll(Map.of(1, -1, 2, -2, 3, -3)));
    refused(caches.get(1)::clear);
    for (int key = 0; key < ENTRIES; key++) {
      for (int member = 0; member < MEMBERS; member++) {
        if (isOwner(key, member, caches)) { // and has it in memory
          assertThat(caches.get(member).get(key)).as("key %s", key).isEqualTo(key);
        }
      }
    }
    switches.forEach(Switch::on);
    caches.forEach(cache -> assertThat(cache.asMap()).isEqualTo(numbered(0, ENTRIES)));
    restart();
    open(options(mode)).forEach(cache -> assertThat(cache.asMap()).isEqualTo(numbered(0, ENTRIES)));
  }

  /**
   * The engine tells the backups of a {@code putAll} before the primary owner has done it. If they
   * wrote the table as well, one that is late would write the old entry over what came after.
   */
  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void ofSeveralAtOnceEachIsWrittenByWhoOrdersItAlone(Mode mode) throws SQLException {
    List<Cache<Integer, Integer>> caches = open(options(mode));
    for (int member = 0; member < MEMBERS; member++) {
      int orders = member;
      Map<Integer, Integer> own =
          IntStream.range(member * 1_000, member * 1_000 + ENTRIES)
              .filter(key -> primary(key, caches) == orders)
              .boxed()
              .collect(Collectors.toMap(key -> key, key -> key));
      long before = rows();
      switches.forEach(Switch::off);
      switches.get(member).on();
      caches.get((member + 1) % MEMBERS).putAll(own);
      switches.forEach(Switch::on);
      assertThat(rows()).isEqualTo(before + own.size());
      caches.forEach(cache -> assertThat(cache.getAll(own.keySet())).isEqualTo(own));
    }
  }

  private static void refused(Runnable write) {
    assertThatThrownBy(write::run)
        .isInstanceOf(CacheException.class)
        .hasMessageContaining("connection refused");
  }

  private int primary(int key, List<Cache<Integer, Integer>> caches) {
    String name = caches.get(0).owners(key).get(0).name();
    return IntStream.range(0, MEMBERS)
        .filter(i -> cluster.node(i).self().name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  /**
   * A read has the entry from the table and not left it in memory yet. Meanwhile the entry is
   * removed. Without the guard the read would bring it back.
   */
  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void aReadThatWasOvertakenBringsNothingBack(Mode mode) throws Exception {
    open(options(mode)).get(0).putAll(numbered(0, ENTRIES));
    restart();
    List<Cache<Integer, Integer>> caches = open(options(mode));
    for (int key = 0; key < 12; key++) {
      int backup = (primary(key, caches) + 1) % MEMBERS;
      if (mode == Mode.DISTRIBUTED && !isOwner(key, backup, caches)) {
        backup = (backup + 1) % MEMBERS;
      }
      Cache<Integer, Integer> reader = caches.get(backup);
      Switch.Held held = switches.get(backup).holdOneRead();
      int k = key;
      Future<Integer> read = threads.submit(() -> reader.get(k));
      held.awaitRead();
      switch (key % 3) {
        case 0 -> caches.get((backup + 1) % MEMBERS).remove(key);
        case 1 -> caches.get((backup + 1) % MEMBERS).clear();
        default -> assertThat(caches.get((backup + 1) % MEMBERS).remove(key, k)).isTrue();
      }
      // One that comes now must not be given what the other has read.
      assertThat(reader.get(key)).isNull();
      held.letGo();
      assertThat(read.get()).isIn(null, key);
      for (Cache<Integer, Integer> cache : caches) {
        assertThat(cache.get(key)).as("key %s", key).isNull();
        assertThat(cache.containsKey(key)).isFalse();
      }
      if (key % 3 == 1) {
        caches.get(0).putAll(numbered(key + 1, ENTRIES));
        restart();
        caches = open(options(mode));
      }
    }
  }

  private boolean isOwner(int key, int member, List<Cache<Integer, Integer>> caches) {
    String name = cluster.node(member).self().name();
    return caches.get(0).owners(key).stream().anyMatch(owner -> owner.name().equals(name));
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void whatIsRemovedClearedOrDestroyedStaysAwayOnAll(Mode mode) throws SQLException {
    List<Cache<Integer, Integer>> caches = open(options(mode));
    caches.get(0).putAll(numbered(0, ENTRIES));
    caches.get(1).clear();
    assertThat(rows()).isZero();
    caches.forEach(cache -> assertThat(cache.asMap()).isEmpty());
    caches.get(2).put(1, 1);
    caches.get(0).destroy();
    assertThatThrownBy(this::rows).isInstanceOf(SQLException.class);
    List<Cache<Integer, Integer>> again = open(options(mode));
    again.forEach(cache -> assertThat(cache.asMap()).isEmpty());
    again.get(1).put(2, 2);
    assertThat(rows()).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void anEntryEndsWhenItShouldWhereverItIs(Mode mode) {
    List<Cache<Integer, Integer>> caches = open(options(mode));
    caches.get(0).put(1, 1, Expiry.ttl(Duration.ofSeconds(10)));
    caches.get(1).put(2, 2);
    Duration before = Duration.ofMillis(cluster.now());
    restart();
    cluster.tick(before.minusMillis(cluster.now()).plusSeconds(9));
    caches = open(options(mode));
    caches.forEach(cache -> assertThat(cache.get(1)).isEqualTo(1));
    cluster.tick(Duration.ofSeconds(1));
    caches.forEach(cache -> assertThat(cache.get(1)).isNull());
    caches.forEach(cache -> assertThat(cache.asMap()).isEqualTo(Map.of(2, 2)));
  }

  @Test
  void whatWouldNotHoldIsRefused() {
    for (CacheOptions mode :
        List.of(CacheOptions.of(Mode.REPLICATED), CacheOptions.of(Mode.DISTRIBUTED))) {
      Persist named = Persist.jdbc("main", "shared");
      refused(mode, Persist.jdbc("jdbc:h2:mem:x", "shared"), ".dataSource(name, source)");
      refused(mode, Persist.jdbc(database, "shared"), ".dataSource(name, source)");
      refused(mode, named.preload(), "preload");
      refused(mode, named.purgeOnStart(), "purgeOnStart");
      refused(mode.async(), named, "async");
      refused(mode, named.writeBehind(1, 1), "writeBehind");
      assertThatThrownBy(() -> mode.persist(named).async())
          .isInstanceOf(IllegalArgumentException.class);
    }
    refused(CacheOptions.of(Mode.INVALIDATED), Persist.jdbc("main", "shared"), "INVALIDATED");
    try (LoopCluster available = new LoopCluster(new SerialCodec(), 1)) {
      assertThatThrownBy(() -> available.caches(0).cache("c", options(Mode.REPLICATED)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("Partitions.CONSISTENT");
      assertThat(available.caches(0).names()).isEmpty();
    }
  }

  private static void refused(CacheOptions options, Persist persist, String because) {
    assertThatThrownBy(() -> options.persist(persist))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(because);
  }

  @Test
  void aMemberWithoutTheDataSourceIsToldWhatToAdd() {
    try (LoopCluster half =
        new LoopCluster(
            new SerialCodec(),
            2,
            Partitions.CONSISTENT,
            member ->
                member == 0 ? new Resources(Map.of("main", database), Map.of()) : Resources.NONE)) {
      assertThatThrownBy(() -> half.caches(1).cache("c", options(Mode.REPLICATED)))
          .isInstanceOf(CacheException.class)
          .hasMessageContaining(".dataSource(\"main\", ...)");
      assertThat(half.caches(0).names()).isEmpty();
      Cache<Integer, Integer> cache = half.caches(0).cache("c", options(Mode.REPLICATED));
      cache.put(1, 1);
      assertThat(cache.get(1)).isEqualTo(1);
      assertThatThrownBy(() -> half.caches(1).cache("c"))
          .isInstanceOf(CacheException.class)
          .hasMessageContaining(".dataSource(\"main\", ...)");
      assertThatThrownBy(half::join)
          .isInstanceOf(CacheException.class)
          .hasMessageContaining(".dataSource(\"main\", ...)");
      cache.put(2, 2);
      assertThat(cache.asMap()).isEqualTo(Map.of(1, 1, 2, 2));
    }
  }
}
