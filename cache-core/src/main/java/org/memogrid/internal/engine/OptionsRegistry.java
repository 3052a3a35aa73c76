/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.Set;
import java.util.TreeSet;
import org.infinispan.Cache;
import org.infinispan.configuration.cache.CacheMode;
import org.infinispan.configuration.cache.ConfigurationBuilder;
import org.infinispan.manager.EmbeddedCacheManager;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cluster.Partitions;

/**
 * Which caches the cluster has and with which options: a replicated map that every member holds
 * from its start. The engine itself answers a request for a cache that exists with the old one,
 * whatever was asked for.
 */
final class OptionsRegistry {
  static final String NAME = "org.memogrid.options";

  private final Cache<String, byte[]> entries;

  /** Opens the map on this member; the others must do the same. */
  OptionsRegistry(EmbeddedCacheManager manager, Partitions partitions) {
    ConfigurationBuilder builder = new ConfigurationBuilder();
    EngineConfiguration.whenSplit(builder.clustering().cacheMode(CacheMode.REPL_SYNC), partitions);
    manager.defineConfiguration(NAME, builder.build());
    this.entries = manager.getCache(NAME);
  }

  @Nullable CacheOptions get(String name) {
    byte[] bytes = entries.get(name);
    return bytes == null ? null : OptionsFormat.read(bytes);
  }

  /** Notes the options unless there are some, and answers those that are there then. */
  CacheOptions agree(String name, CacheOptions options) {
    CacheOptions there = get(name);
    if (there != null) {
      return there;
    }
    byte[] before = entries.putIfAbsent(name, OptionsFormat.write(options));
    return before == null ? options : OptionsFormat.read(before);
  }

  void forget(String name) {
    entries.remove(name);
  }

  Set<String> names() {
    return new TreeSet<>(entries.keySet());
  }
}
