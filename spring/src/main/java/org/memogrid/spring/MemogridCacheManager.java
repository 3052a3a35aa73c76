/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.spring;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.memo.internal.SingleFlight;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.cache.Cache;
import org.springframework.cache.CacheManager;

/**
 * Spring's cache manager on a cluster. A cache is made when it is first asked for, with the options
 * that {@link #with} gave its name, or else in {@link Mode#DISTRIBUTED} (LOCAL without a network).
 *
 * <p>{@code @Cacheable(sync = true)}, {@code Cache.get(key, Callable)} and {@code
 * Cache.retrieve(key, Supplier)} are single-flight in the cluster: of all who miss a key at the
 * same time one loads, the others wait and read what it stored. After a failure the next one that
 * waits loads. A method may run again when the member that loads dies, when the value is removed or
 * expires, and on each side of a cluster that is cut in two.
 *
 * <p>Keys and values must be encodable by the cluster's codec, and their classes allowed. Closing
 * the manager closes its handles; the data and the cluster stay. Thread-safe.
 */
public final class MemogridCacheManager implements CacheManager, DisposableBean {
  private final Cluster cluster;
  private final Map<String, CacheOptions> options = new ConcurrentHashMap<>();
  private final ConcurrentMap<String, GridSpringCache> caches = new ConcurrentHashMap<>();
  private final ExecutorService threads;

  /** A manager on a cluster that the caller closes. */
  public MemogridCacheManager(Cluster cluster) {
    this.cluster = requireNonNull(cluster, "cluster");
    AtomicInteger count = new AtomicInteger();
    this.threads =
        Executors.newCachedThreadPool(
            task -> {
              Thread thread = new Thread(task, "memogrid-spring-" + count.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
  }

  /**
   * Says how a cache keeps its entries; on all members alike, and before it is first used.
   *
   * @throws IllegalStateException if the cache is open already
   */
  @CanIgnoreReturnValue
  public MemogridCacheManager with(String name, CacheOptions cacheOptions) {
    requireNonNull(name, "name");
    requireNonNull(cacheOptions, "cacheOptions");
    if (caches.containsKey(name)) {
      throw new IllegalStateException(
          "cache '" + name + "' is open already: give its options before its first use");
    }
    options.put(name, cacheOptions);
    return this;
  }

  @Override
  public Cache getCache(String name) {
    return caches.computeIfAbsent(requireNonNull(name, "name"), this::open);
  }

  private GridSpringCache open(String name) {
    CacheOptions given = options.get(name);
    org.memogrid.cache.Cache<Object, Object> cache =
        given == null ? cluster.cache(name) : cluster.cache(name, given);
    try {
      SingleFlight flights = SingleFlight.open(cluster, "spring:" + name, cache.mode());
      return new GridSpringCache(cache, flights, threads);
    } catch (RuntimeException | Error e) {
      cache.close();
      throw e;
    }
  }

  /** The caches that were configured or used here. */
  @Override
  public Collection<String> getCacheNames() {
    Set<String> names = new TreeSet<>(options.keySet());
    names.addAll(caches.keySet());
    return names;
  }

  @Override
  public void destroy() {
    caches.values().forEach(GridSpringCache::close);
    caches.clear();
    threads.shutdown();
  }
}
