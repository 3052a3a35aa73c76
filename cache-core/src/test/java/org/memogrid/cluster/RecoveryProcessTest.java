/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.arjuna.ats.arjuna.common.recoveryPropertyManager;
import com.arjuna.ats.arjuna.recovery.RecoveryManager;
import com.arjuna.ats.arjuna.recovery.RecoveryModule;
import com.arjuna.ats.internal.jta.recovery.arjunacore.XARecoveryModule;
import com.arjuna.ats.jta.common.jtaPropertyManager;
import com.arjuna.ats.jta.recovery.XAResourceRecoveryHelper;
import java.io.Serializable;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.sql.XAConnection;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Locking;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Transactions;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeContext;
import org.memogrid.testkit.NodeProcess;
import org.memogrid.testkit.Postgres;
import org.memogrid.testkit.ProcessCluster;
import org.postgresql.xa.PGXADataSource;

/** Processes that are killed between prepare and commit, and come back with their manager's log. */
class RecoveryProcessTest {
  private static final String LOG =
      "-D" + Narayana.NODE + "=r" + ProcessHandle.current().pid() + "-";

  private static final int ACCOUNTS = 6;
  private static final int BALANCE = 100;

  /** A cache of each kind. */
  private static List<Cache<String, Integer>> open(Cluster cluster) {
    return Stream.of(Mode.REPLICATED, Mode.DISTRIBUTED)
        .flatMap(
            mode ->
                Stream.of(Locking.values())
                    .map(
                        locking ->
                            cluster.<String, Integer>cache(
                                mode + "-" + locking,
                                CacheOptions.of(mode).transactional(locking).recoverable())))
        .collect(Collectors.toCollection(ArrayList::new));
  }

  /** Stands in the way of its transaction, until that is recovered. */
  private static final class Wall extends Branch implements Serializable {
    private static final long serialVersionUID = 1L;

