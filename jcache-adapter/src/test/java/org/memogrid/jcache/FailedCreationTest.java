/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import javax.cache.Cache;
import javax.cache.CacheException;
import javax.cache.CacheManager;
import javax.cache.configuration.Factory;
import javax.cache.configuration.MutableCacheEntryListenerConfiguration;
import javax.cache.event.CacheEntryEvent;
import javax.cache.event.CacheEntryRemovedListener;
import javax.cache.expiry.CreatedExpiryPolicy;
import javax.cache.integration.CacheLoader;
import javax.cache.integration.CacheWriter;
import javax.management.MalformedObjectNameException;
import javax.management.ObjectName;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;

/**
 * A cache that can't be created leaves nothing: no store, no name, no bean, nothing that is open.
 */
class FailedCreationTest {
  private static final CacheOptions OPTIONS = CacheOptions.of(Mode.LOCAL).maxEntries(10);

  private final Cluster cluster = Cluster.local();
  private final CacheManager manager = MemogridCachingProvider.managerOn(cluster);
  private final List<String> open = new ArrayList<>();

  @AfterEach
  void close() {
    manager.close();
    cluster.close();
  }

  /** What a user's factory made; it is to be closed. */
  private class Made implements AutoCloseable {
    private final String name;

    Made(String name) {
      this.name = name;
      open.add(name);
    }

    @Override
    public void close() {
      open.remove(name);
    }
  }

  private final class Loader extends Made implements CacheLoader<String, Integer> {
    Loader() {
      super("loader");
    }

    @Override
    public Integer load(String key) {
      return 1;
    }

    @Override
    public Map<String, Integer> loadAll(Iterable<? extends String> keys) {
      return Map.of();
    }
  }

  private final class Writer extends Made implements CacheWriter<String, Integer> {
    Writer() {
      super("writer");
    }

    @Override
    public void write(Cache.Entry<? extends String, ? extends Integer> entry) {}

    @Override
    public void writeAll(Collection<Cache.Entry<? extends String, ? extends Integer>> entries) {}

    @Override
    public void delete(Object key) {}

    @Override
    public void deleteAll(Collection<?> keys) {}
  }

  private final class Listener extends Made implements CacheEntryRemovedListener<String, Integer> {
    Listener() {
      super("listener");
    }

    @Override
    public void onRemoved(Iterable<CacheEntryEvent<? extends String, ? extends Integer>> events) {}
  }

  private static <T> Factory<T> failing() {
    return () -> {
      throw new IllegalStateException("no database");
    };
  }

  private MemogridConfiguration<String, Integer> complete(CacheOptions options) {
    MemogridConfiguration<String, Integer> complete = new MemogridConfiguration<>(options);
    complete
        .setCacheLoaderFactory(Loader::new)
        .setReadThrough(true)
        .setCacheWriterFactory(Writer::new)
        .setWriteThrough(true)
        .setStatisticsEnabled(true)
        .setManagementEnabled(true)
        .addCacheEntryListenerConfiguration(
            new MutableCacheEntryListenerConfiguration<>(Listener::new, null, true, true));
    return complete;
  }

  /** Which factory fails. */
  enum Bad {
    POLICY,
    LOADER,
    WRITER,
    LISTENER;

    void of(MemogridConfiguration<String, Integer> configuration) {
      switch (this) {
        case POLICY -> configuration.setExpiryPolicyFactory(failing());
        case LOADER -> configuration.setCacheLoaderFactory(failing());
        case WRITER -> configuration.setCacheWriterFactory(failing());
        case LISTENER ->
            configuration.addCacheEntryListenerConfiguration(
                new MutableCacheEntryListenerConfiguration<>(failing(), null, true, true));
      }
    }
  }

  @EnumSource
  @ParameterizedTest
  void aFactoryThatFailsLeavesNothing(Bad bad) throws MalformedObjectNameException {
    MemogridConfiguration<String, Integer> configuration = complete(CacheOptions.of(Mode.LOCAL));
    bad.of(configuration);

    assertThatThrownBy(() -> manager.createCache("c", configuration))
        .isInstanceOf(CacheException.class)
        .hasMessageContaining("'c' could not be created")
        .hasMessageContaining(bad.name().toLowerCase(java.util.Locale.ROOT))
        .hasRootCauseMessage("no database");

    nothingIsThere();
    manager.createCache("c", complete(OPTIONS)).put("a", 1);
  }

  @Test
  void aFilterThatFailsClosesItsListener() throws MalformedObjectNameException {
    MemogridConfiguration<String, Integer> configuration = complete(CacheOptions.of(Mode.LOCAL));
    configuration.addCacheEntryListenerConfiguration(
        new MutableCacheEntryListenerConfiguration<>(Listener::new, failing(), false, true));

    assertThatThrownBy(() -> manager.createCache("c", configuration))
        .isInstanceOf(CacheException.class);

    nothingIsThere();
  }

  /** Another has opened the store with other options. */
  @Test
  void aStoreThatIsRefusedClosesWhatWasMade() {
    var unused = cluster.cache("jcache:c", OPTIONS.timeToLive(Duration.ofDays(1)));

    assertThatThrownBy(() -> manager.createCache("c", complete(OPTIONS)))
        .isInstanceOf(CacheException.class)
        .hasMessageContaining("'c' could not be created");

    assertThat(open).isEmpty();
    assertThat(manager.getCacheNames()).isEmpty();
  }

  /** The listener is refused, and the cache goes on without it. */
  @Test
  void aListenerThatCannotBeMadeIsNotRegistered() {
    Cache<String, Integer> cache =
        manager.createCache(
            "c",
            new MemogridConfiguration<String, Integer>(OPTIONS)
                .setExpiryPolicyFactory(
                    CreatedExpiryPolicy.factoryOf(javax.cache.expiry.Duration.ONE_DAY)));

    assertThatThrownBy(
            () ->
                cache.registerCacheEntryListener(
                    new MutableCacheEntryListenerConfiguration<>(
                        Listener::new, failing(), false, true)))
        .hasMessage("no database");

    assertThat(open).isEmpty();
    assertThat(cache.unwrap(GridCache.class).parts().listeners().isEmpty()).isTrue();
    cache.put("a", 1);
    assertThat(cache.remove("a")).isTrue();
  }

  private void nothingIsThere() throws MalformedObjectNameException {
    assertThat(open).as("what is open").isEmpty();
    assertThat(manager.getCacheNames()).isEmpty();
    assertThat(cluster.cacheNames()).isEmpty();
    assertThat(
            ManagementFactory.getPlatformMBeanServer()
                .queryNames(new ObjectName("javax.cache:Cache=c,*"), null))
        .isEmpty();
  }
}
