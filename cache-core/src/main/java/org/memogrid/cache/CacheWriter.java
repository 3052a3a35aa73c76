/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cache;

import java.util.Collection;
import java.util.Map;

/**
 * Writes the changes of a cache to where a program keeps its data. Given to {@link Persist#with}.
 *
 * <p>Called by threads of the member's own: by several at once for different keys, never by two for
 * one key, and for each key in the order of the changes. With {@link Persist#writeBehind} by one at
 * a time. What it throws says that nothing was written: the caller gets a {@link CacheException}
 * that names cache and key, and memory is as it was. A method must be able to write again what it
 * has written.
 *
 * <p>It is not told of an entry's end: what memory lets go of stays where it was written.
 */
public interface CacheWriter<K, V> {
  /** Writes a value over what is there, if anything is. Neither is null. */
  void write(K key, V value) throws Exception;

  /** Deletes what is there, if anything is. */
  void delete(K key) throws Exception;

  /**
   * Writes several at once: those of a {@code putAll}, or of a batch with {@link
   * Persist#writeBehind}. Unless overridden one after the other, and then those before one that
   * fails are written, and not in memory.
   */
  default void writeAll(Map<K, V> entries) throws Exception {
    for (Map.Entry<K, V> entry : entries.entrySet()) {
      write(entry.getKey(), entry.getValue());
    }
  }

  /** Deletes several at once; unless overridden one after the other. */
  default void deleteAll(Collection<K> keys) throws Exception {
    for (K key : keys) {
      delete(key);
    }
  }

  /**
   * Deletes everything, for {@code clear}. Unless overridden it refuses to, and so does {@code
   * clear}: a cache that was emptied would be filled again by the next reads.
   */
  default void clear() throws Exception {
    throw new UnsupportedOperationException(
        "this writer can't delete everything: override CacheWriter.clear, or remove key by key");
  }
}
