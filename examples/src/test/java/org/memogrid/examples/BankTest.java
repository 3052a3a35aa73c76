/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.arjuna.ats.arjuna.common.recoveryPropertyManager;
import com.arjuna.ats.arjuna.recovery.RecoveryManager;
import com.arjuna.ats.arjuna.recovery.RecoveryModule;
import com.arjuna.ats.internal.jta.recovery.arjunacore.XARecoveryModule;
import com.arjuna.ats.jta.recovery.XAResourceRecoveryHelper;
import jakarta.transaction.Transaction;
import jakarta.transaction.TransactionManager;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.XAConnection;
import javax.transaction.xa.XAResource;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.InDoubtTransaction;
import org.memogrid.cache.Locking;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Transactions;
import org.memogrid.cluster.Cluster;
import org.memogrid.testkit.TestCluster;

/** Money moves between two caches, and between a cache and a database. */
class BankTest {
  private final JdbcDataSource database = new JdbcDataSource();

  @BeforeAll
  static void placeTheManagersLog() {
    for (String store : new String[] {"", "communicationStore.", "stateStore."}) {
      System.setProperty(
          "ObjectStoreEnvironmentBean." + store + "objectStoreDir",
          "target/narayana/" + ProcessHandle.current().pid());
    }
    recoveryPropertyManager.getRecoveryEnvironmentBean().setRecoveryBackoffPeriod(1);
  }

  @Test
  void betweenCaches() {
    try (TestCluster nodes = TestCluster.of(2)) {
      CacheOptions same = CacheOptions.of(Mode.REPLICATED).transactional(Locking.OPTIMISTIC);
      nodes.node(1).<String, Integer>cache("accounts", same).put("ann", 100);
      nodes.node(1).<String, Integer>cache("savings", same).put("ann", 0);

      Cluster cluster = nodes.node(0);
      CacheOptions options = CacheOptions.of(Mode.REPLICATED).transactional(Locking.OPTIMISTIC);
      Cache<String, Integer> accounts = cluster.cache("accounts", options);
      Cache<String, Integer> savings = cluster.cache("savings", options);

      Transactions.run(
          cluster,
          () -> {
            accounts.update("ann", balance -> balance - 10);
            savings.update("ann", balance -> balance + 10);
          });

      assertThat(nodes.node(1).cache("accounts", options).get("ann")).isEqualTo(90);
      assertThat(nodes.node(1).cache("savings", options).get("ann")).isEqualTo(10);

      int total =
          Transactions.call(
              cluster,
              10,
              () ->
                  accounts.asMap().getOrDefault("ann", 0) + savings.asMap().getOrDefault("ann", 0));

      assertThat(total).isEqualTo(100);
    }
  }

  /** With a manager of JTA. */
  static Cluster join() {
    Cluster cluster =
        Cluster.builder()
            .name("shop")
            .transactionManager(com.arjuna.ats.jta.TransactionManager.transactionManager())
            .join();
    return cluster;
  }

  /** What a process does before it uses the cache, with the manager's log that it had before. */
  static Cache<String, Integer> recover(Cluster cluster) {
    RecoveryManager recovery = RecoveryManager.manager();
    recovery.initialize();
    for (RecoveryModule module : recovery.getModules()) {
      if (module instanceof XARecoveryModule resources) {
        resources.addXAResourceRecoveryHelper(
            new XAResourceRecoveryHelper() {
              @Override
              public boolean initialise(String settings) {
                return true;
              }

              @Override
              public XAResource[] getXAResources() { // and those of the databases
                return new XAResource[] {Transactions.recovery(cluster)};
              }
            });
      }
    }
    Cache<String, Integer> stock =
        cluster.cache(
            "stock",
            CacheOptions.of(Mode.REPLICATED).transactional(Locking.OPTIMISTIC).recoverable());
    return stock;
  }

  /** By hand, if the log is lost. */
  static void giveUp(Cluster cluster) {
    for (InDoubtTransaction each : Transactions.inDoubt(cluster)) {
      System.out.println(each + " holds " + each.keys());
      each.rollback();
    }
  }

  @Test
  void whatIsInDoubtIsAskedForAndNothingIs() {
    TransactionManager manager = com.arjuna.ats.jta.TransactionManager.transactionManager();
    try (TestCluster nodes = TestCluster.of(2, builder -> builder.transactionManager(manager))) {
      recover(nodes.node(0)).put("nut", 1);
      RecoveryManager.manager().scan();
      giveUp(nodes.node(1));
      assertThat(nodes.node(1).cache("stock").get("nut")).isEqualTo(1);
    }
  }

  @Test
  void betweenACacheAndADatabase() throws Exception {
    TransactionManager manager = com.arjuna.ats.jta.TransactionManager.transactionManager();
    database.setURL("jdbc:h2:mem:bank;DB_CLOSE_DELAY=-1");
    execute("create table accounts (name varchar primary key, balance int check (balance >= 0))");
    execute("insert into accounts values ('ann', 15)");
    try (TestCluster nodes = TestCluster.of(2, builder -> builder.transactionManager(manager))) {
      Cluster cluster = nodes.node(0);
      Cache<String, Integer> savings =
          cluster.cache(
              "savings", CacheOptions.of(Mode.DISTRIBUTED).transactional(Locking.PESSIMISTIC));
      savings.put("ann", 0);

      Transactions.Task<Exception> save =
          () -> {
            savings.update("ann", balance -> balance + 10);
            XAConnection connection = database.getXAConnection();
            Transaction current = manager.getTransaction();
            current.enlistResource(connection.getXAResource());
            try (Statement statement = connection.getConnection().createStatement()) {
              statement.execute("update accounts set balance = balance - 10");
            }
          };
      Transactions.run(cluster, save);
      assertThat(savings.get("ann")).isEqualTo(10);
      assertThat(balance()).isEqualTo(5);

      assertThatThrownBy(() -> Transactions.run(cluster, save)).isInstanceOf(SQLException.class);
      assertThat(savings.get("ann")).isEqualTo(10);
      assertThat(balance()).isEqualTo(5);
    }
  }

  private void execute(String sql) throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private int balance() throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("select balance from accounts")) {
      rows.next();
      return rows.getInt(1);
    }
  }
}
