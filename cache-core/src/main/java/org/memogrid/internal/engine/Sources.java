/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.infinispan.configuration.global.GlobalConfiguration;
import org.jspecify.annotations.Nullable;

/** The sources of one engine's caches, by the cache's name: there before the cache is. */
final class Sources {
  private final ConcurrentMap<String, Source> sources = new ConcurrentHashMap<>();

  /** Those of the engine with that configuration. */
  static Sources of(GlobalConfiguration engine) {
    return ((EntryMarshaller) engine.serialization().marshaller()).sources();
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
