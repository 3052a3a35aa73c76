/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcConnectionPool;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheLoader;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.CacheWriter;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeContext;
import org.memogrid.testkit.NodeProcess;
import org.memogrid.testkit.Postgres;
import org.memogrid.testkit.ProcessCluster;
import org.postgresql.ds.PGConnectionPoolDataSource;

/** Caches in tables of PostgreSQL, in processes that are killed. */
final class TableProcessTest {
  private static final int KEYS = 40;
  private static final int MEMBERS = 3;
  private static final int QUEUE = 50;

  private static @Nullable Postgres started;

  @TempDir Path directory;

  @BeforeAll
  static void serve() {
    started = Postgres.start();
  }

  @AfterAll
  static void end() {
    if (started != null) {
      started.close();
    }
  }

  private static Postgres server() {
    return Objects.requireNonNull(started);
  }

  private static DataSource pool(String url) {
    PGConnectionPoolDataSource source = new PGConnectionPoolDataSource();
    source.setUrl(url);
    return JdbcConnectionPool.create(source);
  }

  /** Whose table it is, and whether writers wait for it. */
  private enum Owner {
    CACHE,
    CACHE_BEHIND,
    PROGRAM,
    PROGRAM_BEHIND;

    boolean isBehind() {
      return this == CACHE_BEHIND || this == PROGRAM_BEHIND;
    }

    CacheOptions options() {
      boolean own = this == CACHE || this == CACHE_BEHIND;
      Persist persist = own ? Persist.jdbc("main", name()) : Persist.with("rows");
      return CacheOptions.of(Mode.DISTRIBUTED)
          .persist(isBehind() ? persist.writeBehind(QUEUE, 10) : persist);
    }
  }

  /** The program's own. */
  private record Rows(DataSource source)
      implements CacheLoader<String, Integer>, CacheWriter<String, Integer> {
    private int change(String sql, String key, int value) throws SQLException {
      try (Connection connection = source.getConnection();
          PreparedStatement statement = connection.prepareStatement(sql)) {
        statement.setString(1, key);
        statement.setInt(2, value);
        return statement.executeUpdate();
      }
    }

    @Override
    public @Nullable Integer load(String key) throws SQLException {
      try (Connection connection = source.getConnection();
          PreparedStatement statement =
              connection.prepareStatement("SELECT value FROM program WHERE name = ?")) {
        statement.setString(1, key);
        try (ResultSet found = statement.executeQuery()) {
          return found.next() ? found.getInt(1) : null;
        }
      }
    }

    @Override
    public void write(String key, Integer value) throws SQLException {
      var unused =
          change(
              "INSERT INTO program VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value ="
                  + " EXCLUDED.value",
              key,
              value);
    }

    @Override
    public void delete(String key) throws SQLException {
      var unused =
          change("DELETE FROM program WHERE name = ? OR value = ?", key, Integer.MIN_VALUE);
    }
  }

  private static ProcessCluster cluster(int members, String url) {
    return ProcessCluster.of(
        members,
        builder -> {
          DataSource pool = pool(url);
          Rows rows = new Rows(pool);
          return builder
              .partitions(Partitions.CONSISTENT)
              .dataSource("main", pool)
              .loaderAndWriter("rows", rows, rows);
        });
  }

  @Test
  void theSameHoldsWithPostgres() {
    try (Cluster cluster = Cluster.local()) {
      Cache<String, Integer> cache = local(cluster, "plain");
      cache.putAll(numbered());
      assertThat(cache.remove("k1")).isEqualTo(1);
      assertThat(cache.replace("k2", 2, -2)).isTrue();
      assertThat(cache.putIfAbsent("k3", 0)).isEqualTo(3);
      cache.put("long".repeat(10_000), 7);
    }
    try (Cluster cluster = Cluster.local()) {
      Cache<String, Integer> cache = local(cluster, "plain");
      assertThat(cache.get("k1")).isNull();
      assertThat(cache.get("k2")).isEqualTo(-2);
      assertThat(cache.get("long".repeat(10_000))).isEqualTo(7);
      assertThat(cache.size()).isEqualTo(KEYS);
      assertThat(cache.asMap()).hasSize(KEYS).containsEntry("k4", 4);
      cache.clear();
      assertThat(cache.asMap()).isEmpty();
      cache.destroy();
    }
  }

  private static Map<String, Integer> numbered() {
    return IntStream.range(0, KEYS).boxed().collect(Collectors.toMap(i -> "k" + i, i -> i));
  }

  private static Cache<String, Integer> local(Cluster cluster, String table) {
    return cluster.cache(
        table, CacheOptions.of(Mode.LOCAL).persist(Persist.jdbc(server().url(), table)));
  }

