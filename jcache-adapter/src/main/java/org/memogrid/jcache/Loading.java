/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;
import javax.cache.integration.CacheLoader;
import javax.cache.integration.CacheLoaderException;
import org.jspecify.annotations.Nullable;

/**
 * The user's loader, its failures as the JSR names them. It is closed when the loads under way have
 * ended, or have taken too long, and never asked again.
 */
final class Loading<K, V> {
  private static final int PATIENCE_SECONDS = 5;

  private final @Nullable CacheLoader<K, V> loader;
  private final ReentrantReadWriteLock use = new ReentrantReadWriteLock();
  private volatile boolean closed;

  Loading(@Nullable CacheLoader<K, V> loader) {
    this.loader = loader;
  }

  boolean isPossible() {
    return loader != null;
  }

  @Nullable V load(K key) {
    return using(own -> own.load(key));
  }

  /** What it has for the keys; some may be left out, or null. */
  Map<K, V> loadAll(Set<K> keys) {
    Map<K, V> loaded = keys.isEmpty() ? null : using(own -> own.loadAll(keys));
    return loaded == null ? Map.of() : loaded;
  }

  private <T> @Nullable T using(Function<CacheLoader<K, V>, @Nullable T> call) {
    CacheLoader<K, V> own = loader;
    if (own == null) {
      return null;
    }
    use.readLock().lock();
    try {
      if (closed) {
        throw new IllegalStateException("the cache was closed before its loader was asked");
      }
      return call.apply(own);
    } catch (CacheLoaderException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new CacheLoaderException("the loader failed", e);
    } finally {
      use.readLock().unlock();
    }
  }

  void close() {
    boolean alone = false;
    try {
      // A loader that closes its own cache would wait for itself.
      alone =
          use.getReadHoldCount() == 0
              && use.writeLock().tryLock(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    try {
      closed = true;
      Lives.close(loader);
    } finally {
      if (alone) {
        use.writeLock().unlock();
      }
    }
  }
}
