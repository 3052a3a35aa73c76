/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import javax.cache.Cache;
import javax.cache.CacheException;
import javax.cache.CacheManager;
import javax.cache.configuration.MutableConfiguration;
import javax.cache.expiry.CreatedExpiryPolicy;
import javax.cache.integration.CacheLoader;
import javax.cache.integration.CacheLoaderException;
import javax.cache.integration.CacheWriter;
import javax.cache.integration.CacheWriterException;
import javax.cache.processor.EntryProcessor;
import javax.cache.processor.EntryProcessorException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;

/** What is refused, with which exception, and that nothing has changed then. */
class BadInputTest {
  private final Cluster cluster = Cluster.local();
  private final CacheManager manager = MemogridCachingProvider.managerOn(cluster);

  @AfterEach
  void close() {
    manager.close();
    cluster.close();
  }

  private Cache<String, Integer> typed() {
    return manager.createCache(
        "typed",
        new MutableConfiguration<String, Integer>()
            .setTypes(String.class, Integer.class)
            .setStatisticsEnabled(true));
  }

  @SuppressWarnings("unchecked") // of the same entries
  private static org.memogrid.cache.Cache<String, Integer> facade(Cache<String, Integer> cache) {
    return cache.unwrap(org.memogrid.cache.Cache.class);
  }

  private static Statistics statistics(Cache<?, ?> cache) {
    return cache.unwrap(GridCache.class).parts().statistics();
  }

  @Test
  @SuppressWarnings({"unchecked", "rawtypes"})
  void typesThatWereDeclaredAreKept() {
    Cache<String, Integer> cache = typed();
    Cache raw = cache;
    cache.put("a", 1);

    assertThatExceptionOfType(ClassCastException.class)
        .isThrownBy(() -> raw.put(7, 1))
        .withMessageContaining("key is of java.lang.Integer")
        .withMessageContaining("'typed' was declared with java.lang.String");
    assertThatExceptionOfType(ClassCastException.class)
        .isThrownBy(() -> raw.put("a", "x"))
        .withMessageContaining("value is of java.lang.String");
    assertThatExceptionOfType(ClassCastException.class)
        .isThrownBy(() -> raw.replace("a", "x", 2))
        .withMessageContaining("oldValue");
    Map<Object, Object> mixed = new LinkedHashMap<>();
    mixed.put("b", 2);
    mixed.put("c", "x");
    assertThatExceptionOfType(ClassCastException.class).isThrownBy(() -> raw.putAll(mixed));
    EntryProcessor<Object, Object, Object> sets =
        (entry, arguments) -> {
          entry.setValue("x");
          return "";
        };
    assertThatExceptionOfType(EntryProcessorException.class)
        .isThrownBy(() -> raw.invoke("a", sets))
        .withCauseInstanceOf(ClassCastException.class);

    assertThat(cache).extracting(Cache.Entry::getValue).containsExactly(1);
    assertThat(statistics(cache).getCachePuts()).isEqualTo(1);
    assertThatExceptionOfType(ClassCastException.class)
        .isThrownBy(() -> manager.getCache("typed", String.class, Long.class))
        .withMessageContaining("java.lang.Integer")
        .withMessageContaining("java.lang.Long");
  }

  @Test
  @SuppressWarnings("NullAway") // the point
  void nullIsRefusedByName() {
    Cache<String, Integer> cache = typed();
    assertThatNullPointerException().isThrownBy(() -> cache.get(null)).withMessage("key");
    assertThatNullPointerException().isThrownBy(() -> cache.put("a", null)).withMessage("value");
    assertThatNullPointerException()
        .isThrownBy(() -> cache.replace("a", null, 1))
        .withMessage("oldValue");
    assertThatNullPointerException().isThrownBy(() -> cache.getAll(null)).withMessage("keys");
    assertThatNullPointerException()
        .isThrownBy(() -> cache.invoke("a", null))
        .withMessage("entryProcessor");
    Map<String, Integer> holed = new HashMap<>();
    holed.put("a", 1);
    holed.put("b", null);
    assertThatNullPointerException().isThrownBy(() -> cache.putAll(holed)).withMessage("value");
    assertThat(cache).isEmpty();
  }

