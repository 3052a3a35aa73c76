/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import org.h2.tools.Server;
import org.hibernate.SessionFactory;
import org.hibernate.cfg.Configuration;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Cluster;
import org.memogrid.jcache.MemogridCachingProvider;
import org.memogrid.testkit.NodeContext;
import org.memogrid.testkit.NodeProcess;

/** Hibernate's second-level cache, of two nodes on one database. */
class HibernateTest {
  private static SessionFactory hibernate(NodeContext there, String url) {
    return there.kept(
        "hibernate",
        () ->
            new Configuration()
                .addAnnotatedClass(Article.class)
                .setProperty("hibernate.connection.url", url)
                .setProperty("hibernate.hbm2ddl.auto", "update")
                .setProperty("hibernate.generate_statistics", "true")
                .setProperty("hibernate.cache.region.factory_class", "jcache")
                .setProperty(
                    "hibernate.javax.cache.provider", MemogridCachingProvider.class.getName())
                .setProperty("hibernate.javax.cache.uri", "hibernate-caches.properties")
                .setProperty("hibernate.javax.cache.missing_cache_strategy", "create")
                .setProperty("hibernate.cache.use_query_cache", "true")
                .buildSessionFactory());
  }

  /** The price of an article, and what reading it cost. */
  private record Read(int price, long fromCache, long statements) implements java.io.Serializable {}

  private static Read read(NodeProcess node, String url, String sku) {
    return node.call(
        there -> {
          SessionFactory hibernate = hibernate(there, url);
          hibernate.getStatistics().clear();
          int price = hibernate.fromSession(session -> session.find(Article.class, sku).price());
          return new Read(
              price,
              hibernate.getStatistics().getSecondLevelCacheHitCount(),
              hibernate.getStatistics().getPrepareStatementCount());
        });
  }

  private static long cheap(NodeContext there, String url) {
    return hibernate(there, url)
        .fromSession(
            session ->
                session
                    .createQuery("select count(a) from Article a where a.price < :most", Long.class)
                    .setParameter("most", 10)
                    .setCacheable(true)
                    .getSingleResult());
  }

  /** How many articles are cheap, and what asking cost. */
  private static Read ask(NodeProcess node, String url) {
    return node.call(
        there -> {
          SessionFactory hibernate = hibernate(there, url);
          hibernate.getStatistics().clear();
          int found = (int) cheap(there, url);
          return new Read(
              found,
              hibernate.getStatistics().getQueryCacheHitCount(),
              hibernate.getStatistics().getPrepareStatementCount());
        });
  }

  @Test
  void aQueryIsCachedByEachNodeUntilAnyNodeChangesItsTable() throws SQLException {
    Server database = Server.createTcpServer("-tcpPort", "0", "-ifNotExists").start();
    String url = "jdbc:h2:tcp://127.0.0.1:" + database.getPort() + "/mem:queries;DB_CLOSE_DELAY=-1";
    try (TwoNodes nodes = new TwoNodes("queries", "org.hibernate.cache.*")) {
      for (NodeProcess each : nodes.both()) {
        each.run(there -> hibernate(there, url));
      }
      nodes
          .one()
          .run(
              there ->
                  hibernate(there, url).inTransaction(s -> s.persist(new Article("apple", 5))));
      for (NodeProcess each : nodes.both()) {
        assertThat(ask(each, url)).isEqualTo(new Read(1, 0, 1));
        assertThat(ask(each, url)).isEqualTo(new Read(1, 1, 0));
      }

      nodes
          .two()
          .run(
              there -> hibernate(there, url).inTransaction(s -> s.persist(new Article("pear", 6))));

      for (NodeProcess each : nodes.both()) {
        assertThat(ask(each, url)).isEqualTo(new Read(2, 0, 1));
        assertThat(ask(each, url)).isEqualTo(new Read(2, 1, 0));
      }
    } finally {
      database.stop();
    }
  }

  @Test
  void whatOneNodeReadTheOtherFindsAndWhatOneChangedTheOtherReadsAnew() throws SQLException {
    Server database = Server.createTcpServer("-tcpPort", "0", "-ifNotExists").start();
    String url = "jdbc:h2:tcp://127.0.0.1:" + database.getPort() + "/mem:shop;DB_CLOSE_DELAY=-1";
    try (TwoNodes nodes = new TwoNodes("hibernate", "org.hibernate.cache.*")) {
      nodes
          .one()
          .run(
              there ->
                  hibernate(there, url).inTransaction(s -> s.persist(new Article("apple", 5))));
      nodes.two().run(there -> hibernate(there, url));
      assertThat(nodes.two().<Integer>call(there -> Cluster.shared().membership().members().size()))
          .isEqualTo(2);

      assertThat(read(nodes.one(), url, "apple")).isEqualTo(new Read(5, 0, 1));
      assertThat(read(nodes.two(), url, "apple")).isEqualTo(new Read(5, 1, 0));

      nodes
          .two()
          .run(
              there ->
                  hibernate(there, url)
                      .inTransaction(s -> s.find(Article.class, "apple").price(7)));

      assertThat(read(nodes.one(), url, "apple")).isEqualTo(new Read(7, 0, 1));
      assertThat(read(nodes.two(), url, "apple")).isEqualTo(new Read(7, 1, 0));
    } finally {
      database.stop();
    }
  }
}
