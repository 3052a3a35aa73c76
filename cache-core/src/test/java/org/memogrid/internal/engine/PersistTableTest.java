/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Codec;
import org.memogrid.testkit.Await;

/**
 * A cache of one process in a table of H2, over restarts and where the table is not as it should
 * be.
 */
final class PersistTableTest extends PersistContract {
  private final JdbcDataSource source = new JdbcDataSource();

  @Override
  Persist persist() {
    return Persist.jdbc(source, "prices");
  }

  @Override
  Map<String, DataSource> sources() {
    return Map.of("main", source);
  }

  @BeforeEach
  void place() {
    source.setURL(url());
  }

  @Override
  void afterLife() throws SQLException {
    sql("SHUTDOWN");
  }

  private String url() {
    return "jdbc:h2:" + directory.resolve("db") + ";DB_CLOSE_DELAY=-1";
  }

  private void sql(String... commands) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url());
        Statement statement = connection.createStatement()) {
      for (String command : commands) {
        statement.execute(command);
      }
    }
  }

  private long count(String query) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url());
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(query)) {
      assertThat(rows.next()).isTrue();
      return rows.getLong(1);
    }
  }

  @Test
  void aKeyOfAnyLengthIsFoundAgain() {
    String key = "k".repeat(20_000);
    open().put(key, 1);
    open().put(key + "l", 2);
    Cache<String, Integer> again = reopen(options());
    assertThat(again.get(key)).isEqualTo(1);
    assertThat(again.asMap()).isEqualTo(Map.of(key, 1, key + "l", 2));
  }

  @Test
  void aUrlAndANameLeadToTheSameTable() throws SQLException {
    open().put("k", 1);
    assertThat(reopen(CacheOptions.of(Mode.LOCAL).persist(Persist.jdbc(url(), "prices"))).get("k"))
        .isEqualTo(1);
    assertThat(reopen(CacheOptions.of(Mode.LOCAL).persist(Persist.jdbc("main", "prices"))).get("k"))
        .isEqualTo(1);
    assertThat(count("SELECT COUNT(*) FROM prices WHERE segment >= 0")).isEqualTo(1);
  }

  @Test
  void aTableThatAnotherProcessHasIsRefused() {
    open().put("k", 1);
    try (Life other = new Life()) {
      assertThatThrownBy(() -> other.open(options()))
          .isInstanceOf(CacheException.class)
          .hasMessageContaining("prices")
          .hasMessageContaining("in use by process")
          .hasMessageContaining("a table of its own");
      assertThat(open().get("k")).isEqualTo(1);
      life.close();
      assertThat(other.open(options()).get("k")).isEqualTo(1);
    }
  }

  private void takeAway(String table) throws SQLException {
    sql(
        "UPDATE "
            + table
            + " SET ends = ends + 1, entry = STRINGTOUTF8('another')"
            + " WHERE id = 'memogrid holder'");
  }

  private static void awaitEndOfService(Cache<String, Integer> cache) {
    Await.untilAsserted(
        "the end of its service",
        () ->
            assertThatThrownBy(() -> cache.get("k"))
                .isInstanceOf(CacheException.class)
                .hasStackTraceContaining("held by another"));
  }

  @Test
  void whoseTableWasTakenMeanwhileServesNothing() throws SQLException {
    Cache<String, Integer> cache = open();
    cache.put("k", 1);
    takeAway("prices");
    awaitEndOfService(cache);
    assertThatThrownBy(() -> cache.put("k", 2)).isInstanceOf(CacheException.class);
    assertThatThrownBy(() -> cache.remove("k")).isInstanceOf(CacheException.class);
    assertThatThrownBy(cache::size).isInstanceOf(CacheException.class);
    assertThatThrownBy(cache::clear).isInstanceOf(CacheException.class);
    assertThat(count("SELECT COUNT(*) FROM prices WHERE segment >= 0")).isEqualTo(1);
    life.close();
    assertThat(
            count(
                "SELECT COUNT(*) FROM prices WHERE id = 'memogrid holder'"
                    + " AND entry = STRINGTOUTF8('another')"))
        .isEqualTo(1);
  }

  /** Its row is locked until it is known that the table is another's. */
  @Test
  void whatWaitsToBeWrittenToATableThatWasTakenIsDropped() throws SQLException {
    Cache<String, Integer> cache =
        life.open(
            CacheOptions.of(Mode.LOCAL).persist(Persist.jdbc(source, "prices").writeBehind(10, 5)));
    cache.put("k", 1);
    Await.until("the first", () -> count("SELECT COUNT(*) FROM prices WHERE segment >= 0") == 1);
    try (Connection connection = DriverManager.getConnection(url());
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      statement.execute("UPDATE prices SET ends = 5 WHERE segment >= 0");
      cache.put("k", 2);
      takeAway("prices");
      awaitEndOfService(cache);
      assertThatThrownBy(() -> cache.put("k", 3)).isInstanceOf(CacheException.class);
      Await.until(
          "the one that was under way to fail of the lock",
          () ->
              count(
                      "SELECT COUNT(*) FROM INFORMATION_SCHEMA.SESSIONS"
                          + " WHERE EXECUTING_STATEMENT LIKE 'MERGE%'")
                  == 0);
      connection.commit();
    }
    life.close();
    assertThat(count("SELECT ends FROM prices WHERE segment >= 0")).isEqualTo(5);
  }

  @Test
  void whatWasClearedStaysAwayAndDestroyDropsTheTable() throws SQLException {
    open().putAll(numbered(0, ENTRIES));
    open().clear();
    open().put("kept", 1);
    assertThat(reopen(options()).asMap()).isEqualTo(Map.of("kept", 1));
    open().destroy();
    assertThatThrownBy(() -> count("SELECT COUNT(*) FROM prices")).isInstanceOf(SQLException.class);
    assertThat(open().size()).isZero();
    assertThat(reopen(options()).size()).isZero();
  }

  @Test
  void preloadReadsBeforeTheFirstReadAndPurgeLeavesNothing() throws SQLException {
    open().putAll(numbered(0, ENTRIES));
    Persist table = Persist.jdbc(source, "prices");
    Cache<String, Integer> warm = reopen(CacheOptions.of(Mode.LOCAL).persist(table.preload()));
    sql("DELETE FROM prices WHERE segment >= 0");
    assertThat(warm.get("k1")).isEqualTo(1);
    warm.put("k1", 1);
    Cache<String, Integer> empty =
        reopen(CacheOptions.of(Mode.LOCAL).persist(table.purgeOnStart()));
    assertThat(empty.size()).isZero();
    empty.put("k", 1);
    assertThat(empty.get("k")).isEqualTo(1);
    assertThatThrownBy(() -> table.preload().purgeOnStart())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("leave one");
  }

  /** The database is away. Writes go on until the queue is full, then they wait; none is lost. */
  @Test
  void writesBehindWaitForTheDatabaseAndAreNotLost() throws Exception {
    Switch db = new Switch(source);
    CacheOptions behind =
        CacheOptions.of(Mode.LOCAL)
            .maxEntries(5)
            .persist(Persist.jdbc(db, "prices").writeBehind(20, 7));
    Cache<String, Integer> cache = life.open(behind);
    cache.putAll(numbered(0, 10));
    db.off();
    for (int i = 10; i < 20; i++) {
      cache.put("k" + i, i);
    }
    Future<?> full = threads.submit(() -> numbered(20, 50).forEach(cache::put));
    assertThatThrownBy(() -> full.get(1, TimeUnit.SECONDS)).isInstanceOf(TimeoutException.class);
    assertThat(cache.get("k19")).isEqualTo(19);
    assertThat(cache.get("k12")).isEqualTo(12);
    db.on();
    full.get(30, TimeUnit.SECONDS);
    assertThat(cache.remove("k2")).isEqualTo(2);
    assertThat(cache.get("k15")).isEqualTo(15);
    Map<String, Integer> expected = new HashMap<>(numbered(0, 50));
    expected.remove("k2");
    assertThat(cache.asMap()).isEqualTo(expected);
    assertThat(reopen(options()).asMap()).isEqualTo(expected);
    assertThatThrownBy(() -> Persist.jdbc(db, "prices").writeBehind(0, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at least 1");
  }

  @Test
  void closingWhileTheDatabaseIsAwayEndsAndLosesWhatWaits() {
    Switch db = new Switch(source);
    CacheOptions behind =
        CacheOptions.of(Mode.LOCAL).persist(Persist.jdbc(db, "prices").writeBehind(20, 7));
    open().put("before", 1);
    Cache<String, Integer> cache = reopen(behind);
    db.off();
    cache.putAll(numbered(0, 10));
    life.close();
    db.on();
    life = new Life();
    assertThat(life.open(options()).asMap()).isEqualTo(Map.of("before", 1));
  }

  @Test
  void aTableOfAnotherCacheOrOfSomebodyElseIsRefused() throws SQLException {
    open().put("k", 1);
    assertThatThrownBy(() -> life.caches.cache("other", options()))
        .isInstanceOf(CacheException.class)
        .hasMessageContaining("cache=/prices")
        .hasMessageContaining("cache=other")
        .hasMessageContaining("a table of its own");
    sql(
        "CREATE TABLE theirs (id VARCHAR(64) PRIMARY KEY, segment INTEGER, ends BIGINT, entry_key"
            + " BLOB, entry BLOB)",
        "INSERT INTO theirs VALUES ('a', 1, 2, X'00', X'00')");
    assertThatThrownBy(
            () ->
                life.caches.cache(
                    "other", CacheOptions.of(Mode.LOCAL).persist(Persist.jdbc(source, "theirs"))))
        .isInstanceOf(CacheException.class)
        .hasMessageContaining("theirs")
        .hasMessageContaining("no mark of a cache");
    assertThat(open().get("k")).isEqualTo(1);
  }

  @Test
  void aTableOfAnotherCodecIsRefused() {
    open().put("k", 1);
    Codec before = codec;
    codec =
        new Codec() {
          @Override
          public byte[] encode(Object object) {
            byte[] bytes = before.encode(object);
            return java.util.Arrays.copyOf(bytes, bytes.length + 1);
          }

          @Override
          public Object decode(byte[] bytes) {
            return before.decode(bytes);
          }
        };
    assertThatThrownBy(() -> reopen(options()))
        .isInstanceOf(CacheException.class)
        .hasMessageContaining("another codec");
    codec = before;
    assertThat(reopen(options()).get("k")).isEqualTo(1);
  }

  @Test
  void aDatabaseThatIsNotThereIsNamedWithWhatToDo() {
    CacheOptions nowhere =
        CacheOptions.of(Mode.LOCAL)
            .persist(Persist.jdbc("jdbc:h2:tcp://127.0.0.1:1/x;PASSWORD=secret", "prices"));
    assertThatThrownBy(() -> life.open(nowhere))
        .isInstanceOf(CacheException.class)
        .hasMessageContaining("'/prices'")
        .hasMessageContaining("jdbc:h2:tcp://127.0.0.1:1/x")
        .hasMessageContaining("can't be reached")
        .hasMessageNotContaining("secret");
    CacheOptions noDriver =
        CacheOptions.of(Mode.LOCAL).persist(Persist.jdbc("jdbc:nothing:x", "prices"));
    assertThatThrownBy(() -> life.open(noDriver))
        .isInstanceOf(CacheException.class)
        .hasMessageContaining("driver");
    CacheOptions unknown = CacheOptions.of(Mode.LOCAL).persist(Persist.jdbc("elsewhere", "prices"));
    assertThatThrownBy(() -> life.open(unknown))
        .isInstanceOf(CacheException.class)
        .hasMessageContaining(".dataSource(\"elsewhere\", ...)");
    assertThatThrownBy(() -> Persist.jdbc(source, "prices; DROP TABLE x"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("names no table");
  }

  @Test
  void missingRightsAreNamedWithWhatToDo() throws SQLException {
    sql("CREATE USER reader PASSWORD 'r'");
    JdbcDataSource reader = new JdbcDataSource();
    reader.setURL("jdbc:h2:" + directory.resolve("db"));
    reader.setUser("reader");
    reader.setPassword("r");
    CacheOptions mayNot = CacheOptions.of(Mode.LOCAL).persist(Persist.jdbc(reader, "prices"));
    assertThatThrownBy(() -> life.open(mayNot))
        .isInstanceOf(CacheException.class)
        .hasMessageContaining("the right to create it");
    open().put("k", 1);
    sql("GRANT SELECT ON prices TO reader");
    assertThatThrownBy(() -> reopen(mayNot))
        .isInstanceOf(CacheException.class)
        .hasMessageContaining("the rights to select, insert, update and delete");
    sql("GRANT ALL ON prices TO reader");
    Cache<String, Integer> cache = reopen(mayNot);
    assertThat(cache.get("k")).isEqualTo(1);
    sql("REVOKE INSERT, UPDATE, DELETE ON prices FROM reader");
    assertThatThrownBy(() -> cache.put("k", 2))
        .isInstanceOf(CacheException.class)
        .hasMessageContaining("put on cache '/prices' was not written")
        .hasMessageContaining("may write there");
    assertThat(cache.get("k")).isEqualTo(1);
    assertThatThrownBy(() -> cache.remove("k")).isInstanceOf(CacheException.class);
    assertThatThrownBy(() -> cache.putAll(numbered(0, 3))).isInstanceOf(CacheException.class);
    assertThatThrownBy(cache::clear).isInstanceOf(CacheException.class);
    assertThat(cache.asMap()).isEqualTo(Map.of("k", 1));
    sql("GRANT ALL ON prices TO reader");
    cache.put("k", 3);
    assertThat(reopen(options()).get("k")).isEqualTo(3);
  }

  @Test
  void aDatabaseThatGoesAwayFailsTheWriteAndServesWhatMemoryHas() throws SQLException {
    Switch db = new Switch(source);
    CacheOptions options = CacheOptions.of(Mode.LOCAL).persist(Persist.jdbc(db, "prices"));
    Cache<String, Integer> cache = life.open(options);
    cache.put("k", 1);
    db.off();
    assertThatThrownBy(() -> cache.put("k", 2)).isInstanceOf(CacheException.class);
    assertThatThrownBy(() -> cache.putIfAbsent("l", 2)).isInstanceOf(CacheException.class);
    assertThatThrownBy(() -> cache.get("l")).isInstanceOf(CacheException.class);
    assertThat(cache.get("k")).isEqualTo(1);
    db.on();
    assertThat(cache.get("l")).isNull();
    assertThat(cache.get("k")).isEqualTo(1);
    assertThat(cache.replace("k", 1, 3)).isTrue();
    assertThat(reopen(options()).asMap()).isEqualTo(Map.of("k", 3));
  }
}
