/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import org.infinispan.Cache;
import org.infinispan.commons.marshall.JavaSerializationMarshaller;
import org.infinispan.configuration.global.GlobalConfigurationBuilder;
import org.infinispan.manager.DefaultCacheManager;
import org.infinispan.manager.EmbeddedCacheManager;
import org.jspecify.annotations.Nullable;

/**
 * Infinispan by itself, as its manual sets up an embedded cache of objects: two members, two owners
 * of each entry, so that every read is of an own key.
 */
final class RawEngine implements Reader {
  private final EmbeddedCacheManager[] managers;
  private final Cache<Integer, Price> cache;

  private RawEngine(EmbeddedCacheManager[] managers, Cache<Integer, Price> cache) {
    this.managers = managers;
    this.cache = cache;
  }

  static RawEngine open(String mode) {
    EmbeddedCacheManager[] managers = {start("reader"), start("other")};
    Cache<Integer, Price> cache = null;
    for (EmbeddedCacheManager manager : managers) {
      manager.defineConfiguration("prices", RawMembers.cache(mode).build());
      Cache<Integer, Price> opened = manager.getCache("prices");
      cache = cache == null ? opened : cache;
    }
    if (cache == null) {
      throw new IllegalStateException("no member");
    }
    Cache<Integer, Price> filled = cache;
    Readers.fill((key, n) -> filled.put(key, Price.of(n)));
    return new RawEngine(managers, filled);
  }

  /** A member, in this JVM. */
  static EmbeddedCacheManager start(String name) {
    GlobalConfigurationBuilder global =
        RawMembers.global("raw-" + ProcessHandle.current().pid(), name, "bench-loopback.xml");
    global
        .serialization()
        .marshaller(new JavaSerializationMarshaller())
        .allowList()
        .addRegexps("org\\.memogrid\\.bench\\..*", "java\\.lang\\..*");
    return new DefaultCacheManager(global.build());
  }

  @Override
  public @Nullable Object get(Integer key) {
    return cache.get(key);
  }

  @Override
  public void close() {
    for (EmbeddedCacheManager manager : managers) {
      manager.stop();
    }
  }
}
