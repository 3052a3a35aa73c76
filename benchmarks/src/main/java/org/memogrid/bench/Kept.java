/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.infinispan.AdvancedCache;
import org.infinispan.configuration.cache.ConfigurationBuilder;
import org.infinispan.configuration.global.GlobalConfigurationBuilder;
import org.infinispan.configuration.global.ShutdownHookBehavior;
import org.infinispan.factories.ComponentRegistry;
import org.infinispan.manager.DefaultCacheManager;
import org.infinispan.manager.EmbeddedCacheManager;
import org.infinispan.persistence.jdbc.configuration.JdbcStringBasedStoreConfigurationBuilder;
import org.infinispan.persistence.manager.PersistenceManager;
import org.infinispan.persistence.sifs.configuration.SoftIndexFileStoreConfigurationBuilder;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Cluster;

/**
 * A cache of strings and where it is kept: one of ours, or Infinispan's by itself as its manual
 * sets it up, on the same disk or the same database of H2, in files below the same directory.
 */
final class Kept implements AutoCloseable {
  static final String FILES = "Memogrid, files";
  static final String RAW_FILES = "Infinispan, soft-index files";
  private static final int QUEUE = 10_000;
  private static final long PATIENCE_NANOS = 30_000_000_000L;

  private final String name;
  private final Map<String, String> entries;
  private final Runnable end;
  private final @Nullable PersistenceManager store;

  /**
   * @param store to which it writes behind; null if there is nothing to wait for
   */
  private Kept(
      String name, Map<String, String> entries, Runnable end, @Nullable PersistenceManager store) {
    this.name = name;
    this.entries = entries;
    this.end = end;
    this.store = store;
  }

  private static String url(Path directory) {
    return "jdbc:h2:" + directory.resolve("db") + ";DB_CLOSE_DELAY=-1";
  }

  static Kept nowhere() {
    return ours("Memogrid, no store", "none", null);
  }

  static Kept inFiles(Path directory) {
    return ours(FILES, "files", Persist.file(directory));
  }

  static Kept inTable(Path directory) {
    return ours("Memogrid, table", "through", Persist.jdbc(url(directory), "through"));
  }

  static Kept behindTable(Path directory) {
    Persist rows = Persist.jdbc(url(directory), "behind").writeBehind(QUEUE, 100);
    return ours("Memogrid, table", "behind", rows);
  }

  static Kept behindFiles(Path directory) {
    return ours(FILES, "behind", Persist.file(directory).writeBehind(QUEUE, 100));
  }

  private static Kept ours(String name, String cache, @Nullable Persist persist) {
    Cluster cluster = Cluster.local();
    CacheOptions plain = CacheOptions.of(Mode.LOCAL);
    CacheOptions options = persist == null ? plain : plain.persist(persist);
    Cache<String, String> opened = cluster.cache(cache, options);
    boolean behind = persist != null && persist.queueSize() > 0;
    return new Kept(
        name,
        new Puts(opened),
        cluster::close,
        behind ? store(opened.unwrap(AdvancedCache.class)) : null);
  }

  private static PersistenceManager store(AdvancedCache<?, ?> cache) {
    return ComponentRegistry.componentOf(cache, PersistenceManager.class);
  }

  static Kept rawNowhere() {
    return raw("Infinispan, no store", new ConfigurationBuilder(), false);
  }

  static Kept rawInFiles(Path directory, boolean behind) {
    ConfigurationBuilder builder = new ConfigurationBuilder();
    SoftIndexFileStoreConfigurationBuilder store =
        builder
            .persistence()
            .addSoftIndexFileStore()
            .dataLocation(directory.toString())
            .indexLocation(directory.toString());
    if (behind) {
      store.async().enable().modificationQueueSize(QUEUE);
    }
    return raw(RAW_FILES, builder, behind);
  }

  static Kept rawInTable(Path directory, boolean behind) {
    String url = url(directory);
    String prefix = behind ? "raw_behind" : "raw";
    ConfigurationBuilder builder = new ConfigurationBuilder();
    JdbcStringBasedStoreConfigurationBuilder store =
        builder.persistence().addStore(JdbcStringBasedStoreConfigurationBuilder.class);
    store
        .table()
        .createOnStart(true)
        .tableNamePrefix(prefix)
        .idColumnName("id")
        .idColumnType("VARCHAR(255)")
        .dataColumnName("data")
        .dataColumnType("BINARY LARGE OBJECT")
        .timestampColumnName("ends")
        .timestampColumnType("BIGINT")
        .segmentColumnName("segment")
        .segmentColumnType("INTEGER");
    store
        .connectionPool()
        .connectionUrl(url)
        .username("")
        .password("")
        .driverClass("org.h2.Driver");
    if (behind) {
      store.async().enable().modificationQueueSize(QUEUE);
    }
    return raw("Infinispan, JDBC store", builder, behind);
  }

  private static Kept raw(String name, ConfigurationBuilder builder, boolean behind) {
    GlobalConfigurationBuilder global = new GlobalConfigurationBuilder().nonClusteredDefault();
    global.shutdown().hookBehavior(ShutdownHookBehavior.DONT_REGISTER);
    global.metrics().gauges(false).histograms(false);
    global.jmx().disable();
    EmbeddedCacheManager manager = new DefaultCacheManager(global.build());
    manager.defineConfiguration("raw", builder.build());
    org.infinispan.Cache<String, String> cache = manager.getCache("raw");
    return new Kept(name, cache, manager::stop, behind ? store(cache.getAdvancedCache()) : null);
  }

  String name() {
    return name;
  }

  /** A map whose put gives nothing back, as our put does; Infinispan's is told of no wish. */
  private static final class Puts extends java.util.AbstractMap<String, String> {
    private final Cache<String, String> cache;

    Puts(Cache<String, String> cache) {
      this.cache = cache;
    }

    @Override
    public @Nullable String put(String key, String value) {
      cache.put(key, value);
      return null;
    }

    @Override
    public void putAll(Map<? extends String, ? extends String> all) {
      cache.putAll(all);
    }

    @Override
    public @Nullable String get(@Nullable Object key) {
      return cache.get(String.valueOf(key));
    }

    @Override
    public java.util.Set<Entry<String, String>> entrySet() {
      return cache.asMap().entrySet();
    }
  }

  void put(String key, String value) {
    var unused = entries.put(key, value);
  }

  void putAll(Map<String, String> all) {
    entries.putAll(all);
  }

  @Nullable String get(String key) {
    return entries.get(key);
  }

  long readAll() {
    try (Stream<Map.Entry<String, String>> all = entries.entrySet().stream()) {
      return all.filter(entry -> entry.getValue().length() > 0).count();
    }
  }

  /**
   * Waits until what was written behind is written: with a last key that no other batch has.
   *
   * @throws IllegalStateException if it is not within half a minute
   */
  void drain(int batch) throws InterruptedException {
    if (store == null) {
      return;
    }
    long before = written(store);
    put("last of batch " + batch, "x");
    long begun = System.nanoTime();
    while (written(store) <= before) {
      if (System.nanoTime() - begun > PATIENCE_NANOS) {
        throw new IllegalStateException(name + " does not write what is written behind");
      }
      Thread.sleep(1);
    }
  }

  private static long written(PersistenceManager store) {
    return store.size(PersistenceManager.AccessMode.BOTH).toCompletableFuture().join();
  }

  @Override
  public void close() {
    end.run();
  }
}
