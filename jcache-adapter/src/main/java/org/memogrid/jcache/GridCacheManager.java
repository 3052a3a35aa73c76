/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import static java.util.Objects.requireNonNull;

import java.lang.ref.WeakReference;
import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import javax.cache.Cache;
import javax.cache.CacheException;
import javax.cache.CacheManager;
import javax.cache.configuration.CompleteConfiguration;
import javax.cache.configuration.Configuration;
import javax.cache.configuration.MutableConfiguration;
import javax.cache.expiry.EternalExpiryPolicy;
import javax.cache.spi.CachingProvider;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Expiry;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;

/** A manager on one cluster, which it joins when its first cache is created. Thread-safe. */
final class GridCacheManager implements CacheManager {
  private final MemogridCachingProvider provider;
  private final URI uri;
  private final WeakReference<ClassLoader> loader;
  private final Properties properties;
  private final Supplier<Cluster> cluster;
  private final Mode defaultMode;
  private final String namespace;
  private final String scope;
  private final int number;
  private final Threads threads;
  private final Map<String, GridCache<?, ?>> caches = new ConcurrentHashMap<>();
  private volatile boolean closed;

  /**
   * What a manager is asked for with.
   *
   * @param scope tells the clusters of this process apart
   * @param alone whether it is to be the only one of its namespace there
   */
  record Key(URI uri, ClassLoader loader, Properties properties, String scope, boolean alone) {}

  GridCacheManager(
      MemogridCachingProvider provider,
      Key key,
      String namespace,
      Mode defaultMode,
      Supplier<Cluster> cluster) {
    this.provider = provider;
    this.uri = key.uri;
    this.loader = new WeakReference<>(key.loader);
    this.properties = (Properties) key.properties.clone();
    this.cluster = cluster;
    this.defaultMode = defaultMode;
    this.namespace = namespace;
    this.scope = key.scope + '/' + namespace;
    this.number = Namespaces.take(scope, uri, key.alone);
    this.threads = new Threads("memogrid-jcache-" + uri);
  }

  @Override
  public CachingProvider getCachingProvider() {
    return provider;
  }

  @Override
  public URI getURI() {
    return uri;
  }

  @Override
  public @Nullable ClassLoader getClassLoader() {
    return loader.get();
  }

  @Override
  public Properties getProperties() {
    return (Properties) properties.clone();
  }

  Executor threads() {
    return threads;
  }

  @Override
  public synchronized <K, V, C extends Configuration<K, V>> Cache<K, V> createCache(
      String cacheName, C configuration) {
    requireOpen();
    requireNonNull(cacheName, "cacheName");
    requireNonNull(configuration, "configuration");
    GridCache<?, ?> there = find(cacheName);
    if (there != null) {
      throw new CacheException(
          "cache '" + cacheName + "' exists in this manager: " + there + "; get or destroy it");
    }
    Cluster joined = cluster.get();
    MemogridConfiguration<K, V> complete = complete(cacheName, configuration);
    Parts.Plan<K, V> plan = new Parts.Plan<>(this, cacheName, storeName(cacheName), complete);
    ClassLoader classes = requireNonNull(getClassLoader(), "the manager's class loader is gone");
    try {
      GridCache<K, V> created = new GridCache<>(cache -> new Parts<>(cache, plan, joined, classes));
      caches.put(cacheName, created);
      return created;
    } catch (IllegalStateException e) {
      throw new CacheException(
          "cache '" + cacheName + "' could not be created: " + e.getMessage(), e);
    }
  }

  private String storeName(String cacheName) {
    return "jcache" + (number == 0 ? "" : "~" + (number + 1)) + ":" + namespace + cacheName;
  }

  /** A copy with options; whatever is missing is as the JSR or the default mode has it. */
  private <K, V> MemogridConfiguration<K, V> complete(
      String cacheName, Configuration<K, V> configuration) {
    MemogridConfiguration<K, V> complete;
    if (configuration instanceof MemogridConfiguration<K, V> own) {
      complete = new MemogridConfiguration<>(own, own.options());
    } else if (configuration instanceof CompleteConfiguration<K, V> standard) {
      complete = new MemogridConfiguration<>(standard, CacheOptions.of(defaultMode));
    } else {
      complete =
          new MemogridConfiguration<>(
              new MutableConfiguration<K, V>()
                  .setTypes(configuration.getKeyType(), configuration.getValueType())
                  .setStoreByValue(configuration.isStoreByValue()),
              CacheOptions.of(defaultMode));
    }
    if (!complete.options().expiry().equals(Expiry.NEVER)
        && !complete.getExpiryPolicyFactory().equals(EternalExpiryPolicy.factoryOf())) {
      throw new IllegalArgumentException(
          "cache '"
              + cacheName
              + "' has an expiry in its options ("
              + complete.options()
              + ") and an expiry policy: give one of the two");
    }
    return complete;
  }

