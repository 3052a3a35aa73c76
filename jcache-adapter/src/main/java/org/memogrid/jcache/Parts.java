/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.Stream;
import javax.cache.configuration.CacheEntryListenerConfiguration;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.internal.node.Node;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Renewals;
import org.memogrid.internal.store.Store;

/** What one cache of the JSR is made of, from its creation to its close. */
final class Parts<K, V> {
  private final GridCacheManager manager;
  private final String name;
  private final MemogridConfiguration<K, V> configuration;
  private final Cluster cluster;
  private final Store store;
  private final Types types;
  private final Values values;
  private final Lives lives;
  private final KeyLocks locks = new KeyLocks();
  private final Loading<K, V> loading;
  private final Writing<K, V> writing;
  private final Listeners<K, V> listeners;
  private final Statistics statistics;
  private final Entries<K, V> entries;
  private final Processing<K, V> processing;
  private final Beans beans;
  private @Nullable Cache<K, V> facade;
  private volatile boolean closed;

  /** Makes the parts of a cache that is under construction. */
  @FunctionalInterface
  interface Maker<K, V> {
    Parts<K, V> make(GridCache<K, V> cache);
  }

  /** What a cache is made from. */
  record Plan<K, V>(
      GridCacheManager manager,
      String name,
      String storeName,
      MemogridConfiguration<K, V> configuration) {}

  Parts(GridCache<K, V> cache, Plan<K, V> plan, Cluster cluster, ClassLoader loader) {
    Node node = cluster.unwrap(Node.class);
    this.manager = plan.manager;
    this.name = plan.name;
    this.configuration = plan.configuration;
    this.cluster = cluster;
    this.types =
        new Types(name, boxed(configuration.getKeyType()), boxed(configuration.getValueType()));
    this.beans = new Beans(manager.getURI(), name);
    Made<K, V> made = Made.of(name, configuration, manager.threads());
    this.lives = new Lives(made.policy(), configuration.options(), node.clock());
    this.loading = new Loading<>(made.loader());
    this.writing = new Writing<>(made.writer());
    this.store = opened(node, plan, made);
    this.values =
        new Values(
            store.mode(),
            configuration.isStoreByValue(),
            node.codec(),
            new Copier(node.copying(loader), loader));
    this.listeners = new Listeners<>(cache, store, values, manager.threads());
    this.statistics = new Statistics(store);
    this.entries =
        new Entries<>(
            store, values, lives, listeners, new Renewals(store, node.clock(), node.workers()));
    this.processing =
        new Processing<>(
            entries,
            values,
            types,
            configuration.isReadThrough() ? loading : new Loading<>(null),
            writing,
            statistics);
    try {
      made.listeners().forEach(listeners::add);
      enableStatistics(configuration.isStatisticsEnabled());
      enableManagement(configuration.isManagementEnabled());
    } catch (RuntimeException | Error e) {
      close();
      made.listeners().forEach(Listening::end);
      throw e;
    }
  }

  private static <K, V> Store opened(Node node, Plan<K, V> plan, Made<K, V> made) {
    try {
      return node.store(plan.storeName, plan.configuration.options());
    } catch (RuntimeException | Error e) {
      made.close();
      throw e;
    }
  }

  private static Class<?> boxed(Class<?> type) {
    return type.isPrimitive()
        ? java.lang.invoke.MethodType.methodType(type).wrap().returnType()
        : type;
  }

  String name() {
    return name;
  }

  GridCacheManager manager() {
    return manager;
  }

  CacheOptions options() {
    return configuration.options();
  }

  /** A copy, with the listeners as they are now. */
  synchronized MemogridConfiguration<K, V> configuration() {
    return new MemogridConfiguration<>(configuration, configuration.options());
  }

  Store store() {
    return store;
  }

  Types types() {
    return types;
  }

  Values values() {
    return values;
  }

  KeyLocks locks() {
    return locks;
  }

  Loading<K, V> loading() {
    return loading;
  }

  Writing<K, V> writing() {
    return writing;
  }