    private final boolean inPrepare;
    private final transient @Nullable Runnable reached;

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
      if (reached == null) {
        return;
      }
      reached.run();
      try {
        new CountDownLatch(1).await();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** Of two that stay, and one that is killed and comes back; started by who needs it first. */
  private static @Nullable ProcessCluster lasting;

  private static ProcessCluster lasting() {
    ProcessCluster there = lasting;
    if (there == null) {
      there = cluster();
      lasting = there;
      Stream.of(there.spare(), there.spare()).toList().forEach(there::join);
    }
    return there;
  }

  @AfterAll
  static void stop() {
    if (lasting != null) {
      lasting.close();
    }
  }

  private static ProcessCluster cluster() {
    return ProcessCluster.of(0, builder -> builder.transactionManager(Narayana.manager()));
  }

  /**
   * Two transactions over four caches stop, one before it is decided and one when two of the caches
   * have committed.
   */
  @Test
  void whatWasDecidedIsCommittedAndWhatWasNotIsRolledBackOnceTheManagerIsBack() {
    Set<Object> stopped = ConcurrentHashMap.newKeySet();
    ProcessCluster cluster = lasting();
    NodeProcess victim = cluster.spare(LOG + "caches");
    NodeProcess back = cluster.spare(LOG + "caches");
    cluster.join(victim);
    cluster.node(0).run(node -> open(node.cluster()).forEach(each -> each.put("decided", 1)));
    cluster.node(1).run(node -> open(node.cluster()).forEach(each -> each.put("open", 1)));
    victim.onEvent("stopped", stopped::add);
    var unused = victim.callAsync(node -> stop(node, true));
    unused = victim.callAsync(node -> stop(node, false));
    Await.until("both to stop", () -> stopped.size() == 2);
    cluster.kill(victim);
    cluster.awaitMembers();
    for (NodeProcess survivor : cluster.nodes()) {
      int inDoubt = survivor.call(node -> Transactions.inDoubt(node.cluster()).size());
      assertThat(inDoubt).isEqualTo(6);
    }
    cluster.join(back);
    back.run(node -> recover(node, ""));
    for (NodeProcess each : cluster.nodes()) {
      each.run(
          node -> {
            for (Cache<String, Integer> cache : open(node.cluster())) {
              assertThat(cache.get("decided")).as(cache.name()).isEqualTo(2);
              assertThat(cache.get("open")).as(cache.name()).isEqualTo(1);
            }
            assertThat(Transactions.inDoubt(node.cluster())).isEmpty();
          });
    }
    cluster.node(0).run(RecoveryProcessTest::writeAll);
    cluster.leave(back);
  }

  private static void writeAll(NodeContext node) {
    for (Cache<String, Integer> cache : open(node.cluster())) {
      cache.put("decided", 3);
      cache.put("open", 3);
    }
  }

  private static String stop(NodeContext node, boolean decided) throws Exception {
    String key = decided ? "decided" : "open";
    Wall wall = new Wall(!decided, () -> node.emit("stopped", key));
    Transactions.run(
        node.cluster(),
        () -> {
          List<Cache<String, Integer>> caches = open(node.cluster());
          caches.subList(0, 2).forEach(each -> each.put(key, 2));
          if (decided) { // two have committed before it, and two have not
            Narayana.manager().getTransaction().enlistResource(wall);
          }
          caches.subList(2, 4).forEach(each -> each.put(key, 2));
          if (!decided) { // all are prepared before it
            Narayana.manager().getTransaction().enlistResource(wall);
          }
        });
    return "";
  }

  /**
   * One moves from cache to cache and is killed at it, at any moment: between two messages of its
   * prepare or of its commit, too. When its manager is back nothing is half done, on any member.
   */
  @Test
  void nothingIsHalfDoneOnceTheManagerOfWhoWasKilledIsBack() {
    int rounds = Integer.getInteger("memogrid.test.rounds", 1);
    long seed = Long.getLong("memogrid.test.seed", System.nanoTime());
    System.out.println("kills at random moments: -Dmemogrid.test.seed=" + seed);
    Random random = new Random(seed);
    ProcessCluster cluster = lasting();
    NodeProcess mover = cluster.join(LOG + "moves");
    mover.run(node -> open(node.cluster()).forEach(each -> fill(each)));
    for (int round = 1; round <= rounds; round++) {
      NodeProcess back = cluster.spare(LOG + "moves");
      AtomicInteger moves = new AtomicInteger();
      mover.onEvent("moved", event -> moves.incrementAndGet());
      CompletableFuture<?> moving = mover.callAsync(RecoveryProcessTest::move);
      Await.until("moves", () -> moving.isDone() || moves.get() > 5);
      LockSupport.parkNanos(random.nextInt(300) * 1_000_000L);
      assertThat(moving).isNotDone();
      cluster.kill(mover);
      cluster.awaitMembers();
      int inDoubt = cluster.node(0).call(node -> Transactions.inDoubt(node.cluster()).size());
      cluster.join(back);
      back.run(node -> recover(node, ""));
      for (NodeProcess each : cluster.nodes()) {
        int sum = each.call(RecoveryProcessTest::sum);
        assertThat(sum)
            .as("on %s, round %s of seed %s, %s were in doubt", each, round, seed, inDoubt)
            .isEqualTo(4 * ACCOUNTS * BALANCE);
      }
      back.run(RecoveryProcessTest::writeAll);
      System.out.println("round " + round + ": " + moves + " moves, in doubt " + inDoubt);
      mover = back;
    }
    cluster.leave(mover);
  }

  private static void fill(Cache<String, Integer> cache) {
    for (int a = 0; a < ACCOUNTS; a++) {
      cache.put("a" + a, BALANCE);
    }
  }

  /** From each cache to another, until it is killed. */
  private static String move(NodeContext node) {
    List<Cache<String, Integer>> caches = open(node.cluster());
    Random random = new Random();
    while (true) {
      Collections.shuffle(caches, random);
      String from = "a" + random.nextInt(ACCOUNTS);
      String to = "a" + random.nextInt(ACCOUNTS);
      Transactions.run(
          node.cluster(),
          1000,
          () -> {
            caches.get(0).update(from, old -> old - 1);
            caches.get(1).update(to, old -> old + 2);
            caches.get(2).update(from, old -> old - 1);
          });
      node.emit("moved", "");
    }
  }

  /** What each member has itself of a replicated cache, and reads of the others. */
  private static int sum(NodeContext node) {
    int sum = 0;
    for (Cache<String, Integer> cache : open(node.cluster())) {
      for (int a = 0; a < ACCOUNTS; a++) {
        sum += requireNonNull(cache.get("a" + a));
      }
    }
    return sum;
  }

  /**
   * The database has committed and the cache has not. While another member is there it commits once
   * the manager is back; if none is left it is lost.
   */
  @Test
  void theCacheHasWhatTheDatabaseHasWhileAnyMemberIsLeft() throws SQLException {
    Set<Object> stopped = ConcurrentHashMap.newKeySet();
    try (ProcessCluster cluster = cluster();
        Postgres server = Postgres.start()) {
      NodeProcess victim = cluster.spare(LOG + "database");
      NodeProcess other = cluster.spare();
      NodeProcess back = cluster.spare(LOG + "database");
      NodeProcess alone = cluster.spare(LOG + "database");
      String url = server.url();
      run(url, "create table stock (item text primary key)");
      cluster.join(victim);
      cluster.join(other);
      victim.onEvent("stopped", stopped::add);
      var unused = victim.callAsync(node -> stopAfterDatabase(node, url, "nut"));
      Await.until("the database to commit", () -> stopped.size() == 1);
      cluster.kill(victim);
      cluster.awaitMembers();
      cluster.join(back);
      back.run(node -> recover(node, url));
      int nuts = other.call(node -> requireNonNull(stock(node).get("nut")));
      assertThat(nuts).isEqualTo(1);

      back.onEvent("stopped", stopped::add);
      unused = back.callAsync(node -> stopAfterDatabase(node, url, "bolt"));
      Await.until("the database to commit again", () -> stopped.size() == 2);
      cluster.kill(other);
      cluster.kill(back);
      cluster.join(alone);
      alone.run(node -> recover(node, url));
      boolean bolts = alone.call(node -> stock(node).containsKey("bolt"));
      assertThat(bolts).isFalse();
      assertThat(count(url, "stock")).isEqualTo(2);
      assertThat(count(url, "pg_prepared_xacts")).isZero();
    }
  }

  private static Cache<String, Integer> stock(NodeContext node) {
    return node.cluster()
        .cache(
            "stock",
            CacheOptions.of(Mode.DISTRIBUTED).transactional(Locking.OPTIMISTIC).recoverable());
  }

  private static String stopAfterDatabase(NodeContext node, String url, String item)
      throws Exception {
    XAConnection connection = source(url).getXAConnection();
    Transactions.run(
        node.cluster(),
        () -> {
          var current = Narayana.manager().getTransaction();
          current.enlistResource(connection.getXAResource());
          current.enlistResource(new Wall(false, () -> node.emit("stopped", item)));
          try (Statement statement = connection.getConnection().createStatement()) {
            statement.execute("insert into stock values ('" + item + "')");
          }
          stock(node).put(item, 1);
        });
    return "";
  }

  private static PGXADataSource source(String url) {
    PGXADataSource source = new PGXADataSource();
    source.setUrl(url);
    return source;
  }

  private static void run(String url, String command) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement()) {
      statement.execute(command);
    }
  }

