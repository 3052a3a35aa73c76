/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache.tck;

import java.io.Serializable;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.infinispan.Cache;
import org.infinispan.distribution.DistributionManager;
import org.infinispan.manager.EmbeddedCacheManager;
import org.infinispan.notifications.Listener;
import org.infinispan.notifications.cachelistener.annotation.CacheEntryCreated;
import org.infinispan.notifications.cachelistener.event.CacheEntryCreatedEvent;
import org.infinispan.notifications.cachemanagerlistener.annotation.CacheStarted;
import org.infinispan.notifications.cachemanagerlistener.event.CacheStartedEvent;
import org.memogrid.cluster.Cluster;
import org.memogrid.internal.engine.Incarnation;

/**
 * A member of the cluster, the other one in its own JVM: counts the caches that it opens and the
 * entries that it holds, at the engine, so that nothing of the provider's can make it up.
 */
final class SecondMember {
  private final EmbeddedCacheManager manager;
  private final Set<String> caches = ConcurrentHashMap.newKeySet();
  private final AtomicLong entries = new AtomicLong();
  private final AtomicLong primary = new AtomicLong();
  private final ExecutorService listening = Executors.newSingleThreadExecutor();

  SecondMember(Cluster cluster) {
    manager = cluster.unwrap(EmbeddedCacheManager.class);
    manager.addListener(new Starts());
  }

  /**
   * What was counted so far.
   *
   * @param caches how often a cache was opened
   * @param names of the caches that were opened
   */
  record Counts(long caches, TreeSet<String> names, long entries, long primary)
      implements Serializable {}

  Counts counts() {
    TreeSet<String> names =
        caches.stream()
            .map(each -> each.substring(0, each.lastIndexOf('#')))
            .collect(Collectors.toCollection(TreeSet::new));
    return new Counts(caches.size(), names, entries.get(), primary.get());
  }

  /** Hears of caches that start here, whoever opened them. */
  @Listener
  public final class Starts {
    private final AtomicLong number = new AtomicLong();

    @CacheStarted
    public void onStarted(CacheStartedEvent event) {
      String engineName = event.getCacheName();
      String name = Incarnation.cacheName(engineName);
      if (!name.startsWith("jcache")) {
        return;
      }
      caches.add(name + "#" + number.incrementAndGet());
      listening.execute(
          () -> {
            Cache<Object, Object> cache = manager.getCache(engineName, false);
            if (cache != null) {
              cache.addListener(new Arrivals(cache));
            }
          });
    }
  }

  /** Hears of entries that this member holds. */
  @Listener(observation = Listener.Observation.POST)
  public final class Arrivals {
    private final DistributionManager distribution;

    Arrivals(Cache<?, ?> cache) {
      distribution = cache.getAdvancedCache().getDistributionManager();
    }

    @CacheEntryCreated
    public void onCreated(CacheEntryCreatedEvent<Object, Object> event) {
      entries.incrementAndGet();
      if (distribution != null
          && distribution.getCacheTopology().getDistribution(event.getKey()).isPrimary()) {
        primary.incrementAndGet();
      }
    }
  }
}
