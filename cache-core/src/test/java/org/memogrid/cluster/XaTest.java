/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.transaction.Transaction;
import jakarta.transaction.TransactionManager;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import javax.sql.XAConnection;
import javax.transaction.xa.XAException;
import javax.transaction.xa.Xid;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Locking;
import org.memogrid.cache.Mode;
import org.memogrid.cache.TransactionConflictException;
import org.memogrid.cache.Transactions;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.TestCluster;

/** A cache and a database in one transaction of a JTA manager. */
class XaTest {
  private final TransactionManager manager = Narayana.manager();
  private final JdbcDataSource database = new JdbcDataSource();
  private final TestCluster cluster =
      TestCluster.of(2, builder -> builder.transactionManager(manager));

  @BeforeEach
  void makeTable() throws SQLException {
    database.setURL("jdbc:h2:mem:" + cluster.node(0).name() + ";DB_CLOSE_DELAY=-1");
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("create table stock (item varchar primary key, pieces int)");
    }
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  private Cache<String, Integer> open(Locking locking) {
    return cluster.node(0).cache("stock", CacheOptions.of(Mode.DISTRIBUTED).transactional(locking));
  }

  private int rows() throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("select count(*) from stock")) {
      rows.next();
      return rows.getInt(1);
    }
  }

  /** In the transaction that the thread is in. */
  private void insert(String item, int pieces) throws Exception {
    XAConnection connection = database.getXAConnection();
    Transaction current = manager.getTransaction();
    current.enlistResource(connection.getXAResource());
    current.registerSynchronization(
        new jakarta.transaction.Synchronization() {
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
        });
    try (Statement statement = connection.getConnection().createStatement()) {
      statement.execute("insert into stock values ('" + item + "', " + pieces + ")");
    }
  }

  @ParameterizedTest
  @EnumSource
  void bothHaveItOrNeitherHas(Locking locking) throws Exception {
    Cache<String, Integer> cache = open(locking);
    Transactions.run(
        cluster.node(0),
        () -> {
          insert("nut", 5);
          cache.put("nut", 5);
        });
    assertThat(rows()).isEqualTo(1);
    assertThat(cache.get("nut")).isEqualTo(5);
    assertThatThrownBy(
            () ->
                Transactions.run(
                    cluster.node(0),
                    () -> {
                      cache.put("nut", 6);
                      cache.put("bolt", 1);
                      insert("bolt", 1);
                      insert("nut", 6); // is there
                    }))
        .isInstanceOf(SQLException.class);
    assertThat(rows()).isEqualTo(1);
    assertThat(cache.get("nut")).isEqualTo(5);
    assertThat(cache.get("bolt")).isNull();
    assertThat(manager.getTransaction()).isNull();
  }

  @ParameterizedTest
  @EnumSource
  void aCacheGivesBackWhatAnotherBranchRefusesToCommit(Locking locking) throws Exception {
    Cache<String, Integer> cache = open(locking);
    cache.put("nut", 1);
    assertThatThrownBy(
            () ->
                Transactions.run(
                    cluster.node(0),
                    () -> {
                      cache.put("nut", 2);
                      insert("nut", 2);
                      manager
                          .getTransaction()
                          .enlistResource(
                              new Branch() {
                                @Override
                                public int prepare(Xid xid) throws XAException {
                                  throw new XAException(XAException.XA_RBROLLBACK);
                                }
                              });
                    }))
        .isInstanceOf(CacheException.class)
        .hasMessageContaining("rolled back");
    assertThat(rows()).isZero();
    assertThat(cache.get("nut")).isEqualTo(1);
    cache.put("nut", 3); // no lock is left
  }

  /** If it was none, the other one would be the only branch, and be committed unasked. */
  @ParameterizedTest
  @EnumSource
  void aCacheIsABranchBesideOthersWhichAreAskedFirst(Locking locking) throws Exception {
    Cache<String, Integer> cache = open(locking);
    List<String> told = new ArrayList<>();
    Transactions.run(
        cluster.node(0),
        () -> {
          cache.put("nut", 1);
          manager
              .getTransaction()
              .enlistResource(
                  new Branch() {
                    @Override
                    public int prepare(Xid xid) {
                      told.add("prepare");
                      return XA_OK;
                    }

                    @Override
                    public void commit(Xid xid, boolean onePhase) {
                      told.add("commit");
                    }
                  });
        });
    assertThat(told).containsExactly("prepare", "commit");
    assertThat(cache.get("nut")).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource(names = "OPTIMISTIC")
  void aDatabaseGivesBackWhatACacheLost(Locking locking) throws Exception {
    Cache<String, Integer> cache = open(locking);
    cache.put("nut", 1);
    assertThatThrownBy(
            () ->
                Transactions.run(
                    cluster.node(0),
                    () -> {
                      cache.update("nut", old -> old + 1);
                      insert("nut", 2);
                      CompletableFuture.runAsync(() -> cache.put("nut", 10)).join();
                    }))
        .isInstanceOf(TransactionConflictException.class)
        .hasMessageContaining("stock")
        .hasMessageContaining("nut");
    assertThat(rows()).isZero();
    assertThat(cache.get("nut")).isEqualTo(10);
  }

  @ParameterizedTest
  @EnumSource
  void aTransactionThatJtaBeganIsJoined(Locking locking) throws Exception {
    Cache<String, Integer> cache = open(locking);
    manager.begin();
    Transactions.run(cluster.node(0), () -> cache.put("nut", 1));
    assertThat(CompletableFuture.supplyAsync(() -> cache.containsKey("nut")).join()).isFalse();
    insert("nut", 1);
    manager.commit();
    assertThat(cache.get("nut")).isEqualTo(1);
    assertThat(rows()).isEqualTo(1);
    manager.begin();
    cache.put("nut", 2);
    manager.rollback();
    assertThat(cache.get("nut")).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource
  void whatTakesTooLongForTheManagerIsRolledBackAndSaysSo(Locking locking) throws Exception {
    Cache<String, Integer> cache = open(locking);
    manager.setTransactionTimeout(1);
    try {
      assertThatThrownBy(
              () ->
                  Transactions.run(
                      cluster.node(0),
                      () -> {
                        cache.put("nut", 1);
                        Transaction own = manager.getTransaction();
                        Await.until(
                            "its end",
                            () -> own.getStatus() != jakarta.transaction.Status.STATUS_ACTIVE);
                        cache.put("bolt", 1);
                      }))
          .isInstanceOf(RuntimeException.class);
    } finally {
      manager.setTransactionTimeout(0);
    }
    assertThat(manager.getTransaction()).isNull();
    cache.put("other", 1);
    Await.until("its locks", () -> cache.putIfAbsent("nut", 7) == null);
    assertThat(cache.get("bolt")).isNull();
  }
}