  Listeners<K, V> listeners() {
    return listeners;
  }

  Statistics statistics() {
    return statistics;
  }

  Entries<K, V> entries() {
    return entries;
  }

  Processing<K, V> processing() {
    return processing;
  }

  Executor threads() {
    return manager.threads();
  }

  boolean readThrough() {
    return configuration.isReadThrough() && loading.isPossible();
  }

  @SuppressWarnings("unchecked") // the keys that were asked for
  Map<K, Envelope> findAll(Set<K> keys) {
    Map<K, Envelope> found = new HashMap<>();
    store
        .getAll(keys)
        .forEach(
            (key, entry) -> {
              if (!entry.isTombstone()) {
                found.put((K) key, entry);
              }
            });
    return found;
  }

  @SuppressWarnings("unchecked") // the keys that were put
  void forEachKey(Consumer<K> consumer) {
    try (Stream<Map.Entry<Object, Envelope>> all = store.entries()) {
      all.filter(entry -> !entry.getValue().isTombstone())
          .forEach(entry -> consumer.accept((K) entry.getKey()));
    }
  }

  /** The keys that are held by tombstones, such as those of loads that are under way. */
  @SuppressWarnings("unchecked")
  void forEachPlace(BiConsumer<K, Entries.Seen> consumer) {
    try (Stream<Map.Entry<Object, Envelope>> all = store.entries()) {
      all.filter(entry -> entry.getValue().isTombstone())
          .forEach(
              entry -> consumer.accept((K) entry.getKey(), new Entries.Seen(entry.getValue())));
    }
  }

  synchronized void listen(CacheEntryListenerConfiguration<K, V> listener) {
    listeners.add(listener);
    configuration.addCacheEntryListenerConfiguration(listener);
  }

  synchronized void stopListening(CacheEntryListenerConfiguration<K, V> listener) {
    listeners.remove(listener);
    configuration.removeCacheEntryListenerConfiguration(listener);
  }

  synchronized void enableStatistics(boolean on) {
    requireOpen();
    configuration.setStatisticsEnabled(on);
    statistics.turn(on);
    if (on) {
      beans.showStatistics(statistics);
    } else {
      beans.hideStatistics();
    }
  }

  synchronized void enableManagement(boolean on) {
    requireOpen();
    configuration.setManagementEnabled(on);
    if (on) {
      beans.showConfiguration(configuration);
    } else {
      beans.hideConfiguration();
    }
  }

  synchronized <T> T unwrap(Class<T> type) {
    requireOpen();
    if (type.isInstance(store)) {
      return type.cast(store);
    }
    if (type == Cache.class) {
      if (facade == null) {
        facade = cluster.cache(store.name(), options());
      }
      return type.cast(facade);
    }
    T engine = store.unwrap(type);
    if (engine == null) {
      throw new IllegalArgumentException(
          "cache '" + name + "' in mode " + store.mode() + " stands on no " + type.getName());
    }
    return engine;
  }

  boolean isClosed() {
    return closed || !store.isOpen();
  }

  void requireOpen() {
    if (closed) {
      throw new IllegalStateException(
          "cache '" + name + "' is closed: create it again with CacheManager.createCache");
    }
    if (!store.isOpen()) {
      throw new IllegalStateException(
          "cache '"
              + name
              + "' was destroyed by a member, or this one left its cluster: create it again with"
              + " CacheManager.createCache");
    }
  }

  /** Ends this member's use of the cache. Data that no other member has go with it. */
  synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    manager.forget(name, this);
    beans.hideStatistics();
    beans.hideConfiguration();
    listeners.close();
    loading.close();
    writing.close();
    lives.close();
    if (facade != null) {
      facade.close();
    }
    if (store.mode() == Mode.LOCAL && store.isOpen()) {
      store.destroy();
    }
  }

  /** Closes it, and removes it from the whole cluster. */
  void destroy() {
    close();
    if (store.isOpen()) {
      store.destroy();
    }
  }
}
