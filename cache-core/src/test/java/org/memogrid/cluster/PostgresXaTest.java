/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.arjuna.ats.arjuna.common.recoveryPropertyManager;
import com.arjuna.ats.arjuna.recovery.RecoveryManager;
import com.arjuna.ats.arjuna.recovery.RecoveryModule;
import com.arjuna.ats.internal.jta.recovery.arjunacore.XARecoveryModule;
import com.arjuna.ats.jta.recovery.XAResourceRecoveryHelper;
import jakarta.transaction.Synchronization;
import jakarta.transaction.Transaction;
import jakarta.transaction.TransactionManager;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.XAConnection;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Locking;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Transactions;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.Postgres;
import org.memogrid.testkit.TestCluster;
import org.postgresql.xa.PGXADataSource;

/** A cache and a real database in one transaction of a JTA manager. */
class PostgresXaTest {
  private static final PGXADataSource SOURCE = new PGXADataSource();
  private static @Nullable Postgres server;

  private final TransactionManager manager = Narayana.manager();
  private final TestCluster cluster =
      TestCluster.of(2, builder -> builder.transactionManager(manager));

  @BeforeAll
  static void startServer() {
    server = Postgres.start();
    SOURCE.setUrl(server().url());
  }

  private static Postgres server() {
    return requireNonNull(server, "started");
  }

  @AfterAll
  static void stopServer() {
    if (server != null) {
      server.close();
    }
  }

  @BeforeEach
  void makeTable() throws SQLException {
    run("drop table if exists stock", "create table stock (item text primary key, pieces int)");
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  private static void run(String... commands) throws SQLException {
    try (Connection connection = DriverManager.getConnection(server().url());
        Statement statement = connection.createStatement()) {
      for (String command : commands) {
        statement.execute(command);
      }
    }
  }

  private static int count(String table) throws SQLException {
    try (Connection connection = DriverManager.getConnection(server().url());
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("select count(*) from " + table)) {
      rows.next();
      return rows.getInt(1);
    }
  }

  private Cache<String, Integer> open() {
    return cluster
        .node(0)
        .cache("stock", CacheOptions.of(Mode.REPLICATED).transactional(Locking.OPTIMISTIC));
  }

  /** In the transaction that the thread is in. */
  private void insert(String item, int pieces) throws Exception {
    XAConnection connection = SOURCE.getXAConnection();
    Transaction current = manager.getTransaction();
    current.enlistResource(connection.getXAResource());
    current.registerSynchronization(new Closing(connection));
    try (Statement statement = connection.getConnection().createStatement()) {
      statement.execute("insert into stock values ('" + item + "', " + pieces + ")");
    }
  }

  private record Closing(XAConnection connection) implements Synchronization {
    @Override
    public void beforeCompletion() {}

    @Override
    public void afterCompletion(int status) {
      try {
        connection.close();
      } catch (SQLException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  @Test
  void bothHaveItOrNeitherHas() throws Exception {
    Cache<String, Integer> cache = open();
    Transactions.run(
        cluster.node(0),
        () -> {
          insert("nut", 5);
          cache.put("nut", 5);
        });
    assertThat(count("stock")).isEqualTo(1);
    assertThat(cache.get("nut")).isEqualTo(5);
    assertThatThrownBy(
            () ->
                Transactions.run(
                    cluster.node(0),
                    () -> {
                      cache.put("bolt", 1);
                      insert("bolt", 1);
                      insert("nut", 6); // is there
                    }))
        .isInstanceOf(SQLException.class);
    assertThat(count("stock")).isEqualTo(1);
    assertThat(cache.get("bolt")).isNull();
    assertThat(count("pg_prepared_xacts")).isZero();
  }

  /** It dies prepared: what it promised is in its log, and the decision in the manager's. */
  @Test
  void aDatabaseThatDiesPreparedHasWhatTheCacheHasOnceItIsBackAndRecovered() throws Exception {
    Cache<String, Integer> cache = open();
    Transactions.run(
        cluster.node(0),
        () -> {
          insert("nut", 5);
          cache.put("nut", 5);
          manager
              .getTransaction()
              .enlistResource(
                  new Branch() {
                    @Override
                    public int prepare(Xid xid) {
                      server().kill();
                      return XA_RDONLY;
                    }
                  });
        });
    assertThat(cluster.node(1).cache("stock").get("nut")).isEqualTo(5);
    server().serve();
    assertThat(count("stock")).isZero();
    assertThat(count("pg_prepared_xacts")).isEqualTo(1);
    RecoveryManager recovery = recovery();
    Await.until(
        "the recovery of the database",
        () -> {
          recovery.scan();
          return count("stock") == 1;
        });
    assertThat(count("pg_prepared_xacts")).isZero();
  }

  private static RecoveryManager recovery() {
    recoveryPropertyManager.getRecoveryEnvironmentBean().setRecoveryBackoffPeriod(1);
    RecoveryManager recovery = RecoveryManager.manager(RecoveryManager.INDIRECT_MANAGEMENT);
    recovery.initialize();
    for (RecoveryModule module : recovery.getModules()) {
      if (module instanceof XARecoveryModule resources) {
        resources.addXAResourceRecoveryHelper(new Server());
      }
    }
    return recovery;
  }

  /** Where the manager asks for what is prepared. */
  private static final class Server implements XAResourceRecoveryHelper {
    @Override
    public boolean initialise(String unused) {
      return true;
    }

    @Override
    public XAResource[] getXAResources() throws Exception {
      return new XAResource[] {SOURCE.getXAConnection().getXAResource()};
    }
  }
}