  private @Nullable GridCache<?, ?> find(String cacheName) {
    GridCache<?, ?> there = caches.get(cacheName);
    if (there != null && there.isClosed()) {
      there.close();
      return null;
    }
    return there;
  }

  private GridCache<?, ?> known(String cacheName) {
    requireNonNull(cacheName, "cacheName");
    GridCache<?, ?> there = find(cacheName);
    if (there == null) {
      throw new IllegalArgumentException(
          "there is no cache '" + cacheName + "' in this manager; it has " + getCacheNames());
    }
    return there;
  }

  @Override
  @SuppressWarnings("unchecked") // the types are compared
  public <K, V> @Nullable Cache<K, V> getCache(
      String cacheName, Class<K> keyType, Class<V> valueType) {
    requireOpen();
    requireNonNull(cacheName, "cacheName");
    requireNonNull(keyType, "keyType");
    requireNonNull(valueType, "valueType");
    GridCache<?, ?> there = find(cacheName);
    if (there == null) {
      return null;
    }
    CompleteConfiguration<?, ?> declared = there.parts().configuration();
    if (!declared.getKeyType().equals(keyType) || !declared.getValueType().equals(valueType)) {
      throw new ClassCastException(
          "cache '"
              + cacheName
              + "' was declared with "
              + declared.getKeyType().getName()
              + " and "
              + declared.getValueType().getName()
              + ", asked for with "
              + keyType.getName()
              + " and "
              + valueType.getName());
    }
    return (Cache<K, V>) there;
  }

  @Override
  @SuppressWarnings("unchecked") // the caller's word
  public <K, V> @Nullable Cache<K, V> getCache(String cacheName) {
    requireOpen();
    return (Cache<K, V>) find(requireNonNull(cacheName, "cacheName"));
  }

  @Override
  public Iterable<String> getCacheNames() {
    requireOpen();
    Set<String> open = new LinkedHashSet<>();
    caches.forEach(
        (name, cache) -> {
          if (!cache.isClosed()) { // by the member that destroyed it
            open.add(name);
          }
        });
    return java.util.Collections.unmodifiableSet(open);
  }

  @Override
  public synchronized void destroyCache(String cacheName) {
    requireOpen();
    GridCache<?, ?> there = find(requireNonNull(cacheName, "cacheName"));
    if (there != null) {
      there.parts().destroy();
    }
  }

  @Override
  public void enableManagement(String cacheName, boolean enabled) {
    requireOpen();
    known(cacheName).parts().enableManagement(enabled);
  }

  @Override
  public void enableStatistics(String cacheName, boolean enabled) {
    requireOpen();
    known(cacheName).parts().enableStatistics(enabled);
  }

  void forget(String cacheName, Parts<?, ?> parts) {
    caches.computeIfPresent(cacheName, (name, there) -> there.parts() == parts ? null : there);
  }

  @Override
  public void close() {
    List<GridCache<?, ?>> open;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      open = new ArrayList<>(caches.values());
    }
    open.forEach(GridCache::close);
    provider.forget(this);
    Namespaces.giveBack(scope, number);
    threads.close();
  }

  @Override
  public boolean isClosed() {
    return closed;
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException(
          "the cache manager " + uri + " is closed: get another from its provider");
    }
  }

  @Override
  public <T> T unwrap(Class<T> type) {
    if (type.isInstance(this)) {
      return type.cast(this);
    }
    requireOpen();
    Cluster joined = cluster.get();
    return type.isInstance(joined) ? type.cast(joined) : joined.unwrap(type);
  }

  @Override
  public String toString() {
    Set<String> names = caches.keySet();
    return "CacheManager[" + uri + ", " + (closed ? "closed" : names) + "]";
  }
}