  /** Connections that were kept are dead then; the first write afterwards must not fail of it. */
  @Test
  void aServerThatWasKilledAndIsBackIsWrittenAtOnce() {
    try (Cluster cluster = Cluster.local()) {
      Cache<String, Integer> cache = local(cluster, "restarted");
      cache.putAll(numbered());
      server().kill();
      assertThatThrownBy(() -> cache.put("k1", -1))
          .isInstanceOf(CacheException.class)
          .hasMessageContaining("table restarted of jdbc:postgresql:")
          .hasMessageContaining("see that the database runs");
      assertThat(cache.get("k1")).isEqualTo(1);
      server().serve();
      cache.put("k2", -2);
      assertThat(cache.get("k1")).isEqualTo(1);
    }
    try (Cluster cluster = Cluster.local()) {
      Cache<String, Integer> cache = local(cluster, "restarted");
      assertThat(cache.get("k1")).isEqualTo(1);
      assertThat(cache.get("k2")).isEqualTo(-2);
      assertThat(cache.size()).isEqualTo(KEYS);
    }
  }

  @Test
  void whoStandsStillLosesTheTableAndServesNothingWhenItGoesOn() {
    String url = server().url();
    try (NodeProcess process = NodeProcess.start("first").awaitReady()) {
      process.run(
          node -> {
            Cluster cluster = node.kept("cluster", Cluster::local);
            cluster
                .cache("held", CacheOptions.of(Mode.LOCAL).persist(Persist.jdbc(url, "held")))
                .put("k", 1);
          });
      try (Cluster cluster = Cluster.local()) {
        assertThatThrownBy(() -> local(cluster, "held"))
            .isInstanceOf(CacheException.class)
            .hasMessageContaining("the table is in use by process");
        process.pause();
        Cache<String, Integer> cache = local(cluster, "held");
        assertThat(cache.get("k")).isEqualTo(1);
        cache.put("k", 2);
        process.resume();
        Await.until(
            "the first to find out",
            () ->
                process
                    .call(node -> failureOf(node.kept("cluster", Cluster::local)))
                    .contains("the table is held by process"));
        assertThat(cache.get("k")).isEqualTo(2);
      }
    }
  }

  private static String failureOf(Cluster cluster) {
    try {
      return "none: " + cluster.cache("held").get("k");
    } catch (CacheException e) {
      return e + " " + e.getCause();
    }
  }

  /** Writes number after number; what a kill may take are the last of them, as many as may wait. */
  @Test
  void aKilledProcessLosesNoMoreThanMayWait() throws IOException {
    int queue = 50;
    long seed = Long.getLong("memogrid.test.seed", System.nanoTime());
    System.out.println("kills at random moments: -Dmemogrid.test.seed=" + seed);
    Random random = new Random(seed);
    String url = server().url();
    CacheOptions options = CacheOptions.of(Mode.LOCAL).persist(Persist.jdbc(url, "behind"));
    String confirmed = directory.resolve("confirmed0").toString();
    try (NodeProcess process = NodeProcess.start("behind").awaitReady()) {
      CompletableFuture<String> writing =
          process.callAsync(node -> writeBehind(url, queue, Path.of(confirmed)));
      int wanted = 500 + random.nextInt(500);
      Await.until("writes", () -> writing.isDone() || lastOf(0) >= wanted);
      LockSupport.parkNanos(random.nextInt(5_000_000));
      assertThat(writing).isNotDone();
      process.kill();
    }
    int last = lastOf(0);
    try (Cluster cluster = Cluster.local()) {
      Cache<Integer, Integer> cache = cluster.cache("behind", options);
      long there = cache.size();
      System.out.println(last + " confirmed, " + there + " written");
      assertThat(there).as("seed %s", seed).isBetween(last - queue - 1L, last + 1L);
    }
  }

