/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import javax.sql.XAConnection;
import javax.transaction.xa.Xid;
import org.h2.jdbcx.JdbcDataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Locking;
import org.memogrid.cache.Mode;
import org.memogrid.cache.TransactionConflictException;
import org.memogrid.cache.Transactions;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeContext;
import org.memogrid.testkit.NodeProcess;
import org.memogrid.testkit.ProcessCluster;

/** Transactions of which a member dies. */
class TransactionKillTest {
  private static final int ACCOUNTS = 6;
  private static final int BALANCE = 100;

  @TempDir Path directory;

  private static Cache<String, Integer> open(Cluster cluster, Mode mode, Locking locking) {
    return open(cluster, mode, locking, "");
  }

  private static Cache<String, Integer> open(
      Cluster cluster, Mode mode, Locking locking, String more) {
    return cluster.cache(mode + "-" + locking + more, CacheOptions.of(mode).transactional(locking));
  }

  /** Stands in the way of a transaction at one of its ends, for ever. */
  private static final class Wall extends Branch {
    private final boolean inPrepare;
    private final Runnable reached;

    Wall(boolean inPrepare, Runnable reached) {
      this.inPrepare = inPrepare;
      this.reached = reached;
    }

    @Override
    public int prepare(Xid xid) {
      if (inPrepare) {
        stand();
      }
      return XA_OK;
    }

    @Override
    public void commit(Xid xid, boolean onePhase) {
      stand();
    }

