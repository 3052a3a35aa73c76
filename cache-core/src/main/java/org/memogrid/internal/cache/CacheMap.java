/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.cache;

import static java.util.Objects.requireNonNull;

import java.util.AbstractCollection;
import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.concurrent.ConcurrentMap;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Cache;

/**
 * A cache seen as a map: every view writes through, iterators are weakly consistent and remove. The
 * computing methods are {@link Cache#update}: the function may run again, and a value needs no
 * {@code equals} for them. An iterator holds resources of other members until it is at its end.
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

  // What ConcurrentMap brings would compare values, and so loop for ever over those without equals.

  @Override
  public @Nullable V compute(
      K key, BiFunction<? super K, ? super @Nullable V, ? extends @Nullable V> change) {
    requireNonNull(change, "change");
    return cache.update(key, before -> change.apply(key, before));
  }

  @Override
  public @Nullable V computeIfPresent(
      K key, BiFunction<? super K, ? super V, ? extends @Nullable V> change) {
    requireNonNull(change, "change");
    return cache.update(key, before -> before == null ? null : change.apply(key, before));
  }

  @Override
  public @Nullable V merge(
      K key, V value, BiFunction<? super V, ? super V, ? extends @Nullable V> change) {
    requireNonNull(value, "value");
    requireNonNull(change, "change");
    return cache.update(key, before -> before == null ? value : change.apply(before, value));
  }

  @Override
  public void replaceAll(BiFunction<? super K, ? super V, ? extends V> change) {
    requireNonNull(change, "change");
    forEach(
        (key, met) -> {
          var unused =
              computeIfPresent(
                  key, (k, now) -> requireNonNull(change.apply(k, now), "the function's result"));
        });
  }

  @Override
  public void forEach(BiConsumer<? super K, ? super V> action) {
    requireNonNull(action, "action");
    try (Stream<Map.Entry<K, V>> entries = cache.entries()) {
      entries.forEach(entry -> action.accept(entry.getKey(), entry.getValue()));
    }
  }

  @Override
  public void clear() {
    cache.clear();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    if (other == this) {
      return true;
    }
    if (!(other instanceof Map<?, ?>)) {
      return false;
    }
    Map<K, V> copy = new HashMap<>(); // comparing may end early, and would leave its iterator open
    forEach(copy::put);
    return copy.equals(other);
  }

  @Override
  public int hashCode() {
    return super.hashCode();
  }

  @Override
  public Set<K> keySet() {
    return new Keys();
  }

  @Override
  public Collection<V> values() {
    return new Values();
  }

  @Override
  public Set<Map.Entry<K, V>> entrySet() {
    return new Entries();
  }

  private final class Keys extends AbstractSet<K> {
    @Override
    public int size() {
      return CacheMap.this.size();
    }

    @Override
    public void clear() {
      CacheMap.this.clear();
    }

    @Override
    public boolean contains(@Nullable Object key) {
      return containsKey(key);
    }

    @Override
    public boolean remove(@Nullable Object key) {
      return CacheMap.this.remove(key) != null;
    }

    @Override
    public Iterator<K> iterator() {
      return new Walk<>(Map.Entry::getKey);
    }
  }

  private final class Values extends AbstractCollection<V> {
    @Override
    public int size() {
      return CacheMap.this.size();
    }

    @Override
    public void clear() {
      CacheMap.this.clear();
    }

    @Override
    public boolean contains(@Nullable Object value) {
      return containsValue(value);
    }

    @Override
    public boolean remove(@Nullable Object value) {
      requireNonNull(value, "value");
      try (Stream<Map.Entry<K, V>> entries = cache.entries()) {
        return entries.anyMatch(
            entry ->
                entry.getValue().equals(value) && cache.remove(entry.getKey(), entry.getValue()));
      }
    }

    @Override
    public Iterator<V> iterator() {
      return new Walk<>(Map.Entry::getValue);
    }
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
      return new Walk<>(WriteThrough::new);
    }
  }

  /** Over the entries, or what is asked of each. */
  private final class Walk<T> implements Iterator<T> {
    private final Function<Map.Entry<K, V>, T> element;
    private final Stream<Map.Entry<K, V>> stream = cache.entries();
    private final Iterator<Map.Entry<K, V>> entries = stream.iterator();
    private boolean ended;
    private @Nullable K last;

    Walk(Function<Map.Entry<K, V>, T> element) {
      this.element = element;
    }

    @Override
    public boolean hasNext() {
      if (!ended && !entries.hasNext()) {
        ended = true;
        stream.close();
      }
      return !ended;
    }

    @Override
    public T next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      Map.Entry<K, V> next = entries.next();
      last = next.getKey();
      return element.apply(next);
    }

    @Override
    public void remove() {
      if (last == null) {
        throw new IllegalStateException("next() was not called, or its entry is removed already");
      }
      cache.remove(last);
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
