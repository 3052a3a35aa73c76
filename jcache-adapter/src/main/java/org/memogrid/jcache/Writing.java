/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import java.util.Collection;
import javax.cache.Cache;
import javax.cache.integration.CacheWriter;
import javax.cache.integration.CacheWriterException;
import org.jspecify.annotations.Nullable;

/** The user's writer, its failures as the JSR names them. Does nothing if there is none. */
final class Writing<K, V> {
  private final @Nullable CacheWriter<? super K, ? super V> writer;

  Writing(@Nullable CacheWriter<? super K, ? super V> writer) {
    this.writer = writer;
  }

  boolean isOn() {
    return writer != null;
  }

  void write(K key, V value) {
    if (writer != null) {
      translating(() -> writer.write(new Pair<>(key, value)));
    }
  }

  void delete(K key) {
    if (writer != null) {
      translating(() -> writer.delete(key));
    }
  }

  /** Writes the entries. If that fails, those that are left in the collection were not written. */
  @SuppressWarnings("unchecked")
  void writeAll(Collection<Pair<K, V>> entries) {
    if (writer != null && !entries.isEmpty()) {
      CacheWriter<K, V> own = (CacheWriter<K, V>) writer;
      translating(
          () ->
              own.writeAll(
                  (Collection<Cache.Entry<? extends K, ? extends V>>) (Collection<?>) entries));
    }
  }

  /** Deletes the keys. If that fails, those that are left in the collection were not deleted. */
  void deleteAll(Collection<K> keys) {
    if (writer != null && !keys.isEmpty()) {
      translating(() -> writer.deleteAll(keys));
    }
  }

  private static void translating(Runnable call) {
    try {
      call.run();
    } catch (CacheWriterException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new CacheWriterException("the writer failed", e);
    }
  }

  void close() {
    Lives.close(writer);
  }
}