  @Test
  void closedAndUnknownAndTwice() {
    Cache<String, Integer> cache = typed();
    assertThatThrownBy(this::typed)
        .isInstanceOf(CacheException.class)
        .hasMessageContaining("'typed' exists");
    assertThat(manager.<Object, Object>getCache("other")).isNull();
    assertThatThrownBy(() -> manager.enableStatistics("other", true))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no cache 'other'")
        .hasMessageContaining("typed");
    Iterator<Cache.Entry<String, Integer>> all = cache.iterator();
    cache.close();
    assertThatThrownBy(() -> cache.get("a"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("'typed' is closed");
    assertThatThrownBy(all::next).isInstanceOf(IllegalStateException.class);
    manager.close();
    assertThatThrownBy(this::typed)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("is closed");
  }

  @Test
  void oneManagerOfAUriAtATime() {
    assertThatThrownBy(() -> MemogridCachingProvider.managerOn(cluster))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("memogrid:shared")
        .hasMessageContaining("close it first")
        .hasMessageContaining("managerOn(cluster, uri)");

    URI other = URI.create("memogrid:other");
    try (CacheManager own = MemogridCachingProvider.managerOn(cluster, other)) {
      assertThat(own.getURI()).isEqualTo(other);
      typed().put("a", 1);
      own.createCache("typed", new MutableConfiguration<String, Integer>()).put("a", 2);
      assertThat(manager.<String, Integer>getCache("typed").get("a")).isEqualTo(1);
      assertThatThrownBy(() -> MemogridCachingProvider.managerOn(cluster, other))
          .isInstanceOf(IllegalStateException.class);
      assertThat(own.<String, Integer>getCache("typed").get("a")).isEqualTo(2);
    }
    MemogridCachingProvider.managerOn(cluster, other).close();
    manager.close();
    MemogridCachingProvider.managerOn(cluster).close();
  }

  @Test
  void oneExpiryAtATime() {
    assertThatThrownBy(
            () ->
                manager.createCache(
                    "both",
                    new MemogridConfiguration<String, Integer>(
                            CacheOptions.of(Mode.LOCAL).timeToLive(Duration.ofMinutes(1)))
                        .setExpiryPolicyFactory(
                            CreatedExpiryPolicy.factoryOf(javax.cache.expiry.Duration.ONE_DAY))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("give one of the two");
    assertThat(manager.getCacheNames()).isEmpty();
  }

  @Test
  void aLoaderThatThrowsLeavesNothing() {
    CacheLoader<String, Integer> loader =
        new CacheLoader<>() {
          @Override
          public Integer load(String key) {
            throw new IllegalStateException("no " + key);
          }

          @Override
          public Map<String, Integer> loadAll(Iterable<? extends String> keys) {
            throw new IllegalStateException("none");
          }
        };
    Cache<String, Integer> cache =
        manager.createCache(
            "loading",
            new MutableConfiguration<String, Integer>()
                .setReadThrough(true)
                .setStatisticsEnabled(true)
                .setCacheLoaderFactory(() -> loader));

    assertThatThrownBy(() -> cache.get("a"))
        .isInstanceOf(CacheLoaderException.class)
        .hasRootCauseMessage("no a");
    assertThatThrownBy(() -> cache.getAll(Set.of("a", "b")))
        .isInstanceOf(CacheLoaderException.class);
    assertThat(cache.containsKey("a")).isFalse();
    assertThat(statistics(cache).getCachePuts()).isZero();
    assertThat(cache.unwrap(GridCache.class).parts().locks().isIdle()).isTrue();
  }

  /** Fails on {@code bad}, takes what comes before it. */
  private static final class Picky implements CacheWriter<String, Integer> {
    private final Map<String, Integer> written = new LinkedHashMap<>();

    @Override
    public void write(Cache.Entry<? extends String, ? extends Integer> entry) {
      if (entry.getKey().equals("bad")) {
        throw new IllegalStateException("no bad");
      }
      written.put(entry.getKey(), entry.getValue());
    }

    @Override
    public void writeAll(Collection<Cache.Entry<? extends String, ? extends Integer>> entries) {
      for (Iterator<Cache.Entry<? extends String, ? extends Integer>> each = entries.iterator();
          each.hasNext(); ) {
        Cache.Entry<? extends String, ? extends Integer> entry = each.next();
        if (!entry.getKey().equals("bad")) {
          write(entry);
          each.remove();
        }
      }
      if (!entries.isEmpty()) {
        throw new IllegalStateException("some are bad");
      }
    }

    @Override
    public void delete(Object key) {
      if (key.equals("bad")) {
        throw new IllegalStateException("no bad");
      }
      written.remove((String) key);
    }

    @Override
    public void deleteAll(Collection<?> keys) {
      keys.removeIf(
          key -> {
            boolean good = !key.equals("bad");
            if (good) {
              delete(key);
            }
            return good;
          });
      if (!keys.isEmpty()) {
        throw new IllegalStateException("some are bad");
      }
    }
  }

  @Test
  void aWriterThatThrowsKeepsTheCacheAsTheWriterHasIt() {
    Picky writer = new Picky();
    Cache<String, Integer> cache =
        manager.createCache(
            "writing",
            new MutableConfiguration<String, Integer>()
                .setWriteThrough(true)
                .setStatisticsEnabled(true)
                .setCacheWriterFactory(() -> writer));

    assertThatThrownBy(() -> cache.put("bad", 1))
        .isInstanceOf(CacheWriterException.class)
        .hasRootCauseMessage("no bad");
    assertThatThrownBy(() -> cache.getAndPut("bad", 1)).isInstanceOf(CacheWriterException.class);
    assertThatThrownBy(() -> cache.putIfAbsent("bad", 1)).isInstanceOf(CacheWriterException.class);
    assertThat(cache).isEmpty();
    assertThat(statistics(cache).getCachePuts()).isZero();

    assertThatThrownBy(() -> cache.putAll(Map.of("a", 1, "bad", 2, "b", 3)))
        .isInstanceOf(CacheWriterException.class);
    assertThat(writer.written).containsOnly(Map.entry("a", 1), Map.entry("b", 3));
    assertThat(cache).extracting(Cache.Entry::getKey).containsExactlyInAnyOrder("a", "b");
    assertThat(statistics(cache).getCachePuts()).isEqualTo(2);

    EntryProcessor<String, Integer, @Nullable Object> sets =
        (entry, arguments) -> {
          entry.setValue(9);
          return null;
        };
    assertThatThrownBy(() -> cache.invoke("bad", sets)).isInstanceOf(CacheWriterException.class);
    assertThat(cache.containsKey("bad")).isFalse();

    facade(cache).put("bad", 7);
    assertThatThrownBy(() -> cache.remove("bad")).isInstanceOf(CacheWriterException.class);
    assertThatThrownBy(() -> cache.removeAll(Set.of("a", "bad")))
        .isInstanceOf(CacheWriterException.class);
    assertThat(cache).extracting(Cache.Entry::getKey).containsExactlyInAnyOrder("b", "bad");
    assertThat(statistics(cache).getCacheRemovals()).isEqualTo(1);
  }

  @Test
  void aProcessorThatThrowsChangesNothing() {
    Cache<String, Integer> cache = typed();
    cache.put("a", 1);
    statistics(cache).clear();
    EntryProcessor<String, Integer, @Nullable Object> fails =
        (entry, arguments) -> {
          entry.setValue(2);
          throw new IllegalArgumentException("never mind");
        };

    assertThatThrownBy(() -> cache.invoke("a", fails))
        .isInstanceOf(EntryProcessorException.class)
        .hasRootCauseMessage("never mind");
    assertThat(cache.invokeAll(Set.of("a", "b"), fails).values())
        .allSatisfy(
            result -> assertThatThrownBy(result::get).isInstanceOf(EntryProcessorException.class));
    assertThat(statistics(cache).getCachePuts()).isZero();
    assertThat(statistics(cache).getCacheHits()).isZero();
    assertThat(cache.get("a")).isEqualTo(1);
    assertThat(cache.unwrap(GridCache.class).parts().locks().isIdle()).isTrue();
  }

  /** Neither serializable nor a form that the codec has. */
  private static final class Stubborn extends Thread {}

  @Test
  void whatCannotBeCopiedIsRefusedByName() {
    Cache<String, Object> cache =
        manager.createCache("any", new MutableConfiguration<String, Object>());
    assertThatThrownBy(() -> cache.put("a", new Stubborn()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Stubborn")
        .hasMessageContaining("setStoreByValue(false)");
    assertThat(cache).isEmpty();
  }
}
