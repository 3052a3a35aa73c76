/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.cache;

import static java.util.Objects.requireNonNull;

import java.util.AbstractMap.SimpleImmutableEntry;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheEvent;
import org.memogrid.cache.CacheListener;
import org.memogrid.cache.CacheStats;
import org.memogrid.cache.Expiry;
import org.memogrid.cache.FencingToken;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Registration;
import org.memogrid.cluster.Member;
import org.memogrid.internal.store.Conditional;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Loads;
import org.memogrid.internal.store.Store;

/**
 * A handle of a cache: user's values in and out of envelopes. Everything that depends on a value's
 * {@code equals} is a loop of a read and a write that is conditional on the version read, so the
 * engine never compares values, and a write that it repeats is recognised.
 */
final class StoreCache<K, V> implements Cache<K, V> {
  /** Of values that are kept near: none is void before its entry is. */
  private static final long ERA = 0;

  private final Opened opened;
  private final Store store;
  private final Counters counters;

  /** Whether a value found by itself is found sooner: in one process entries lie by their keys. */
  private final boolean keeps;

  private final List<Registration> registrations = new CopyOnWriteArrayList<>();
  private volatile boolean closed;

  StoreCache(Opened opened) {
    this.opened = opened;
    this.store = opened.store;
    this.counters = opened.counters;
    this.keeps = store.mode() != Mode.LOCAL;
  }

  @Override
  public String name() {
    return store.name();
  }

  @Override
  public Mode mode() {
    return store.mode();
  }

  @Override
  public @Nullable V get(K key) {
    requireNonNull(key, "key");
    Object value = nearValue(key);
    if (value == null) {
      Envelope near = closed ? null : store.near(key);
      value = near == null ? null : near.localValue();
      if (near != null && value != null && keeps) {
        store.keepValue(key, near, value, ERA);
      }
    }
    if (value != null) {
      counters.hits.increment();
      return cast(value);
    }
    requireOpen();
    Envelope entry = read(key);
    if (entry == null) {
      counters.misses.increment();
      return null;
    }
    counters.hits.increment();
    return open(entry);
  }

  /** A value that is at hand; null says nothing. */
  private @Nullable Object nearValue(K key) {
    return closed ? null : store.nearValue(key, ERA); // a store that is closed has none
  }

  /** An entry with a value that is at hand; null says nothing. */
  private @Nullable Envelope near(K key) {
    Envelope near = closed ? null : store.near(key); // a store that is closed has none
    return near == null || near.isTombstone() ? null : near;
  }

  /** The entry as its use leaves it; null for a miss. */
  private @Nullable Envelope read(Object key) {
    Envelope entry = store.get(key);
    if (entry == null || entry.isTombstone()) {
      return null;
    }
    opened.renewals.used(key, entry);
    return entry;
  }

  private V open(Envelope entry) {
    return cast(entry.value(opened.codec));
  }

  @SuppressWarnings("unchecked") // what the caller's own put stored
  private V cast(Object value) {
    return (V) value;
  }

  private @Nullable V openOrNull(@Nullable Envelope entry) {
    return entry == null || entry.isTombstone() ? null : open(entry);
  }

  @Override
  @SuppressWarnings("unchecked") // the keys asked for
  public Map<K, V> getAll(Collection<? extends K> keys) {
    requireNonNull(keys, "keys");
    Set<K> wanted = new HashSet<>();
    keys.forEach(key -> wanted.add(requireNonNull(key, "a key in keys")));
    requireOpen();
    Map<K, V> values = new HashMap<>();
    Set<K> rest = new HashSet<>();
    for (K key : wanted) {
      Object value = nearValue(key);
      Envelope near = value == null ? near(key) : null;
      if (value != null) {
        values.put(key, cast(value));
      } else if (near != null) {
        values.put(key, open(near));
      } else {
        rest.add(key);
      }
    }
    if (!rest.isEmpty()) {
      store
          .getAll(rest)
          .forEach(
              (key, entry) -> {
                if (!entry.isTombstone()) {
                  opened.renewals.used(key, entry);
                  values.put((K) key, open(entry));
                }
              });
    }
    counters.hits.add(values.size());
    counters.misses.add(wanted.size() - values.size());
    return values;
  }

  @Override
  public boolean containsKey(K key) {
    requireNonNull(key, "key");
    if (nearValue(key) != null || near(key) != null) {
      return true;
    }
    requireOpen();
    Envelope entry = store.get(key);
    return entry != null && !entry.isTombstone();
  }

  @Override
  public void put(K key, V value) {
    put(key, value, opened.options.expiry());
  }

