/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.cache.Cache;
import javax.cache.CacheManager;
import javax.cache.configuration.MutableCacheEntryListenerConfiguration;
import javax.cache.configuration.MutableConfiguration;
import javax.cache.event.CacheEntryCreatedListener;
import javax.cache.event.CacheEntryEvent;
import javax.cache.event.CacheEntryListenerException;
import javax.cache.event.CacheEntryRemovedListener;
import javax.cache.integration.CacheLoader;
import javax.cache.integration.CompletionListenerFuture;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Cluster;

/**
 * A synchronous listener that throws keeps no other from hearing, no key of a batch from being
 * changed, and no change from being counted. Its exception reaches the caller when all is done.
 */
class ThrowingListenerTest {
  private static final Map<String, Integer> BATCH = Map.of("a", 1, "b", 2, "c", 3);

  private final Cluster cluster = Cluster.local();
  private final CacheManager manager = MemogridCachingProvider.managerOn(cluster);
  private final List<String> heard = new CopyOnWriteArrayList<>();
  private Cache<String, Integer> cache;

  private record Hearing(List<String> heard, boolean fails)
      implements CacheEntryCreatedListener<String, Integer>,
          CacheEntryRemovedListener<String, Integer> {
    private void hear(Iterable<CacheEntryEvent<? extends String, ? extends Integer>> events) {
      for (CacheEntryEvent<? extends String, ? extends Integer> event : events) {
        if (fails) {
          throw new IllegalStateException("not " + event.getKey());
        }
        heard.add(event.getEventType() + " " + event.getKey());
      }
    }

    @Override
    public void onCreated(Iterable<CacheEntryEvent<? extends String, ? extends Integer>> events) {
      hear(events);
    }

    @Override
    public void onRemoved(Iterable<CacheEntryEvent<? extends String, ? extends Integer>> events) {
      hear(events);
    }
  }

  @BeforeEach
  void create() {
    CacheLoader<String, Integer> loader =
        new CacheLoader<>() {
          @Override
          public Integer load(String key) {
            return 7;
          }

          @Override
          public Map<String, Integer> loadAll(Iterable<? extends String> keys) {
            Map<String, Integer> all = new HashMap<>();
            keys.forEach(key -> all.put(key, 7));
            return all;
          }
        };
    MutableConfiguration<String, Integer> configuration =
        new MutableConfiguration<String, Integer>()
            .setTypes(String.class, Integer.class)
            .setReadThrough(true)
            .setStatisticsEnabled(true)
            .setCacheLoaderFactory(() -> loader);
    for (boolean fails : new boolean[] {true, false, true, false}) {
      configuration.addCacheEntryListenerConfiguration(
          new MutableCacheEntryListenerConfiguration<>(
              () -> new Hearing(heard, fails), null, false, true));
    }
    cache = manager.createCache("c", configuration);
  }

  @AfterEach
  void close() {
    manager.close();
    cluster.close();
  }

  private Statistics statistics() {
    return cache.unwrap(GridCache.class).parts().statistics();
  }

  /** Of three keys, each heard by both that hear, and both complaints of each. */
  private void complains(ThrowingCallable call, String type) {
    heard.clear();
    assertThatThrownBy(call)
        .isInstanceOf(CacheEntryListenerException.class)
        .satisfies(e -> assertThat(e.getSuppressed()).hasSize(5));
    assertThat(heard)
        .containsExactlyInAnyOrder(
            type + " a", type + " a", type + " b", type + " b", type + " c", type + " c");
  }

  @Test
  void allKeysOfABatchArePutAndRemovedAndCounted() {
    complains(() -> cache.putAll(BATCH), "CREATED");
    assertThat(cache.getAll(BATCH.keySet())).isEqualTo(BATCH);
    assertThat(statistics().getCachePuts()).isEqualTo(3);

    complains(() -> cache.removeAll(BATCH.keySet()), "REMOVED");
    assertThat(cache).isEmpty();
    assertThat(statistics().getCacheRemovals()).isEqualTo(3);

    complains(() -> cache.putAll(BATCH), "CREATED");
    complains(cache::removeAll, "REMOVED");
    assertThat(cache).isEmpty();
    assertThat(statistics().getCacheRemovals()).isEqualTo(6);
  }

  @Test
  void allKeysOfABatchAreLoaded() {
    complains(() -> cache.getAll(BATCH.keySet()), "CREATED");
    assertThat(cache).hasSize(3);

    cache.clear();
    CompletionListenerFuture done = new CompletionListenerFuture();
    heard.clear();
    cache.loadAll(Set.of("a", "b"), false, done);
    assertThatThrownBy(done::get).hasCauseInstanceOf(CacheEntryListenerException.class);
    assertThat(cache).hasSize(2);
    assertThat(heard).hasSize(4);
  }

  @Test
  void aSingleChangeStandsAndIsCounted() {
    assertThatThrownBy(() -> cache.put("a", 1)).isInstanceOf(CacheEntryListenerException.class);
    assertThat(cache.get("a")).isEqualTo(1);
    assertThat(statistics().getCachePuts()).isEqualTo(1);
    assertThatThrownBy(() -> cache.remove("a")).isInstanceOf(CacheEntryListenerException.class);
    assertThat(cache.containsKey("a")).isFalse();
    assertThat(statistics().getCacheRemovals()).isEqualTo(1);
    assertThatThrownBy(
            () ->
                cache.invoke(
                    "a",
                    (entry, arguments) -> {
                      entry.setValue(3);
                      return "";
                    }))
        .isInstanceOf(CacheEntryListenerException.class);
    assertThat(cache.get("a")).isEqualTo(3);
    assertThat(statistics().getCachePuts()).isEqualTo(2);
    assertThat(heard)
        .containsExactly(
            "CREATED a", "CREATED a", "REMOVED a", "REMOVED a", "CREATED a", "CREATED a");
  }
}
