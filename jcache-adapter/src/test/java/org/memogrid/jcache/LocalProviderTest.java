/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.binder.cache.JCacheMetrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.Serializable;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.cache.Cache;
import javax.cache.CacheManager;
import javax.cache.Caching;
import javax.cache.configuration.MutableConfiguration;
import javax.cache.integration.CacheLoader;
import javax.cache.spi.CachingProvider;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;

/** The provider as a program without a network meets it: through {@code Caching}. */
class LocalProviderTest {
  private final CachingProvider provider = Caching.getCachingProvider();

  @BeforeEach
  void stayAlone() {
    System.setProperty("memogrid.cluster", "none");
  }

  @AfterEach
  void close() {
    provider.close();
    Cluster.shared().close();
    System.clearProperty("memogrid.cluster");
    System.clearProperty("memogrid.jcache.mode");
  }

  @Test
  void itIsFoundAndKeepsToTheProcess() {
    assertThat(provider).isInstanceOf(MemogridCachingProvider.class);
    Cache<String, Integer> cache =
        provider.getCacheManager().createCache("c", new MutableConfiguration<String, Integer>());
    cache.put("a", 1);

    assertThat(cache.get("a")).isEqualTo(1);
    assertThat(cache.unwrap(org.memogrid.cache.Cache.class).mode()).isEqualTo(Mode.LOCAL);
    assertThat(provider.getCacheManager().unwrap(Cluster.class)).isSameAs(Cluster.shared());
  }

  @Test
  void theModeOfCachesThatNameNoneIsASetting() {
    System.setProperty("memogrid.jcache.mode", "replicated");
    Cache<String, Integer> cache =
        provider.getCacheManager().createCache("c", new MutableConfiguration<String, Integer>());
    assertThat(options(cache)).isEqualTo(CacheOptions.of(Mode.REPLICATED));

    System.setProperty("memogrid.jcache.mode", "everywhere");
    assertThatThrownBy(() -> provider.getCacheManager(URI.create("other"), null))
        .hasMessageContaining("system property memogrid.jcache.mode")
        .hasMessageContaining("everywhere")
        .hasMessageContaining("LOCAL, INVALIDATED, REPLICATED, DISTRIBUTED");
  }

  @SuppressWarnings("unchecked")
  private static CacheOptions options(Cache<?, ?> cache) {
    return ((MemogridConfiguration<?, ?>) cache.getConfiguration(MemogridConfiguration.class))
        .options();
  }

  @Test
  void ourConfigurationSaysWhereEntriesLive() {
    CacheOptions options =
        CacheOptions.of(Mode.DISTRIBUTED).owners(3).maxEntries(10).maxIdle(Duration.ofMinutes(1));
    Cache<String, Integer> cache =
        provider
            .getCacheManager()
            .createCache("c", new MemogridConfiguration<String, Integer>(options));
    assertThat(options(cache)).isEqualTo(options);
    for (int i = 0; i < 100; i++) {
      cache.put("k" + i, i);
    }
    List<Object> left = new ArrayList<>();
    cache.forEach(left::add);
    assertThat(left).hasSizeLessThanOrEqualTo(10);
  }

  @Test
  void aFilesCachesAreThereWhenItsManagerIs() {
    CacheManager manager = provider.getCacheManager(URI.create("classpath:shop.yaml"), null);
    Cache<Object, Object> prices = manager.getCache("prices");
    prices.put("a", 1);
    assertThat(prices.unwrap(GridCache.class).parts().configuration().isStatisticsEnabled())
        .isTrue();
    assertThat(provider.getCacheManager(URI.create("classpath:shop.yaml"), null)).isSameAs(manager);
  }

  @Test
  void aFileThatIsWrongOpensNothingAndLeavesNothing() {
    assertThatThrownBy(() -> provider.getCacheManager(URI.create("classpath:none.yaml"), null))
        .hasMessageContaining("none.yaml");
    assertThat(provider.getCacheManager().getCacheNames()).isEmpty();
  }

  @Test
  void closingIsNotDestroyingButLocalDataGoWithTheirCache() {
    Cache<String, Integer> cache =
        provider.getCacheManager().createCache("c", new MutableConfiguration<String, Integer>());
    cache.put("a", 1);
    cache.close();
    assertThat(Cluster.shared().cacheNames()).isEmpty();
  }

  @Test
  void managersOfTwoClassLoadersAreApart() {
    CacheManager one = provider.getCacheManager();
    CacheManager two =
        provider.getCacheManager(null, new ClassLoader(getClass().getClassLoader()) {});
    Cache<String, Integer> a = one.createCache("c", new MutableConfiguration<String, Integer>());
    Cache<String, Integer> b = two.createCache("c", new MutableConfiguration<String, Integer>());
    a.put("a", 1);
    assertThat(b.get("a")).isNull();
  }