  private static int count(String url, String table) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("select count(*) from " + table)) {
      rows.next();
      return rows.getInt(1);
    }
  }

  /** Has the manager of that process ask until nothing is in doubt. */
  private static void recover(NodeContext node, String url) {
    startRecovery(node.cluster(), url);
    Await.until(
        "the end of what is in doubt",
        () -> {
          RecoveryManager.manager().scan();
          return Transactions.inDoubt(node.cluster()).isEmpty();
        });
  }

  private static void startRecovery(Cluster cluster, String url) {
    requireNonNull(Narayana.manager(), "with its log");
    recoveryPropertyManager.getRecoveryEnvironmentBean().setRecoveryBackoffPeriod(1);
    jtaPropertyManager
        .getJTAEnvironmentBean()
        .setXaRecoveryNodes(List.of(requireNonNull(System.getProperty(Narayana.NODE))));
    jtaPropertyManager.getJTAEnvironmentBean().setOrphanSafetyInterval(1);
    RecoveryManager recovery = RecoveryManager.manager(RecoveryManager.INDIRECT_MANAGEMENT);
    recovery.initialize();
    for (RecoveryModule module : recovery.getModules()) {
      if (module instanceof XARecoveryModule resources) {
        resources.addXAResourceRecoveryHelper(
            new Asked(
                () -> {
                  XAResource caches = Transactions.recovery(cluster);
                  return url.isEmpty()
                      ? new XAResource[] {caches}
                      : new XAResource[] {caches, source(url).getXAConnection().getXAResource()};
                }));
      }
    }
  }

  private interface Resources {
    XAResource[] get() throws SQLException;
  }

  private record Asked(Resources resources) implements XAResourceRecoveryHelper {
    @Override
    public boolean initialise(String unused) {
      return true;
    }

    @Override
    public XAResource[] getXAResources() throws Exception {
      return resources.get();
    }
  }
}
