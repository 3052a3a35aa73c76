/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheLoader;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.CacheWriter;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.Partitions;
import org.memogrid.testkit.TestCluster;

/** Prices that are there when the process comes back: in files, in tables, in the shop's own. */
class PricesTest {
  private static DataSource database(String name) {
    JdbcDataSource source = new JdbcDataSource();
    source.setURL("jdbc:h2:mem:" + name + ";DB_CLOSE_DELAY=-1");
    return source;
  }

  @Test
  void inFiles(@TempDir Path directory) {
    CacheOptions kept =
        CacheOptions.of(Mode.LOCAL).maxEntries(100).persist(Persist.file(directory));
    try (Cluster cluster = Cluster.local()) {
      Cache<String, Integer> prices = cluster.cache("prices", kept);
      for (int number = 0; number < 1_000; number++) {
        prices.put("article " + number, number);
      }
    }
    try (Cluster cluster = Cluster.local()) {
      Cache<String, Integer> prices = cluster.cache("prices", kept);
      assertThat(prices.get("article 7")).isEqualTo(7);
      assertThat(prices.size()).isEqualTo(1_000);
    }
  }

  /** One table for all: whoever joins later, in place of all others, finds what they wrote. */
  @Test
  void inATableOfAllNodes() {
    DataSource shop = database("shop");
    CacheOptions shared = CacheOptions.of(Mode.DISTRIBUTED).persist(Persist.jdbc("shop", "prices"));
    for (int life = 0; life < 2; life++) {
      try (TestCluster nodes =
          TestCluster.of(
              2, builder -> builder.dataSource("shop", shop).partitions(Partitions.CONSISTENT))) {
        Cache<String, Integer> here = nodes.node(0).cache("prices", shared);
        Cache<String, Integer> there = nodes.node(1).cache("prices", shared);
        assertThat(there.get("tea")).isEqualTo(life == 0 ? null : 450);
        here.put("tea", 450);
        assertThat(there.get("tea")).isEqualTo(450);
      }
    }
  }

  @Test
  void behind() {
    DataSource shop = database("behind");
    try (Cluster cluster = Cluster.local()) {
      CacheOptions counted =
          CacheOptions.of(Mode.LOCAL).persist(Persist.jdbc(shop, "visits").writeBehind(1_000, 100));
      Cache<String, Integer> visits = cluster.cache("visits", counted);
      for (int visit = 0; visit < 500; visit++) {
        visits.asMap().merge("page " + visit % 7, 1, Integer::sum);
      }
      assertThat(visits.get("page 0")).isEqualTo(72);
    } // what waits is written here
    try (Cluster cluster = Cluster.local()) {
      CacheOptions read = CacheOptions.of(Mode.LOCAL).persist(Persist.jdbc(shop, "visits"));
      assertThat(cluster.<String, Integer>cache("visits", read).get("page 0")).isEqualTo(72);
    }
  }

  record Article(String name, int cents) {}

  /** A table of the shop's own, which knows nothing of caches. */
  static final class Articles
      implements CacheLoader<String, Article>, CacheWriter<String, Article> {
    private final DataSource shop;

    Articles(DataSource shop) {
      this.shop = shop;
    }

    @Override
    public @Nullable Article load(String name) throws SQLException {
      try (Connection connection = shop.getConnection();
          PreparedStatement select =
              connection.prepareStatement("select cents from articles where name = ?")) {
        select.setString(1, name);
        ResultSet rows = select.executeQuery();
        return rows.next() ? new Article(name, rows.getInt(1)) : null;
      }
    }

    @Override
    public void write(String name, Article article) throws SQLException {
      try (Connection connection = shop.getConnection();
          PreparedStatement merge =
              connection.prepareStatement("merge into articles key (name) values (?, ?)")) {
        merge.setString(1, name);
        merge.setInt(2, article.cents());
        merge.executeUpdate();
      }
    }

    @Override
    public void delete(String name) throws SQLException {
      try (Connection connection = shop.getConnection();
          PreparedStatement delete =
              connection.prepareStatement("delete from articles where name = ?")) {
        delete.setString(1, name);
        delete.executeUpdate();
      }
    }
  }

