/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.cache;

import static java.util.Objects.requireNonNull;

import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.concurrent.ConcurrentMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Cache;

/**
 * A cache seen as a map: every view writes through, iterators are weakly consistent and remove. The
 * computing methods are those of {@link ConcurrentMap}: loops over the atomic ones, whose function
 * may run again.
 */
final class CacheMap<K, V> extends AbstractMap<K, V> implements ConcurrentMap<K, V> {
  private final Cache<K, V> cache;

  CacheMap(Cache<K, V> cache) {
    this.cache = cache;
  }

  @SuppressWarnings("unchecked") // a key of another class is in no cache: it finds nothing
  private K key(@Nullable Object key) {
    return (K) requireNonNull(key, "key");
  }

  @Override
  public int size() {
    return (int) Math.min(Integer.MAX_VALUE, cache.size());
  }

  @Override
  public @Nullable V get(@Nullable Object key) {
    return cache.get(key(key));
  }

  @Override
  public boolean containsKey(@Nullable Object key) {
    return cache.containsKey(key(key));
  }

  @Override
  public boolean containsValue(@Nullable Object value) {
    requireNonNull(value, "value");
    try (Stream<Map.Entry<K, V>> entries = cache.entries()) {
      return entries.anyMatch(entry -> entry.getValue().equals(value));
    }
  }

  @Override
  public @Nullable V put(K key, V value) {
    return cache.getAndPut(key, value);
  }

  @Override
  public void putAll(Map<? extends K, ? extends V> entries) {
    cache.putAll(entries);
  }

  @Override
  public @Nullable V putIfAbsent(K key, V value) {
    return cache.putIfAbsent(key, value);
  }

  @Override
  public @Nullable V replace(K key, V value) {
    return cache.replace(key, value);
  }

  @Override
  public boolean replace(K key, V expected, V value) {
    return cache.replace(key, expected, value);
  }

  @Override
  public @Nullable V remove(@Nullable Object key) {
    return cache.remove(key(key));
  }

  @Override
  @SuppressWarnings("unchecked") // a value of another class equals none
  public boolean remove(@Nullable Object key, @Nullable Object expected) {
    return expected != null && cache.remove(key(key), (V) expected);
  }

  @Override
  public @Nullable V getOrDefault(@Nullable Object key, @Nullable V otherwise) {
    V value = get(key);
    return value == null ? otherwise : value;
  }

  @Override
  public void clear() {
    cache.clear();
  }

  @Override
  public Set<Map.Entry<K, V>> entrySet() {
    return new Entries();
  }

  private final class Entries extends AbstractSet<Map.Entry<K, V>> {
    @Override
    public int size() {
      return CacheMap.this.size();
    }

    @Override
    public void clear() {
      CacheMap.this.clear();
    }

    @Override
    public boolean contains(@Nullable Object candidate) {
      return candidate instanceof Map.Entry<?, ?> entry
          && entry.getKey() != null
          && entry.getValue() != null
          && entry.getValue().equals(CacheMap.this.get(entry.getKey()));
    }

    @Override
    public boolean remove(@Nullable Object candidate) {
      return candidate instanceof Map.Entry<?, ?> entry
          && entry.getKey() != null
          && entry.getValue() != null
          && CacheMap.this.remove(entry.getKey(), entry.getValue());
    }

    @Override
    public Iterator<Map.Entry<K, V>> iterator() {
      return new Walk(cache.entries().iterator());
    }
  }

  private final class Walk implements Iterator<Map.Entry<K, V>> {
    private final Iterator<Map.Entry<K, V>> entries;
    private Map.@Nullable Entry<K, V> last;

    Walk(Iterator<Map.Entry<K, V>> entries) {
      this.entries = entries;
    }

    @Override
    public boolean hasNext() {
      return entries.hasNext();
    }

    @Override
    public Map.Entry<K, V> next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      Map.Entry<K, V> next = new WriteThrough(entries.next());
      last = next;
      return next;
    }

    @Override
    public void remove() {
      if (last == null) {
        throw new IllegalStateException("next() was not called, or its entry is removed already");
      }
      cache.remove(last.getKey());
      last = null;
    }
  }

  /** An entry whose value, when set, is put. */
  private final class WriteThrough extends SimpleEntry<K, V> {
    private static final long serialVersionUID = 1L;

    WriteThrough(Map.Entry<K, V> entry) {
      super(entry);
    }

    @Override
    public V setValue(V value) {
      cache.put(getKey(), value);
      return super.setValue(value);
    }
  }
}
