/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.cache.Cache;
import javax.cache.CacheManager;
import javax.cache.configuration.MutableCacheEntryListenerConfiguration;
import javax.cache.event.CacheEntryCreatedListener;
import javax.cache.event.CacheEntryEvent;
import javax.cache.event.CacheEntryExpiredListener;
import javax.cache.event.CacheEntryRemovedListener;
import javax.cache.event.CacheEntryUpdatedListener;
import javax.cache.expiry.Duration;
import javax.cache.expiry.ExpiryPolicy;
import javax.cache.integration.CacheLoader;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Mode;
import org.memogrid.testkit.NodeContext;

/** What the tests of two members keep in each JVM. */
final class Peer {
  static final AtomicInteger RUNS = new AtomicInteger();
  static final Semaphore ANSWER = new Semaphore(0);

  /** Listeners wait while nobody may pass. */
  static final Semaphore GATE = new Semaphore(1);

  private static final List<String> HEARD = new CopyOnWriteArrayList<>();

  private Peer() {}

  static CacheManager manager(NodeContext there) {
    return there.kept("manager", () -> MemogridCachingProvider.managerOn(there.cluster()));
  }

  static Cache<String, Integer> create(NodeContext there, String name, Mode mode) {
    return manager(there)
        .createCache(
            name,
            new MemogridConfiguration<String, Integer>(mode)
                .setTypes(String.class, Integer.class)
                .setStatisticsEnabled(true));
  }

  /** Its policy lets an entry live for half a second, and counts how often it is asked. */
  static Cache<String, Integer> createShortLived(NodeContext there, String name) {
    RUNS.set(0);
    return manager(there)
        .createCache(
            name,
            new MemogridConfiguration<String, Integer>(Mode.REPLICATED)
                .setTypes(String.class, Integer.class)
                .setExpiryPolicyFactory(Counted::new));
  }

  private static final class Counted implements ExpiryPolicy {
    @Override
    public Duration getExpiryForCreation() {
      RUNS.incrementAndGet();
      return new Duration(TimeUnit.MILLISECONDS, 500);
    }

    @Override
    public @Nullable Duration getExpiryForAccess() {
      return null;
    }

    @Override
    public @Nullable Duration getExpiryForUpdate() {
      return null;
    }
  }

  /** Its loader has the value 1, once it may answer; of keys that begin with "none", nothing. */
  static Cache<String, Integer> createLoading(NodeContext there, String name, Mode mode) {
    return manager(there)
        .createCache(
            name,
            new MemogridConfiguration<String, Integer>(mode)
                .setTypes(String.class, Integer.class)
                .setReadThrough(true)
                .setCacheLoaderFactory(Slow::new));
  }

  static final class Slow implements CacheLoader<String, Integer> {
    @Override
    public @Nullable Integer load(String key) {
      RUNS.incrementAndGet();
      if (key.startsWith("none")) {
        return null;
      }
      ANSWER.acquireUninterruptibly();
      return 1;
    }

    @Override
    public Map<String, Integer> loadAll(Iterable<? extends String> keys) {
      Map<String, Integer> loaded = new HashMap<>();
      keys.forEach(key -> loaded.put(key, load(key)));
      return loaded;
    }
  }

  static Cache<String, Integer> cache(NodeContext there, String name) {
    Cache<String, Integer> cache = manager(there).getCache(name, String.class, Integer.class);
    if (cache == null) {
      throw new IllegalStateException("no cache " + name + " here");
    }
    return cache;
  }

  static Statistics statistics(NodeContext there, String name) {
    return cache(there, name).unwrap(GridCache.class).parts().statistics();
  }

  /** Events as text: the type, the key and the value. */
  static List<String> heard() {
    return List.copyOf(HEARD);
  }

  static void listen(NodeContext there, String name, boolean synchronous) {
    HEARD.clear();
    cache(there, name)
        .registerCacheEntryListener(
            new MutableCacheEntryListenerConfiguration<>(Notes::new, null, true, synchronous));
  }

  /** Another one beside, which fails on all it hears. */
  static void listenAndThrow(NodeContext there, String name) {
    CacheEntryCreatedListener<String, Integer> failing =
        events -> {
          throw new IllegalStateException("no listener");
        };
    cache(there, name)
        .registerCacheEntryListener(
            new MutableCacheEntryListenerConfiguration<>(() -> failing, null, true, false));
  }

  private static final class Notes
      implements CacheEntryCreatedListener<String, Integer>,
          CacheEntryUpdatedListener<String, Integer>,
          CacheEntryRemovedListener<String, Integer>,
          CacheEntryExpiredListener<String, Integer> {
    private static void note(
        Iterable<CacheEntryEvent<? extends String, ? extends Integer>> events) {
      for (CacheEntryEvent<? extends String, ? extends Integer> event : events) {
        GATE.acquireUninterruptibly();
        GATE.release();
        HEARD.add(event.getEventType() + " " + event.getKey() + " " + event.getValue());
      }
    }

    @Override
    public void onCreated(Iterable<CacheEntryEvent<? extends String, ? extends Integer>> events) {
      note(events);
    }

    @Override
    public void onUpdated(Iterable<CacheEntryEvent<? extends String, ? extends Integer>> events) {
      note(events);
    }

    @Override
    public void onRemoved(Iterable<CacheEntryEvent<? extends String, ? extends Integer>> events) {
      note(events);
    }

    @Override
    public void onExpired(Iterable<CacheEntryEvent<? extends String, ? extends Integer>> events) {
      note(events);
    }
  }
}
