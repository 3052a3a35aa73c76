/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import javax.cache.Cache;
import javax.cache.CacheManager;
import javax.cache.configuration.MutableCacheEntryListenerConfiguration;
import javax.cache.configuration.MutableConfiguration;
import javax.cache.event.CacheEntryCreatedListener;
import javax.cache.event.CacheEntryEvent;
import javax.cache.event.CacheEntryRemovedListener;
import javax.cache.event.CacheEntryUpdatedListener;
import javax.cache.integration.CacheLoader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.memogrid.cluster.Cluster;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Store;
import org.memogrid.internal.store.Versions;

/**
 * The store may have a tombstone at a key: a fenced put lays one, and so does a write that puts
 * right what a lost member left. To users of the JSR it is nothing, and nothing waits for its end.
 */
@Timeout(40)
class TombstoneTest {
  private final Cluster cluster = Cluster.local();
  private final CacheManager manager = MemogridCachingProvider.managerOn(cluster);
  private final List<String> heard = new CopyOnWriteArrayList<>();
  private Cache<String, Integer> cache;

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
            return Map.of("k", 7);
          }
        };
    cache =
        manager.createCache(
            "c",
            new MutableConfiguration<String, Integer>()
                .setTypes(String.class, Integer.class)
                .setReadThrough(true)
                .setCacheLoaderFactory(() -> loader));
    cache.registerCacheEntryListener(
        new MutableCacheEntryListenerConfiguration<>(Notes::new, null, true, true));
  }

  private final class Notes
      implements CacheEntryCreatedListener<String, Integer>,
          CacheEntryUpdatedListener<String, Integer>,
          CacheEntryRemovedListener<String, Integer> {
    @Override
    public void onCreated(Iterable<CacheEntryEvent<? extends String, ? extends Integer>> events) {
      events.forEach(event -> heard.add("CREATED " + event.getValue()));
    }

    @Override
    public void onUpdated(Iterable<CacheEntryEvent<? extends String, ? extends Integer>> events) {
      events.forEach(event -> heard.add("UPDATED " + event.getValue()));
    }

    @Override
    public void onRemoved(Iterable<CacheEntryEvent<? extends String, ? extends Integer>> events) {
      events.forEach(event -> heard.add("REMOVED " + event.getOldValue()));
    }
  }

  @AfterEach
  void close() {
    manager.close();
    cluster.close();
  }

  private Store store() {
    return cache.unwrap(GridCache.class).parts().store();
  }

  private void layTombstone() {
    long now = System.currentTimeMillis();
    store().put("k", Envelope.tombstone(new Versions().next()).expiring(now + 60_000, 0, now));
  }

  private void writesAtOnce(Consumer<Cache<String, Integer>> write, int expected) {
    layTombstone();
    assertThat(cache.containsKey("k")).isFalse();
    assertThat(cache.iterator().hasNext()).isFalse();
    write.accept(cache);
    assertThat(cache.get("k")).isEqualTo(expected);
    assertThat(heard).containsExactly("CREATED " + expected);
  }

  @Test
  void aPutWritesOverIt() {
    writesAtOnce(cache -> cache.put("k", 1), 1);
  }

  @Test
  void soDoesPutAll() {
    writesAtOnce(cache -> cache.putAll(Map.of("k", 1)), 1);
  }

  @Test
  void putIfAbsentFindsNothing() {
    writesAtOnce(cache -> assertThat(cache.putIfAbsent("k", 1)).isTrue(), 1);
  }

  @Test
  void aProcessorFindsNothing() {
    writesAtOnce(
        cache ->
            assertThat(
                    cache.<Boolean>invoke(
                        "k",
                        (entry, arguments) -> {
                          boolean there = entry.exists();
                          entry.setValue(1);
                          return there;
                        }))
                .isFalse(),
        1);
  }

  @Test
  void aReadLoads() {
    writesAtOnce(cache -> assertThat(cache.get("k")).isEqualTo(7), 7);
  }

  @Test
  void soDoesLoadAll() {
    writesAtOnce(cache -> assertThat(cache.getAll(Set.of("k"))).containsEntry("k", 7), 7);
  }

  /** It may keep the place of a write that began before the removal, which is not to land then. */
  @Test
  void aRemovalRemovesItAndSaysThatNothingWasThere() {
    layTombstone();
    assertThat(cache.remove("k")).isFalse();
    assertThat(store().get("k")).isNull();
    layTombstone();
    cache.removeAll(Set.of("k"));
    assertThat(store().get("k")).isNull();
    assertThat(heard).isEmpty();
  }
}