  @Override
  public void put(K key, V value, Expiry expiry) {
    Envelope envelope = seal(key, value, expiry);
    store.put(key, envelope);
    counters.puts.increment();
  }

  /** The checks of every write, all before anything changes. */
  private Envelope seal(K key, V value, Expiry expiry) {
    requireNonNull(key, "key");
    requireNonNull(value, "value");
    requireNonNull(expiry, "expiry");
    requireOpen();
    return opened.seal(value, expiry);
  }

  /**
   * Why a lower write of the same key can't come after a higher one: 1. this write lays hold of the
   * entry, or of a tombstone where there is none; 2. it looks for a higher token; 3. it replaces
   * what it holds, if that is still there. A higher write notes its token before it touches the
   * key: before 2 it is seen, after 2 it takes away what this one would replace.
   */
  @Override
  public void putFenced(K key, V value, FencingToken token) {
    requireNonNull(token, "token");
    Envelope envelope = seal(key, value, opened.options.expiry());
    opened.fences.admit(name(), token); // most that are refused are so before anything changes
    while (true) {
      Envelope there = store.get(key);
      boolean own = false;
      if (there == null) {
        Envelope place = opened.tombstone();
        there = store.putIfAbsent(key, place);
        if (there == null) {
          there = place;
          own = true;
        }
      }
      try {
        opened.fences.admit(name(), token);
      } catch (RuntimeException e) {
        if (own) {
          var unused = Conditional.remove(store, key, there);
        }
        throw e;
      }
      if (swap(key, there, envelope)) {
        counters.puts.increment();
        return;
      }
    }
  }

  @Override
  public @Nullable V getAndPut(K key, V value) {
    Envelope envelope = seal(key, value, opened.options.expiry());
    Envelope before = store.getAndPut(key, envelope);
    counters.puts.increment();
    return openOrNull(before);
  }

  @Override
  public void putAll(Map<? extends K, ? extends V> entries) {
    putAll(entries, opened.options.expiry());
  }

  @Override
  public void putAll(Map<? extends K, ? extends V> entries, Expiry expiry) {
    requireNonNull(entries, "entries");
    requireNonNull(expiry, "expiry");
    requireOpen();
    Map<Object, Envelope> sealed = new HashMap<>();
    entries.forEach(
        (key, value) ->
            sealed.put(
                requireNonNull(key, "a key in entries"),
                opened.seal(requireNonNull(value, "a value in entries"), expiry)));
    store.putAll(sealed);
    counters.puts.add(sealed.size());
  }

  @Override
  public @Nullable V putIfAbsent(K key, V value) {
    return putIfAbsent(key, value, opened.options.expiry());
  }

  @Override
  public @Nullable V putIfAbsent(K key, V value, Expiry expiry) {
    Envelope envelope = seal(key, value, expiry);
    while (true) {
      Envelope there = store.putIfAbsent(key, envelope);
      if (there == null
          || there.provesLanded(envelope)
          || (there.isTombstone() && swap(key, there, envelope))) {
        counters.puts.increment();
        return null;
      }
      if (!there.isTombstone()) {
        return open(there);
      }
    }
  }

  @Override
  public @Nullable V replace(K key, V value) {
    return replace(key, value, opened.options.expiry());
  }

  @Override
  public @Nullable V replace(K key, V value, Expiry expiry) {
    Envelope envelope = seal(key, value, expiry);
    while (true) {
      Envelope there = store.get(key);
      if (there == null || there.isTombstone()) {
        return null;
      }
      if (swap(key, there, envelope)) {
        counters.puts.increment();
        return open(there);
      }
    }
  }

  @Override
  public boolean replace(K key, V expected, V value) {
    return replace(key, expected, value, opened.options.expiry());
  }

  @Override
  public boolean replace(K key, V expected, V value, Expiry expiry) {
    requireNonNull(expected, "expected");
    Envelope envelope = seal(key, value, expiry);
    while (true) {
      Envelope there = store.get(key);
      if (there == null || there.isTombstone() || !open(there).equals(expected)) {
        return false;
      }
      if (swap(key, there, envelope)) {
        counters.puts.increment();
        return true;
      }
    }
  }

  @Override
  public @Nullable V remove(K key) {
    requireNonNull(key, "key");
    requireOpen();
    V before = openOrNull(store.remove(key));
    if (before != null) {
      counters.removals.increment();
    }
    return before;
  }

  @Override
  public boolean remove(K key, V expected) {
    requireNonNull(key, "key");
    requireNonNull(expected, "expected");
    requireOpen();
    while (true) {
      Envelope there = store.get(key);
      if (there == null || there.isTombstone() || !open(there).equals(expected)) {
        return false;
      }
      if (Conditional.remove(store, key, there)) {
        counters.removals.increment();
        return true;
      }
    }
  }