  /** They would have one URI and one store, and close each other's data. */
  @Test
  void aManagerOnTheSharedClusterIsAloneWhicheverCameFirst() {
    CacheManager first = provider.getCacheManager();
    assertThatThrownBy(() -> MemogridCachingProvider.managerOn(Cluster.shared()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("an open cache manager of " + first.getURI())
        .hasMessageContaining("managerOn(cluster, uri)");
    first.close();

    try (CacheManager own = MemogridCachingProvider.managerOn(Cluster.shared())) {
      assertThatThrownBy(() -> provider.getCacheManager())
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("an open cache manager of " + own.getURI());
      CacheManager named = provider.getCacheManager(URI.create("another"), null);
      assertThat(named.isClosed()).isFalse();
    }
    assertThat(provider.getCacheManager().isClosed()).isFalse();
  }

  @Test
  void whoHidesACacheLeavesTheBeanOfAnotherManager() throws Exception {
    ObjectName name =
        new ObjectName("javax.cache:type=CacheStatistics,CacheManager=memogrid.shared,Cache=seen");
    MBeanServer server = ManagementFactory.getPlatformMBeanServer();
    MutableConfiguration<String, Integer> counted =
        new MutableConfiguration<String, Integer>().setStatisticsEnabled(true);
    CacheManager one = provider.getCacheManager();
    CacheManager two =
        provider.getCacheManager(null, new ClassLoader(getClass().getClassLoader()) {});
    one.createCache("seen", counted).put("a", 1);
    Cache<String, Integer> other = two.createCache("seen", counted);

    assertThat(server.getAttribute(name, "CachePuts")).isEqualTo(1L);
    two.enableStatistics("seen", false);
    other.close();
    assertThat(server.getAttribute(name, "CachePuts")).isEqualTo(1L);
    one.close();
    assertThat(server.isRegistered(name)).isFalse();
  }

  @Test
  void micrometerReadsTheStatistics() {
    Cache<String, Integer> cache =
        provider
            .getCacheManager(URI.create("shop:8080"), null)
            .createCache(
                "prices", new MutableConfiguration<String, Integer>().setStatisticsEnabled(true));
    SimpleMeterRegistry meters = new SimpleMeterRegistry();
    JCacheMetrics.monitor(meters, cache, "app", "test");
    cache.put("a", 1);
    assertThat(cache.get("a")).isEqualTo(1);
    assertThat(cache.get("b")).isNull();
    assertThat(cache.remove("a")).isTrue();

    assertThat(meters.get("cache.gets").tag("result", "hit").functionCounter().count())
        .isEqualTo(1);
    assertThat(meters.get("cache.gets").tag("result", "miss").functionCounter().count())
        .isEqualTo(1);
    assertThat(meters.get("cache.puts").functionCounter().count()).isEqualTo(1);
    assertThat(meters.get("cache.removals").gauge().value()).isEqualTo(1);
    assertThat(meters.get("cache.evictions").functionCounter().count()).isZero();
  }

  /** A loader may have more than it was asked for. */
  @Test
  void getAllAnswersNoKeyThatNobodyAskedForThoughItIsStored() {
    CacheLoader<String, Integer> generous =
        new CacheLoader<>() {
          @Override
          public Integer load(String key) {
            return 1;
          }

          @Override
          public Map<String, Integer> loadAll(Iterable<? extends String> keys) {
            return Map.of("a", 1, "b", 2, "c", 3);
          }
        };
    Cache<String, Integer> cache =
        provider
            .getCacheManager()
            .createCache(
                "c",
                new MutableConfiguration<String, Integer>()
                    .setReadThrough(true)
                    .setCacheLoaderFactory(() -> generous));
    cache.put("a", 7);
    assertThat(cache.getAll(Set.of("a", "b"))).isEqualTo(Map.of("a", 7, "b", 2));
    assertThat(cache.containsKey("c")).isTrue();
  }

  /** Its fields are not all of it. */
  static final class Total implements Serializable {
    private static final long serialVersionUID = 1L;

    private final int part;
    private transient int sum;

    Total(int part) {
      this.part = part;
      this.sum = 3 * part;
    }

    private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
      in.defaultReadObject();
      sum = 3 * part;
    }
  }

  @Test
  void aCopyIsMadeAsItsClassSays() {
    Cache<String, Total> cache =
        provider.getCacheManager().createCache("c", new MutableConfiguration<String, Total>());
    Total put = new Total(1);
    cache.put("k", put);
    Total copy = cache.get("k");
    assertThat(copy).isNotSameAs(put);
    assertThat(copy.sum).isEqualTo(3);
  }
}
