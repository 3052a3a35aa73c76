/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cache;

import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A map that the members of a cluster share, in one of four {@linkplain Mode modes}. */
public interface Cache<K, V> extends AutoCloseable {
  String name();

  Mode mode();

  @Nullable V get(K key);

  Map<K, V> getAll(Collection<? extends K> keys);

  boolean containsKey(K key);

  void put(K key, V value);

  void put(K key, V value, Expiry expiry);

  @Nullable V getAndPut(K key, V value);

  void putAll(Map<? extends K, ? extends V> entries);

  void putAll(Map<? extends K, ? extends V> entries, Expiry expiry);

  @Nullable V putIfAbsent(K key, V value);

  @Nullable V putIfAbsent(K key, V value, Expiry expiry);

  @Nullable V replace(K key, V value);

  @Nullable V replace(K key, V value, Expiry expiry);

  boolean replace(K key, V expected, V value);

  boolean replace(K key, V expected, V value, Expiry expiry);

  @Nullable V remove(K key);

  boolean remove(K key, V expected);

  @Nullable V update(K key, UnaryOperator<@Nullable V> change);

  void clear();

  long size();

  Stream<Map.Entry<K, V>> entries();

  ConcurrentMap<K, V> asMap();

  Registration listen(CacheListener<K, V> listener, CacheEvent.Type... types);

  CacheStats stats();

  <T> T unwrap(Class<T> type);

  @Override
  void close();

  void destroy();
}