  @Override
  public @Nullable V update(K key, UnaryOperator<@Nullable V> change) {
    return update(key, change, opened.options.expiry());
  }

  @Override
  public @Nullable V update(K key, UnaryOperator<@Nullable V> change, Expiry expiry) {
    requireNonNull(key, "key");
    requireNonNull(change, "change");
    requireNonNull(expiry, "expiry");
    requireOpen();
    List<Attempt<V>> refused = List.of();
    while (true) {
      Envelope there = store.get(key);
      for (Attempt<V> attempt : refused) {
        // It was refused for what came after it, and what was read then was older than both.
        if (there != null && there.provesLanded(attempt.envelope)) {
          counters.puts.increment();
          return attempt.value;
        }
      }
      V before = openOrNull(there);
      V after = change.apply(before);
      if (after == null) {
        if (there == null || before == null || take(key, there)) {
          return null;
        }
        continue;
      }
      Envelope envelope = opened.seal(after, expiry);
      if (there == null ? add(key, envelope) : swap(key, there, envelope)) {
        counters.puts.increment();
        return after;
      }
      refused = new ArrayList<>(refused);
      refused.add(new Attempt<>(envelope, after));
    }
  }

  private record Attempt<V>(Envelope envelope, V value) {}

  private boolean take(K key, Envelope there) {
    boolean removed = Conditional.remove(store, key, there);
    if (removed) {
      counters.removals.increment();
    }
    return removed;
  }

  private boolean add(K key, Envelope envelope) {
    return Conditional.add(store, key, envelope);
  }

  private boolean swap(K key, Envelope there, Envelope envelope) {
    return Conditional.swap(store, key, there, envelope);
  }

  @Override
  public void clear() {
    requireOpen();
    store.clear();
  }

  @Override
  public long size() {
    requireOpen();
    return store.size();
  }

  @Override
  @SuppressWarnings("unchecked") // keys of the caller's own puts
  public Stream<Map.Entry<K, V>> entries() {
    requireOpen();
    return store
        .entries()
        .filter(entry -> !entry.getValue().isTombstone())
        .map(entry -> new SimpleImmutableEntry<>((K) entry.getKey(), open(entry.getValue())));
  }

  @Override
  public List<Member> owners(K key) {
    requireNonNull(key, "key");
    requireOpen();
    return store.topology().owners(key);
  }

  @Override
  public ConcurrentMap<K, V> asMap() {
    return new CacheMap<>(this);
  }

  @Override
  public Registration listen(CacheListener<K, V> listener, CacheEvent.Type... types) {
    requireNonNull(listener, "listener");
    requireNonNull(types, "types");
    Set<CacheEvent.Type> wanted =
        types.length == 0 ? Set.of(CacheEvent.Type.values()) : Set.copyOf(List.of(types));
    requireOpen();
    Hearing<K, V> hearing = new Hearing<>(opened, listener);
    Registration atStore = store.listen(hearing, wanted);
    Registration registration =
        new Registration() {
          @Override
          public void close() {
            hearing.end();
            if (registrations.remove(this)) {
              atStore.close();
            }
          }
        };
    registrations.add(registration);
    return registration;
  }

  @Override
  public CacheStats stats() {
    return counters.snapshot(store);
  }

  @Override
  public <T> T unwrap(Class<T> type) {
    requireNonNull(type, "type");
    if (type.isInstance(store)) {
      return type.cast(store);
    }
    if (type == Loads.class) {
      return type.cast(new CacheLoads<K, V>(opened));
    }
    T found = store.unwrap(type);
    if (found == null) {
      throw new IllegalArgumentException(
          "cache '" + name() + "' in mode " + mode() + " stands on no " + type.getName());
    }
    return found;
  }

  @Override
  public void close() {
    closed = true;
    new ArrayList<>(registrations).forEach(Registration::close);
  }

  @Override
  public Set<String> missing() {
    requireOpen();
    return store.missing();
  }

  @Override
  public void goOnWithoutMissing() {
    requireOpen();
    store.goOnWithoutMissing();
  }

  @Override
  public void destroy() {
    requireOpen();
    close();
    store.destroy();
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException(
          "cache '" + name() + "' was closed here: open it again with cluster.cache(...)");
    }
    opened.requireOpen();
  }

  @Override
  public String toString() {
    return "Cache[" + name() + ", " + opened.options + (closed ? ", closed]" : "]");
  }
}
