/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.infinispan.configuration.global.GlobalConfiguration;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.Persist;

/** The sources of one engine's caches, by the cache's name: there before the cache is. */
final class Sources {
  private final Map<String, Persist> named;
  private final ConcurrentMap<String, Source> sources = new ConcurrentHashMap<>();

  /**
   * @param named the loaders and writers that this member gave a name
   */
  Sources(Map<String, Persist> named) {
    this.named = named;
  }

  /** Those of the engine with that configuration. */
  static Sources of(GlobalConfiguration engine) {
    return ((EntryMarshaller) engine.serialization().marshaller()).sources();
  }

  /**
   * The loader and the writer themselves, where options have their name.
   *
   * @throws CacheException if this member has none of that name
   */
  Persist resolve(String cache, Persist persist) {
    if (persist.loader() != null) {
      return persist;
    }
    String name = requireNonNull(persist.loaderName(), "neither a loader nor its name");
    Persist there = named.get(name);
    if (there == null) {
      throw new CacheException(
          "cache '"
              + cache
              + "' is kept by "
              + persist
              + ", and this member has none of that name: add .loaderAndWriter(\""
              + name
              + "\", ..., ...) to its Cluster.builder()");
    }
    return there;
  }

  void add(String cache, Source source) {
    sources.put(cache, source);
  }

  /** Null if the cache has none. */
  @Nullable Source get(String cache) {
    return sources.get(cache);
  }

  void remove(String cache) {
    sources.remove(cache);
  }
}