  /** As the page has it. */
  static Cache<String, Article> cached(Cluster cluster, DataSource shop) {
    Articles articles = new Articles(shop);
    CacheOptions options =
        CacheOptions.of(Mode.LOCAL)
            .maxEntries(10_000)
            .timeToLive(Duration.ofMinutes(5))
            .persist(Persist.with(articles, articles));
    Cache<String, Article> cache = cluster.cache("articles", options);
    return cache;
  }

  /** As the page has it: compiled, not run. */
  static Cache<String, Article> cachedOnAll(Articles articles) {
    Cluster cluster =
        Cluster.builder()
            .loaderAndWriter("articles", articles, articles)
            .partitions(Partitions.CONSISTENT)
            .expectMembers(3, Duration.ofSeconds(30))
            .join();
    CacheOptions options =
        CacheOptions.of(Mode.DISTRIBUTED)
            .maxEntries(10_000)
            .timeToLive(Duration.ofMinutes(5))
            .persist(Persist.with("articles"));
    Cache<String, Article> cache = cluster.cache("articles", options);
    return cache;
  }

  /** The same on two nodes: one of them loads for both. */
  @Test
  void inATableOfTheShopsOwnForAllNodes() throws SQLException {
    DataSource shop = database("all");
    try (Connection connection = shop.getConnection();
        Statement statement = connection.createStatement();
        TestCluster nodes =
            TestCluster.of(
                2,
                builder -> {
                  Articles articles = new Articles(shop);
                  return builder
                      .loaderAndWriter("articles", articles, articles)
                      .allow("org.memogrid.examples.*")
                      .partitions(Partitions.CONSISTENT);
                })) {
      statement.execute("create table articles (name varchar primary key, cents int)");
      statement.execute("insert into articles values ('tea', 450)");
      CacheOptions options =
          CacheOptions.of(Mode.DISTRIBUTED)
              .maxEntries(10_000)
              .timeToLive(Duration.ofMinutes(5))
              .persist(Persist.with("articles"));
      Cache<String, Article> here = nodes.node(0).cache("articles", options);
      Cache<String, Article> there = nodes.node(1).cache("articles", options);

      assertThat(here.get("tea")).isEqualTo(new Article("tea", 450));
      statement.execute("delete from articles"); // nobody asks again
      assertThat(there.get("tea")).isEqualTo(new Article("tea", 450));
      there.put("cup", new Article("cup", 1_200));
      assertThat(here.get("cup")).isEqualTo(new Article("cup", 1_200));

      ResultSet rows = statement.executeQuery("select name, cents from articles");
      assertThat(rows.next()).isTrue();
      assertThat(rows.getString(1) + " " + rows.getInt(2)).isEqualTo("cup 1200");
    }
  }

  @Test
  void inATableOfTheShopsOwn() throws SQLException {
    DataSource shop = database("own");
    try (Connection connection = shop.getConnection();
        Statement statement = connection.createStatement();
        Cluster cluster = Cluster.local()) {
      statement.execute(
          "create table articles (name varchar primary key, cents int check (cents > 0))");
      statement.execute("insert into articles values ('tea', 450)");

      Cache<String, Article> cache = cached(cluster, shop);

      assertThat(cache.get("tea")).isEqualTo(new Article("tea", 450));
      assertThat(cache.get("cup")).isNull();
      cache.put("cup", new Article("cup", 1_200));
      assertThatThrownBy(() -> cache.put("cup", new Article("cup", -1)))
          .isInstanceOf(CacheException.class)
          .hasMessageContaining("refused key 'cup'");
      assertThat(cache.get("cup")).isEqualTo(new Article("cup", 1_200));
      assertThat(cache.remove("tea")).isNotNull();

      ResultSet rows = statement.executeQuery("select name, cents from articles");
      assertThat(rows.next()).isTrue();
      assertThat(rows.getString(1) + " " + rows.getInt(2)).isEqualTo("cup 1200");
      assertThat(rows.next()).isFalse();
    }
  }
}
