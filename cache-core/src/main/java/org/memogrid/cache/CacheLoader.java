/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cache;

import org.jspecify.annotations.Nullable;

/**
 * Reads an entry from where a program keeps its data, when a cache is asked for a key that it does
 * not have ("read-through"). Given to {@link Persist#with}.
 *
 * <p>Called by several threads of the member's own at once, never by two for reads of one key;
 * never by the thread of the caller, who waits.
 */
@FunctionalInterface
public interface CacheLoader<K, V> {
  /**
   * The value of a key; null if there is none, which is not remembered: the next read asks again.
   *
   * @param key never null
   * @throws Exception what happened; the caller gets a {@link CacheException} that names cache and
   *     key, with this as a cause
   */
  @Nullable V load(K key) throws Exception;

  /**
   * How long memory keeps what was loaded; null, as it is unless overridden, for what the cache's
   * options say. At its end the entry is let go, and the next read loads it again.
   */
  default @Nullable Expiry expiry(K key, V value) {
    return null;
  }
}