  private static String writeBehind(String url, int queue, Path confirmed) throws IOException {
    Persist behind = Persist.jdbc(url, "behind").writeBehind(queue, 10);
    try (Cluster cluster = Cluster.local();
        FileChannel out =
            FileChannel.open(confirmed, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      Cache<Integer, Integer> cache =
          cluster.cache("behind", CacheOptions.of(Mode.LOCAL).persist(behind));
      for (int number = 1; ; number++) {
        cache.put(number, number);
        out.write(ByteBuffer.allocate(Integer.BYTES).putInt(0, number), 0);
      }
    }
  }

  /**
   * Kills first one member in the middle of all members' writes, then all; where writes wait the
   * others leave, since they alone have what they have not written. Whoever comes back finds each
   * write that was confirmed; only of the writes that were under way nobody knows.
   */
  @ParameterizedTest
  @EnumSource
  void killedMembersLoseNoAcknowledgedWriteAndBringNothingBack(Owner owner) throws Exception {
    if (owner == Owner.PROGRAM || owner == Owner.PROGRAM_BEHIND) {
      try (Connection connection = DriverManager.getConnection(server().url());
          Statement statement = connection.createStatement()) {
        statement.execute("DROP TABLE IF EXISTS program");
        statement.execute("CREATE TABLE program (name VARCHAR(20) PRIMARY KEY, value INTEGER)");
      }
    }
    long seed = Long.getLong("memogrid.test.seed", System.nanoTime());
    System.out.println("kills at random moments: -Dmemogrid.test.seed=" + seed);
    Random random = new Random(seed);
    String url = server().url();
    int[] last = new int[MEMBERS];
    int lives = owner == Owner.CACHE ? 2 : 1; // one of them shows that lives go on from each other
    for (int life = 0; life < lives; life++) {
      try (ProcessCluster cluster = cluster(MEMBERS, url)) {
        assertAllThere(cluster.node(random.nextInt(MEMBERS)), owner, last, seed);
        List<CompletableFuture<String>> writing = new ArrayList<>();
        for (int member = 0; member < MEMBERS; member++) {
          int writer = member;
          int from = last[writer] + 1;
          String confirmed = directory.resolve("confirmed" + writer).toString();
          writing.add(
              cluster
                  .node(writer)
                  .callAsync(node -> write(node, owner, writer, from, Path.of(confirmed))));
        }
        int first = last[0] + 30 + random.nextInt(100);
        Await.until("writes", () -> lastOf(0) >= first);
        cluster.kill(cluster.node(random.nextInt(MEMBERS)));
        int[] now = {lastOf(0), lastOf(1), lastOf(2)};
        Await.until(
            "writes of those that are left",
            () -> IntStream.range(0, MEMBERS).filter(i -> lastOf(i) > now[i] + 20).count() == 2);
        LockSupport.parkNanos(random.nextInt(5_000_000));
        assertThat(writing).filteredOn(CompletableFuture::isDone).hasSizeLessThan(2);
        for (NodeProcess node : cluster.nodes()) {
          if (owner.isBehind()) {
            cluster.leave(node);
          } else {
            cluster.kill(node);
          }
        }
      }
      for (int writer = 0; writer < MEMBERS; writer++) {
        last[writer] = lastOf(writer);
      }
    }
    try (ProcessCluster cluster = cluster(1, url)) {
      assertAllThere(cluster.node(0), owner, last, seed);
    }
  }

  /** All at once: each takes what waits there, and who copies it is gone as well. */
  @Test
  void membersThatAreKilledTogetherLoseNoMoreThanMayWait() throws Exception {
    String url = server().url();
    try (ProcessCluster cluster = cluster(MEMBERS, url)) {
      List<CompletableFuture<String>> writing = new ArrayList<>();
      for (int member = 0; member < MEMBERS; member++) {
        int writer = member;
        String confirmed = directory.resolve("confirmed" + writer).toString();
        writing.add(
            cluster.node(writer).callAsync(node -> writeNew(node, writer, Path.of(confirmed))));
      }
      Await.until("writes", () -> IntStream.range(0, MEMBERS).allMatch(i -> lastOf(i) > 300));
      assertThat(writing).noneMatch(CompletableFuture::isDone);
      cluster.nodes().forEach(cluster::kill);
    }
    int last = lastOf(0) + lastOf(1) + lastOf(2);
    try (ProcessCluster cluster = cluster(1, url)) {
      long there = cluster.node(0).call(node -> node.cluster().cache("new", options()).size());
      System.out.println(last + " confirmed, " + there + " written");
      assertThat(there).isBetween(last - (long) MEMBERS * (QUEUE + MEMBERS), last + 3L);
    }
  }

  private static CacheOptions options() {
    return CacheOptions.of(Mode.DISTRIBUTED)
        .persist(Persist.jdbc("main", "together").writeBehind(QUEUE, 10));
  }

  private static String writeNew(NodeContext node, int writer, Path confirmed) throws IOException {
    Cache<String, Integer> cache = node.cluster().cache("new", options());
    try (FileChannel out =
        FileChannel.open(confirmed, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      for (int number = 1; ; number++) {
        cache.put(writer + "-" + number, number);
        out.write(ByteBuffer.allocate(Integer.BYTES).putInt(0, number), 0);
      }
    }
  }

  /**
   * A member stands still with changes that wait, since the table is locked. The others take it for
   * lost, write what it had, and write on. When it goes on it must not write what it has.
   */
  @Test
  void whoStoodStillWritesNothingOld() throws Exception {
    String url = server().url();
    try (ProcessCluster cluster = cluster(MEMBERS, url)) {
      NodeProcess still = cluster.node(1);
      String name = still.name();
      ArrayList<String> keys =
          still.call(node -> new ArrayList<>(keysOf(node.cluster().cache("still", still()), name)));
      still.run(node -> keys.forEach(key -> node.cluster().cache("still", still()).put(key, 0)));
      long written = still.call(node -> node.cluster().cache("still", still()).size());
      assertThat(written).isEqualTo(KEYS);
      try (Connection connection = DriverManager.getConnection(url)) {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
          statement.execute("LOCK TABLE still IN EXCLUSIVE MODE");
          still.run(
              node -> keys.forEach(key -> node.cluster().cache("still", still()).put(key, 1)));
          still.pause();
          // While owners change, writes wait for the table, which does not answer.
          var unused =
              cluster
                  .node(0)
                  .call(
                      Duration.ofMinutes(3),
                      node -> {
                        Cache<String, Integer> cache = node.cluster().cache("still", still());
                        keys.forEach(key -> SharedWrites.write(cache, key, 2));
                        return true;
                      });
          connection.rollback();
        }
      }
      still.resume();
      cluster.awaitMembers();
      for (NodeProcess node : cluster.nodes()) {
        assertNew(node);
      }
    }
    try (ProcessCluster cluster = cluster(1, url)) {
      assertNew(cluster.node(0));
    }
  }

  private static void assertNew(NodeProcess node) {
    Map<String, Integer> all =
        node.call(there -> new HashMap<>(asMap(there.cluster().cache("still", still()))));
    assertThat(all).hasSize(KEYS).allSatisfy((key, value) -> assertThat(value).isEqualTo(2));
  }

  private static CacheOptions still() {
    return CacheOptions.of(Mode.DISTRIBUTED)
        .persist(Persist.jdbc("main", "still").writeBehind(1_000, 5));
  }

  private static Map<String, Integer> asMap(Cache<String, Integer> cache) {
    Map<String, Integer> all = new HashMap<>();
    Await.untilAsserted("service", () -> all.putAll(cache.asMap()));
    return all;
  }

  /** Those that a member orders. */
  private static List<String> keysOf(Cache<String, Integer> cache, String member) {
    return IntStream.range(0, 10_000)
        .mapToObj(i -> "k" + i)
        .filter(key -> cache.owners(key).get(0).name().equals(member))
        .limit(KEYS)
        .collect(Collectors.toCollection(ArrayList::new));
  }

  /** Each writer has keys of its own; every third write is a removal. */
  private static String write(NodeContext node, Owner owner, int writer, int from, Path confirmed)
      throws IOException {
    Cache<String, Integer> cache = node.cluster().cache("killed", owner.options());
    try (FileChannel out =
        FileChannel.open(confirmed, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      for (int number = from; ; number++) {
        SharedWrites.write(cache, writer + "-" + number % KEYS, shown(number));
        out.write(ByteBuffer.allocate(Integer.BYTES).putInt(0, number), 0);
      }
    }
  }

  private static @Nullable Integer shown(int number) {
    return number <= 0 || number % 3 == 0 ? null : number;
  }

  private int lastOf(int writer) {
    Path file = directory.resolve("confirmed" + writer);
    try {
      byte[] number = Files.exists(file) ? Files.readAllBytes(file) : new byte[0];
      return number.length < Integer.BYTES ? 0 : ByteBuffer.wrap(number).getInt(); // just opened
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What was confirmed is there; the write after the last confirmed may be. Counts it if it is. */
  private static void assertAllThere(NodeProcess node, Owner owner, int[] last, long seed) {
    for (int writer = 0; writer < MEMBERS; writer++) {
      int confirmed = last[writer];
      int asked = writer;
      List<@Nullable Integer> there =
          node.call(
              context -> {
                Cache<String, Integer> cache = context.cluster().cache("killed", owner.options());
                List<@Nullable Integer> values = new ArrayList<>();
                for (int key = 0; key < KEYS; key++) {
                  values.add(cache.get(asked + "-" + key));
                }
                return new ArrayList<>(values);
              });
      for (int key = 0; key < KEYS; key++) {
        @Nullable Integer expected = shown(lastWriteOf(key, confirmed));
        @Nullable Integer found = there.get(key);
        if (key == (confirmed + 1) % KEYS && !Objects.equals(found, expected)) {
          assertThat(found)
              .as("at work: %s-%s, seed %s", writer, key, seed)
              .isEqualTo(shown(confirmed + 1));
        } else {
          assertThat(found).as("%s-%s, seed %s", writer, key, seed).isEqualTo(expected);
        }
      }
    }
  }

  private static int lastWriteOf(int key, int confirmed) {
    return confirmed - Math.floorMod(confirmed - key, KEYS);
  }
}
