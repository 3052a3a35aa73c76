/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import static java.util.Objects.requireNonNull;

import java.net.URI;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.WeakHashMap;
import java.util.function.Supplier;
import javax.cache.CacheManager;
import javax.cache.configuration.OptionalFeature;
import javax.cache.spi.CachingProvider;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.internal.node.Node;
import org.memogrid.internal.node.Settings;

/**
 * JSR-107 on a cluster: {@code Caching.getCachingProvider()} finds it. Its managers stand on {@link
 * Cluster#shared()}, which is joined when the first cache is created; {@code memogrid.cluster=none}
 * keeps them in the process, and {@code memogrid.jcache.mode} is the mode of caches that name none
 * ({@link Mode#DISTRIBUTED} unless set).
 *
 * <p>Caches of one name are one cache on all members whose managers have the same URI. Each member
 * creates it with its own configuration; the {@linkplain MemogridConfiguration#options() options}
 * must be equal. Closing a provider, manager or cache leaves the data of the cluster; {@code
 * destroyCache} removes them for all. Data in mode {@link Mode#LOCAL} end with their cache's close.
 *
 * <p>Thread-safe.
 */
public final class MemogridCachingProvider implements CachingProvider {
  private static final URI DEFAULT_URI = URI.create("memogrid:shared");

  /** The scope of the managers on the process's own cluster, which need not be joined yet. */
  private static final String SHARED = "";

  private final Map<ClassLoader, Map<URI, GridCacheManager>> managers = new WeakHashMap<>();

  /** For {@link java.util.ServiceLoader}. */
  public MemogridCachingProvider() {}

  @Override
  public CacheManager getCacheManager(
      @Nullable URI uri, @Nullable ClassLoader classLoader, @Nullable Properties properties) {
    URI wanted = uri == null ? DEFAULT_URI : uri;
    ClassLoader loader = classLoader == null ? getDefaultClassLoader() : classLoader;
    synchronized (managers) {
      return managers
          .computeIfAbsent(loader, l -> new HashMap<>())
          .computeIfAbsent(wanted, u -> open(wanted, loader, properties));
    }
  }

  private GridCacheManager open(URI uri, ClassLoader loader, @Nullable Properties properties) {
    Properties given = properties == null ? new Properties() : properties;
    return open(new GridCacheManager.Key(uri, loader, given, SHARED, false), Cluster::shared);
  }

  private GridCacheManager open(GridCacheManager.Key key, Supplier<Cluster> cluster) {
    ManagerFile file = ManagerFile.of(key.uri(), key.loader());
    Mode named = file == null ? null : mode(file);
    Mode mode = named == null ? defaultMode() : named;
    // All are read before any is created: a file that is wrong further down opens nothing.
    Map<String, MemogridConfiguration<Object, Object>> caches = new LinkedHashMap<>();
    if (file != null) {
      file.caches()
          .forEach(
              (name, settings) ->
                  caches.put(
                      name, new Described(name, settings, key.loader()).configuration(mode)));
    }
    GridCacheManager manager =
        new GridCacheManager(this, key, namespace(key.uri(), file), mode, cluster);
    try {
      caches.forEach(manager::createCache);
      return manager;
    } catch (RuntimeException | Error e) {
      manager.close();
      throw e;
    }
  }

  private static @Nullable Mode mode(ManagerFile file) {
    ManagerFile.Setting mode = file.own().get("mode");
    return mode == null ? null : Described.mode(mode);
  }

  private static String namespace(URI uri, @Nullable ManagerFile file) {
    ManagerFile.Setting named = file == null ? null : file.own().get("namespace");
    if (named != null) {
      return named.value() + ":";
    }
    return uri.equals(DEFAULT_URI) ? "" : uri + ":";
  }

  /**
   * A manager on a cluster of your own choice, for programs that are in several. Close it when you
   * are done. It has the default URI, and so the caches that other members of that cluster have by
   * it.
   *
   * @throws IllegalStateException if one of that cluster is open already: one of this method's, or
   *     on {@link Cluster#shared()} one of {@code Caching}'s provider
   */
  public static CacheManager managerOn(Cluster cluster) {
    return managerOn(cluster, DEFAULT_URI);
  }

  /**
   * {@link #managerOn(Cluster)} with a URI, for programs of several parts that are not to share
   * their caches. It shares them with the managers of that URI on other members.
   *
   * @throws IllegalStateException if one of that URI, or of the namespace that its file names, is
   *     open on that cluster already: two in one process would share nothing, or close each other's
   *     caches
   */
  public static CacheManager managerOn(Cluster cluster, URI uri) {
    requireNonNull(cluster, "cluster");
    requireNonNull(uri, "uri");
    MemogridCachingProvider own = new MemogridCachingProvider();
    return own.open(
        new GridCacheManager.Key(
            uri,
            own.getDefaultClassLoader(),
            new Properties(),
            cluster.unwrap(Node.class).isShared() ? SHARED : cluster.self().id(),
            true),
        () -> cluster);
  }

  private static Mode defaultMode() {
    Settings.Setting mode = Settings.ofProcess().find("memogrid.jcache.mode");
    if (mode == null) {
      return Mode.DISTRIBUTED;
    }
    return Described.mode(
        new ManagerFile.Setting("memogrid.jcache.mode", mode.value(), mode.source()));
  }

  @Override
  public ClassLoader getDefaultClassLoader() {
    return requireNonNull(getClass().getClassLoader(), "the provider's class loader");
  }

  @Override
  public URI getDefaultURI() {
    return DEFAULT_URI;
  }

  @Override
  public Properties getDefaultProperties() {
    return new Properties();
  }

  @Override
  public CacheManager getCacheManager(@Nullable URI uri, @Nullable ClassLoader classLoader) {
    return getCacheManager(uri, classLoader, null);
  }

  @Override
  public CacheManager getCacheManager() {
    return getCacheManager(null, null, null);
  }

  @Override
  public void close() {
    close(each -> true);
  }

  @Override
  public void close(@Nullable ClassLoader classLoader) {
    ClassLoader loader = classLoader == null ? getDefaultClassLoader() : classLoader;
    close(each -> each.getClassLoader() == loader);
  }

  @Override
  public void close(@Nullable URI uri, @Nullable ClassLoader classLoader) {
    URI wanted = uri == null ? DEFAULT_URI : uri;
    ClassLoader loader = classLoader == null ? getDefaultClassLoader() : classLoader;
    close(each -> each.getClassLoader() == loader && each.getURI().equals(wanted));
  }

  private void close(java.util.function.Predicate<GridCacheManager> which) {
    List<GridCacheManager> closing = new ArrayList<>();
    synchronized (managers) {
      managers.values().forEach(byUri -> closing.addAll(byUri.values()));
    }
    closing.stream().filter(which).forEach(GridCacheManager::close);
  }

  void forget(GridCacheManager manager) {
    synchronized (managers) {
      managers.values().forEach(byUri -> byUri.remove(manager.getURI(), manager));
      managers.values().removeIf(Map::isEmpty);
    }
  }

  @Override
  public boolean isSupported(OptionalFeature optionalFeature) {
    return optionalFeature == OptionalFeature.STORE_BY_REFERENCE;
  }

  @Override
  public String toString() {
    return "MemogridCachingProvider[" + DEFAULT_URI + "]";
  }
}
