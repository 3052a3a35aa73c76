/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Expiry;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Member;
import org.memogrid.cluster.Partitions;
import org.memogrid.testkit.Await;

/** Members that share a cache and its table, in H2. */
final class SharedTableTest extends SharedStoreContract {
  private final JdbcDataSource database = new JdbcDataSource();
  private final List<Switch> switches = new ArrayList<>();

  SharedTableTest() {
    database.setURL("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1");
  }

  @Override
  Persist persist() {
    return Persist.jdbc("main", "shared");
  }

  @Override
  Resources named(int member) {
    Switch source = new Switch(database);
    switches.add(source);
    return new Resources(Map.of("main", source), Map.of());
  }

  @Override
  String lineToAdd() {
    return ".dataSource(\"main\", ...)";
  }

  @Override
  void given(Map<Integer, Integer> entries, List<Cache<Integer, Integer>> caches) {
    Map<Integer, Integer> together = new HashMap<>(entries);
    together.keySet().removeIf(key -> key % 2 == 0);
    caches.get(0).putAll(together);
    entries.forEach(
        (key, value) -> {
          if (!together.containsKey(key)) {
            caches.get(key / 2 % MEMBERS).put(key, value);
          }
        });
  }

  /** How many there are; which, others see after the round. */
  @Override
  void assertKept(Map<Integer, Integer> entries) throws SQLException {
    assertThat(rows()).isEqualTo(entries.size());
  }

  @Override
  void refuse(boolean refuses) {
    switches.forEach(refuses ? Switch::off : Switch::on);
  }

  @Override
  String refusal() {
    return "connection refused";
  }

  /** Others come, who have the database alone. */
  @Override
  List<Cache<Integer, Integer>> afterRound(
      List<Cache<Integer, Integer>> caches, CacheOptions options) {
    Map<Integer, Integer> before = new HashMap<>(caches.get(0).asMap());
    restart();
    List<Cache<Integer, Integer>> others = open(options);
    others.forEach(cache -> assertThat(cache.asMap()).isEqualTo(before));
    return others;
  }

  private void restart() {
    cluster.leaveOneByOne();
    cluster.close();
    switches.clear();
    begin();
  }

  @Override
  void afterEnd() throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("SHUTDOWN");
    }
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

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void aClearThatTheTableRefusesTakesNothingAway(Mode mode) {
    List<Cache<Integer, Integer>> caches = open(options(mode));
    caches.get(0).putAll(numbered(0, ENTRIES));
    refuse(true);
    refused(caches.get(1)::clear);
    refuse(false);
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
              .filter(key -> memberOf(caches.get(0), key, 0) == orders)
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
      int backup = (memberOf(caches.get(0), key, 0) + 1) % MEMBERS;
      if (mode == Mode.DISTRIBUTED && !isOwner(caches.get(0), key, backup)) {
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

  private LoopCluster another(int members) {
    return new LoopCluster(new SerialCodec(), members, Partitions.CONSISTENT, this::named);
  }

  private static void assertInUse(ThrowingCallable opening, String by) {
    assertThatThrownBy(opening)
        .isInstanceOf(CacheException.class)
        .hasMessageContaining("'c'")
        .hasMessageContaining("in use by " + by)
        .hasMessageContaining("a table of its own");
  }

  @Test
  void aTableThatAnotherClusterHasIsRefusedWhileOneOfItsMembersIsThere() {
    CacheOptions options = options(Mode.DISTRIBUTED);
    List<Cache<Integer, Integer>> caches = open(options);
    caches.get(0).putAll(numbered(0, ENTRIES));
    try (LoopCluster other = another(1)) {
      assertInUse(() -> other.caches(0).cache("c", options), "member n0 of cluster 'loop-");
      cluster.crash(0);
      assertInUse(() -> other.caches(0).cache("c", options), "member n");
      cluster.leave(0);
      assertInUse(() -> other.caches(0).cache("c", options), "member n");
      assertThat(cluster.caches(0).cache("c").asMap()).isEqualTo(numbered(0, ENTRIES));
      cluster.leave(0);
      assertThat(other.caches(0).cache("c", options).asMap()).isEqualTo(numbered(0, ENTRIES));
    }
  }

  @Test
  void theLastMemberThatLeavesLetsGoOfTheTable() throws Exception {
    open(options(Mode.DISTRIBUTED)).get(0).put(1, 1);
    cluster.leaveOneByOne();
    TableHold next = new TableHold(new Table(Connections.of(database), "shared"), "next");
    assertThat(
            next.take(
                () -> {
                  throw new AssertionError("it need not wait");
                }))
        .isNull();
  }

  private DurableStores process() {
    return new DurableStores(
        new Member("alone", "1"), new SerialCodec(), InstantSource.system(), threads, named(0));
  }

  @Test
  void aTableIsAProcessesOrAClustersAndNotBoths() {
    CacheOptions options = options(Mode.REPLICATED);
    CacheOptions local = options(Mode.LOCAL);
    DurableStores process = process();
    try {
      var unused = process.open("c", local);
      assertInUse(() -> cluster.caches(0).cache("c", options), "process");
    } finally {
      process.close();
    }
    open(options).get(0).put(1, 1);
    DurableStores late = process();
    try {
      assertInUse(() -> late.open("c", local), "member n0 of cluster 'loop-");
    } finally {
      late.close();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void aClusterWhoseTableWasTakenMeanwhileServesNothing(Mode mode) throws SQLException {
    List<Cache<Integer, Integer>> caches = open(options(mode));
    caches.get(0).putAll(numbered(0, ENTRIES));
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(
          "UPDATE shared SET ends = ends + 1, entry = STRINGTOUTF8('another')"
              + " WHERE id = 'memogrid holder'");
    }
    for (Cache<Integer, Integer> cache : caches) {
      Await.untilAsserted(
          "the end of its service",
          () ->
              assertThatThrownBy(() -> cache.get(1))
                  .isInstanceOf(CacheException.class)
                  .hasStackTraceContaining("held by another"));
    }
    for (Cache<Integer, Integer> cache : caches) {
      assertThatThrownBy(() -> cache.put(1, 2)).isInstanceOf(CacheException.class);
      assertThatThrownBy(() -> cache.remove(1)).isInstanceOf(CacheException.class);
      assertThatThrownBy(cache::clear).isInstanceOf(CacheException.class);
      assertThatThrownBy(cache::size).isInstanceOf(CacheException.class);
      assertThatThrownBy(() -> cache.asMap().size()).isInstanceOf(CacheException.class);
    }
    assertThat(rows()).isEqualTo(ENTRIES);
  }

  @Test
  void whatNoOtherMemberHasOrWouldDoAgainIsRefused() {
    for (Mode mode : List.of(Mode.REPLICATED, Mode.DISTRIBUTED)) {
      CacheOptions options = CacheOptions.of(mode);
      refused(options, Persist.jdbc("jdbc:h2:mem:x", "shared"), ".dataSource(name, source)");
      refused(options, Persist.jdbc(database, "shared"), ".dataSource(name, source)");
      refused(options, persist().preload(), "preload");
      refused(options, persist().purgeOnStart(), "purgeOnStart");
    }
  }
}