    private void stand() {
      reached.run();
      try {
        new CountDownLatch(1).await();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /**
   * Five transactions of one member come to a stop, four when their cache is prepared and one when
   * its database has committed and its cache has not. Then the member is killed.
   */
  @Test
  void whatADeadMemberHadPreparedIsGivenUpAndNoLockIsLeft() throws SQLException {
    String url = "jdbc:h2:file:" + directory.resolve("bank") + ";WRITE_DELAY=0";
    Set<Object> stopped = ConcurrentHashMap.newKeySet();
    try (ProcessCluster cluster =
        ProcessCluster.of(3, builder -> builder.transactionManager(Narayana.manager()))) {
      NodeProcess victim = cluster.node(0);
      NodeProcess other = cluster.node(1);
      for (Mode mode : Set.of(Mode.REPLICATED, Mode.DISTRIBUTED)) {
        for (Locking locking : Locking.values()) {
          other.run(node -> open(node.cluster(), mode, locking).put("k", 1));
        }
      }
      victim.onEvent("stopped", stopped::add);
      for (Mode mode : Set.of(Mode.REPLICATED, Mode.DISTRIBUTED)) {
        for (Locking locking : Locking.values()) {
          var unused = victim.callAsync(node -> stopPrepared(node, mode, locking));
        }
      }
      var unused = victim.callAsync(node -> stopHalfCommitted(node, url));
      Await.until("all to stop", () -> stopped.size() == 5);
      cluster.kill(victim);
      cluster.awaitMembers();
      for (Mode mode : Set.of(Mode.REPLICATED, Mode.DISTRIBUTED)) {
        for (Locking locking : Locking.values()) {
          int there =
              other.call(
                  node -> {
                    Cache<String, Integer> cache = open(node.cluster(), mode, locking);
                    return Transactions.call(
                        node.cluster(),
                        20,
                        () -> {
                          int before = number(cache.get("k"));
                          cache.put("k", 7);
                          return before;
                        });
                  });
          assertThat(there).as("%s %s", mode, locking).isEqualTo(1);
          int after =
              cluster
                  .node(1)
                  .call(node -> number(open(node.cluster(), mode, locking).getAndPut("k", 8)));
          assertThat(after).isEqualTo(7);
        }
      }
      int stock =
          other.call(
              node ->
                  number(open(node.cluster(), Mode.DISTRIBUTED, Locking.OPTIMISTIC).get("row")));
      assertThat(stock).as("the cache beside the database").isEqualTo(0);
    }
    try (Connection connection = connect(url);
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("select count(*) from stock")) {
      rows.next();
      assertThat(rows.getInt(1)).as("rows in the database").isEqualTo(1);
    }
  }

  private static String stopPrepared(NodeContext node, Mode mode, Locking locking)
      throws Exception {
    Cache<String, Integer> cache = open(node.cluster(), mode, locking);
    Transactions.run(
        node.cluster(),
        () -> {
          cache.put("k", 2);
          Wall wall = new Wall(true, () -> node.emit("stopped", mode + "-" + locking));
          Narayana.manager().getTransaction().enlistResource(wall);
        });
    return "";
  }

  private static String stopHalfCommitted(NodeContext node, String url) throws Exception {
    Cache<String, Integer> cache = open(node.cluster(), Mode.DISTRIBUTED, Locking.OPTIMISTIC);
    cache.put("row", 0);
    JdbcDataSource source = new JdbcDataSource();
    source.setURL(url);
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("create table stock (item varchar primary key)");
    }
    Transactions.run(
        node.cluster(),
        () -> {
          XAConnection connection = source.getXAConnection();
          var current = Narayana.manager().getTransaction();
          current.enlistResource(connection.getXAResource());
          current.enlistResource(new Wall(false, () -> node.emit("stopped", "database")));
          try (Statement statement = connection.getConnection().createStatement()) {
            statement.execute("insert into stock values ('nut')");
          }
          cache.put("row", 1);
        });
    return "";
  }

  private static Connection connect(String url) throws SQLException {
    JdbcDataSource source = new JdbcDataSource();
    source.setURL(url);
    return source.getConnection();
  }

  /**
   * One member moves money between two caches while another that owns of it is killed. Nothing is
   * half done, whoever looks and when.
   */
  @Test
  void anOwnerThatDiesHalvesNoTransactionOfAnother() {
    long seed = Long.getLong("memogrid.test.seed", System.nanoTime());
    System.out.println("kills at random moments: -Dmemogrid.test.seed=" + seed);
    Random random = new Random(seed);
    try (ProcessCluster cluster = ProcessCluster.of(3)) {
      NodeProcess mover = cluster.node(0);
      mover.run(TransactionKillTest::fill);
      AtomicInteger moves = new AtomicInteger();
      mover.onEvent("moved", event -> moves.incrementAndGet());
      CompletableFuture<Integer> moving = mover.callAsync(TransactionKillTest::move);
      Await.until("moves", () -> moving.isDone() || moves.get() > 20);
      LockSupport.parkNanos(random.nextInt(300) * 1_000_000L);
      NodeProcess victim = cluster.node(2);
      cluster.kill(victim);
      cluster.awaitMembers();
      int atKill = moves.get();
      Await.until("moves after it", () -> moving.isDone() || moves.get() > atKill + 20);
      mover.run(node -> node.kept("over", () -> new CountDownLatch(1)).countDown());
      assertThat(moving.join()).as("sums that were wrong, seed %s", seed).isZero();
      for (NodeProcess node : cluster.nodes()) {
        int wrong = node.call(there -> wrongSums(there.cluster()));
        assertThat(wrong).as("on %s", node).isZero();
      }
    }
  }

  /**
   * The member that moves is killed at it. What it was at may be half done, which is not promised;
   * the others go on, and no lock is left.
   */
  @Test
  void whoDiesWhileItMovesHoldsNobodyUp() {
    long seed = Long.getLong("memogrid.test.seed", System.nanoTime());
    System.out.println("kills at random moments: -Dmemogrid.test.seed=" + seed);
    try (ProcessCluster cluster = ProcessCluster.of(3)) {
      NodeProcess mover = cluster.node(0);
      NodeProcess other = cluster.node(1);
      other.run(TransactionKillTest::fill);
      AtomicInteger moves = new AtomicInteger();
      mover.onEvent("moved", event -> moves.incrementAndGet());
      CompletableFuture<Integer> moving = mover.callAsync(TransactionKillTest::move);
      Await.until("moves", () -> moving.isDone() || moves.get() > 5);
      LockSupport.parkNanos(new Random(seed).nextInt(300) * 1_000_000L);
      assertThat(moving).isNotDone();
      cluster.kill(mover);
      cluster.awaitMembers();
      int halves = other.call(node -> wrongSums(node.cluster()));
      System.out.println("transactions that were left half done: " + halves);
      other.run(TransactionKillTest::fill); // every key is written again
      for (NodeProcess node : cluster.nodes()) {
        int wrong = node.call(there -> wrongSums(there.cluster()));
        assertThat(wrong).as("on %s, seed %s", node, seed).isZero();
      }
    }
  }

  private static void fill(NodeContext node) {
    for (Mode mode : Set.of(Mode.REPLICATED, Mode.DISTRIBUTED)) {
      for (Locking locking : Locking.values()) {
        for (int a = 0; a < ACCOUNTS; a++) {
          open(node.cluster(), mode, locking).put("a" + a, BALANCE);
          open(node.cluster(), mode, locking, "-savings").put("a" + a, BALANCE);
        }
      }
    }
  }

  /** Moves until it is told to stop, and answers how many sums were wrong meanwhile. */
  private static int move(NodeContext node) {
    CountDownLatch over = node.kept("over", () -> new CountDownLatch(1));
    Random random = new Random(1);
    int wrong = 0;
    while (over.getCount() > 0) {
      for (Mode mode : Set.of(Mode.REPLICATED, Mode.DISTRIBUTED)) {
        for (Locking locking : Locking.values()) {
          String from = "a" + random.nextInt(ACCOUNTS);
          String to = "a" + random.nextInt(ACCOUNTS);
          Cache<String, Integer> left = open(node.cluster(), mode, locking);
          Cache<String, Integer> right = open(node.cluster(), mode, locking, "-savings");
          try {
            Transactions.run(
                node.cluster(),
                () -> {
                  left.update(from, old -> old - 1);
                  right.update(to, old -> old + 1);
                });
          } catch (CacheException | TransactionConflictException told) {
            // nothing of it is there
          }
        }
      }
      wrong += wrongSums(node.cluster());
      node.emit("moved", "");
    }
    return wrong;
  }

  private static int wrongSums(Cluster cluster) {
    int wrong = 0;
    for (Mode mode : Set.of(Mode.REPLICATED, Mode.DISTRIBUTED)) {
      for (Locking locking : Locking.values()) {
        int sum = sum(cluster, mode, locking);
        if (sum != 2 * ACCOUNTS * BALANCE) {
          System.err.println("a sum of " + sum + " in " + mode + " " + locking);
          wrong++;
        }
      }
    }
    return wrong;
  }

  /** Asked again if it fails, which it may until the dead one is missed. */
  private static int sum(Cluster cluster, Mode mode, Locking locking) {
    AtomicInteger sum = new AtomicInteger();
    Await.untilAsserted(
        "a sum",
        () ->
            sum.set(
                Transactions.call(
                    cluster,
                    50,
                    () -> {
                      int all = 0;
                      for (int a = 0; a < ACCOUNTS; a++) {
                        all += number(open(cluster, mode, locking).get("a" + a));
                        all += number(open(cluster, mode, locking, "-savings").get("a" + a));
                      }
                      return all;
                    })));
    return sum.get();
  }

  private static int number(@Nullable Integer value) {
    return value == null ? 0 : value;
  }
}
