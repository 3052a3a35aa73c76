/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import org.infinispan.AdvancedCache;
import org.infinispan.Cache;
import org.infinispan.cache.impl.AbstractDelegatingAdvancedCache;
import org.infinispan.persistence.PersistenceUtil;
import org.infinispan.persistence.spi.InitializationContext;
import org.infinispan.persistence.support.DelegatingInitializationContext;

/**
 * Tells the engine's file store a name of its cache that may name a file. It calls its folder so,
 * but its lock as the cache is called: that of {@code /prices} would be {@code /prices.lck}.
 */
final class FileNamed extends DelegatingInitializationContext {
  private final InitializationContext context;
  private final Cache<?, ?> cache;

  FileNamed(InitializationContext context) {
    this.context = context;
    Cache<?, ?> called = context.getCache();
    this.cache = new Named<>(called.getAdvancedCache());
  }

  private static final class Named<K, V> extends AbstractDelegatingAdvancedCache<K, V> {
    private final String name;

    Named(AdvancedCache<K, V> cache) {
      super(cache);
      this.name = PersistenceUtil.sanitizedCacheName(cache.getName());
    }

    @Override
    public String getName() {
      return name;
    }

    @Override
    @SuppressWarnings({"rawtypes", "unchecked"}) // as the engine has it
    public AdvancedCache rewrap(AdvancedCache other) {
      return new Named<>(other);
    }
  }

  @Override
  public InitializationContext delegate() {
    return context;
  }

  @Override
  @SuppressWarnings("rawtypes") // as the engine has it
  public Cache getCache() {
    return cache;
  }
}
