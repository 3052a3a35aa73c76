/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import javax.cache.Cache;
import javax.cache.CacheManager;
import javax.cache.configuration.CacheEntryListenerConfiguration;
import javax.cache.configuration.Configuration;
import javax.cache.event.EventType;
import javax.cache.integration.CompletionListener;
import javax.cache.processor.EntryProcessor;
import javax.cache.processor.EntryProcessorException;
import javax.cache.processor.EntryProcessorResult;
import org.jspecify.annotations.Nullable;
import org.memogrid.internal.store.Envelope;

/**
 * A cache of the JSR over one store of the cluster: what its operations mean, in terms of {@link
 * Entries}.
 *
 * <p>Invariants. Arguments are checked and values encoded before the writer or the store is called.
 * The writer is called before the store, once for each change, while the key's lock is held; if it
 * fails, the store is left alone. A change that another member overtook is decided anew.
 */
final class GridCache<K, V> implements Cache<K, V> {
  private final Parts<K, V> parts;
  private final Entries<K, V> entries;
  private final Values values;
  private final Types types;
  private final KeyLocks locks;
  private final Loading<K, V> loading;
  private final Writing<K, V> writing;
  private final Listeners<K, V> listeners;
  private final Statistics statistics;
  private final Processing<K, V> processing;

  GridCache(Parts.Maker<K, V> maker) {
    this.parts = maker.make(this);
    this.entries = parts.entries();
    this.values = parts.values();
    this.types = parts.types();
    this.locks = parts.locks();
    this.loading = parts.loading();
    this.writing = parts.writing();
    this.listeners = parts.listeners();
    this.statistics = parts.statistics();
    this.processing = parts.processing();
  }

  Parts<K, V> parts() {
    return parts;
  }

  @Override
  public @Nullable V get(K key) {
    requireOpen();
    types.key(key);
    long begun = statistics.begin();
    Envelope there = entries.find(key);
    statistics.gets(there == null ? 0 : 1, there == null ? 1 : 0, begun);
    if (there == null) {
      return parts.readThrough() ? load(key, false) : null;
    }
    V value = entries.open(there);
    entries.use(key, there);
    return value;
  }

  @Override
  public Map<K, V> getAll(Set<? extends K> keys) {
    requireOpen();
    Set<K> wanted = checked(keys);
    long begun = statistics.begin();
    Map<K, V> found = new HashMap<>();
    parts
        .findAll(wanted)
        .forEach(
            (key, there) -> {
              found.put(key, entries.open(there));
              entries.use(key, there);
            });
    statistics.gets(found.size(), wanted.size() - found.size(), begun);
    if (parts.readThrough() && found.size() < wanted.size()) {
      wanted.removeAll(found.keySet());
      found.putAll(loadAll(wanted, false));
    }
    return found;
  }

  /** The keys, each once, all there and of the declared type. */
  private Set<K> checked(Collection<? extends K> keys) {
    requireNonNull(keys, "keys");
    Set<K> wanted = new LinkedHashSet<>();
    keys.forEach(key -> wanted.add(types.key(key)));
    return wanted;
  }

  @Override
  public boolean containsKey(K key) {
    requireOpen();
    return entries.find(types.key(key)) != null;
  }

  /** Loads a key that was missed, unless it has come meanwhile or is to be replaced. */
  private @Nullable V load(K key, boolean replace) {
    return locks.with(
        key,
        () -> {
          Envelope there = entries.find(key);
          if (there != null && !replace) {
            return entries.open(there);
          }
          V loaded = loading.load(key);
          return loaded == null ? null : keepLoaded(key, loaded, replace);
        });
  }

  private Map<K, V> loadAll(Set<K> keys, boolean replace) {
    Map<K, V> kept = new HashMap<>();
    locks.withAll(
        keys,
        () -> {
          Set<K> missing = new HashSet<>(keys);
          if (!replace) {
            parts
                .findAll(keys)
                .forEach(
                    (key, there) -> {
                      missing.remove(key);
                      kept.put(key, entries.open(there));
                    });
          }
          loading
              .loadAll(missing)
              .forEach(
                  (key, value) -> {
                    if (key != null && value != null) {
                      kept.put(key, keepLoaded(key, value, replace));
                    }
                  });
          return kept;
        });
    return kept;
  }

  /** Stores what the loader had, unless it is not to replace what came meanwhile. */
  private V keepLoaded(K key, V loaded, boolean replace) {
    K own = values.key(types.key(key));
    Values.Sealed sealed = values.seal(types.value("value", loaded));
    Entries<K, V>.Turn turn = entries.turn();
    while (true) {
      Envelope there = entries.find(own);
      if (there != null && !replace) {
        return entries.open(there);
      }
      if (entries.publish(own, there, sealed, turn) != Entries.Outcome.CONFLICT) {
        return loaded;
      }
    }
  }

  @Override
  public void loadAll(
      Set<? extends K> keys, boolean replaceExistingValues, @Nullable CompletionListener listener) {
    requireOpen();
    Set<K> wanted = checked(keys);
    parts
        .threads()
        .execute(
            () -> {
              try {
                if (loading.isPossible()) {
                  loadAll(wanted, replaceExistingValues);
                }
                if (listener != null) {
                  listener.onCompletion();
                }
              } catch (RuntimeException | Error e) {
                if (listener != null) {
                  listener.onException(e instanceof Exception x ? x : new IllegalStateException(e));
                }
              }
            });
  }

  /** What an operation makes of an entry. */
  private enum Only {
    ALWAYS,
    ABSENT,
    PRESENT
  }

  /** What was there, and whether it was changed. */
  private record Change(@Nullable Envelope before, boolean done) {}

  private Change write(K key, V value, Only only, @Nullable V expected) {
    K own = values.key(types.key(key));
    Values.Sealed sealed = values.seal(types.value("value", value));
    return locks.with(
        own,
        () -> {
          Entries<K, V>.Turn turn = entries.turn();
          boolean written = false;
          while (true) {
            Envelope there = entries.find(own);
            if ((only == Only.ABSENT && there != null) || (only == Only.PRESENT && there == null)) {
              return new Change(there, false);
            }
            if (expected != null && there != null && !entries.open(there).equals(expected)) {
              entries.use(own, there);
              return new Change(there, false);
            }
            if (!written) {
              writing.write(key, value);
              written = true;
            }
            Entries.Outcome outcome = entries.publish(own, there, sealed, turn);
            if (outcome != Entries.Outcome.CONFLICT) {
              return new Change(there, outcome == Entries.Outcome.STORED || there != null);
            }
          }
        });
  }

  @Override
  public void put(K key, V value) {
    requireOpen();
    long begun = statistics.begin();
    if (entries.isBlind()) {
      putBlind(key, value);
      statistics.puts(1, begun);
    } else {
      statistics.puts(write(key, value, Only.ALWAYS, null).done ? 1 : 0, begun);
    }
  }

  private void putBlind(K key, V value) {
    K own = values.key(types.key(key));
    Envelope envelope = entries.sealed(values.seal(types.value("value", value)));
    locks.with(
        own,
        () -> {
          writing.write(key, value);
          parts.store().put(own, envelope);
          return own;
        });
  }

  @Override
  public @Nullable V getAndPut(K key, V value) {
    requireOpen();
    long begun = statistics.begin();
    Change change = write(key, value, Only.ALWAYS, null);
    statistics.gets(change.before == null ? 0 : 1, change.before == null ? 1 : 0, begun);
    statistics.puts(change.done ? 1 : 0, begun);
    return entries.openOrNull(change.before);
  }

  @Override
  public void putAll(Map<? extends K, ? extends V> map) {
    requireOpen();
    requireNonNull(map, "map");
    long begun = statistics.begin();
    Map<K, Pair<K, V>> given = new HashMap<>();
    Map<K, Values.Sealed> sealed = new HashMap<>();
    map.forEach(
        (key, value) -> {
          K own = values.key(types.key(key));
          sealed.put(own, values.seal(types.value("value", value)));
          given.put(own, new Pair<>(key, value));
        });
    statistics.puts(
        writing.isOn()
            ? locks.withAll(sealed.keySet(), () -> writeAll(given, sealed))
            : storeAll(sealed),
        begun);
  }

  private long writeAll(Map<K, Pair<K, V>> given, Map<K, Values.Sealed> sealed) {
    List<Pair<K, V>> batch = new ArrayList<>(given.values());
    try {
      writing.writeAll(batch);
    } catch (RuntimeException e) {
      Map<K, Values.Sealed> written = new HashMap<>(sealed);
      given.forEach(
          (own, pair) -> {
            if (batch.contains(pair)) {
              written.remove(own);
            }
          });
      statistics.puts(storeAll(written), 0);
      throw e;
    }
    return storeAll(sealed);
  }

  /** Stores values that the writer has. */
  private long storeAll(Map<K, Values.Sealed> sealed) {
    if (entries.isBlind()) {
      Map<Object, Envelope> envelopes = new HashMap<>();
      sealed.forEach((key, value) -> envelopes.put(key, entries.sealed(value)));
      parts.store().putAll(envelopes);
      return sealed.size();
    }
    long stored = 0;
    for (Map.Entry<K, Values.Sealed> each : sealed.entrySet()) {
      stored += locks.with(each.getKey(), () -> store(each.getKey(), each.getValue())) ? 1 : 0;
    }
    return stored;
  }

  private boolean store(K key, Values.Sealed value) {
    Entries<K, V>.Turn turn = entries.turn();
    while (true) {
      Envelope there = entries.find(key);
      Entries.Outcome outcome = entries.publish(key, there, value, turn);
      if (outcome != Entries.Outcome.CONFLICT) {
        return outcome == Entries.Outcome.STORED || there != null;
      }
    }
  }

  @Override
  public boolean putIfAbsent(K key, V value) {
    requireOpen();
    long begun = statistics.begin();
    Change change = write(key, value, Only.ABSENT, null);
    statistics.gets(change.before == null ? 0 : 1, change.before == null ? 1 : 0, begun);
    statistics.puts(change.done ? 1 : 0, begun);
    return change.done;
  }

  @Override
  public boolean replace(K key, V oldValue, V newValue) {
    requireOpen();
    types.value("oldValue", oldValue);
    return replaced(key, newValue, oldValue).done;
  }

  @Override
  public boolean replace(K key, V value) {
    requireOpen();
    return replaced(key, value, null).done;
  }

  @Override
  public @Nullable V getAndReplace(K key, V value) {
    requireOpen();
    return entries.openOrNull(replaced(key, value, null).before);
  }

  private Change replaced(K key, V value, @Nullable V expected) {
    long begun = statistics.begin();
    Change change = write(key, value, Only.PRESENT, expected);
    statistics.gets(change.before == null ? 0 : 1, change.before == null ? 1 : 0, begun);
    statistics.puts(change.done ? 1 : 0, begun);
    return change;
  }

  private Change erase(K key, @Nullable V expected) {
    types.key(key);
    return locks.with(
        key,
        () -> {
          boolean deleted = false;
          while (true) {
            Envelope there = entries.find(key);
            if (expected != null) {
              if (there == null) {
                return new Change(null, false);
              }
              if (!entries.open(there).equals(expected)) {
                entries.use(key, there);
                return new Change(there, false);
              }
            }
            if (!deleted) {
              writing.delete(key);
              deleted = true;
            }
            if (there == null) {
              return new Change(null, false);
            }
            if (entries.retire(key, there, EventType.REMOVED)) {
              return new Change(there, true);
            }
          }
        });
  }

  @Override
  public boolean remove(K key) {
    requireOpen();
    long begun = statistics.begin();
    Change change = erase(key, null);
    statistics.removals(change.done ? 1 : 0, begun);
    return change.done;
  }

  @Override
  public boolean remove(K key, V oldValue) {
    requireOpen();
    types.value("oldValue", oldValue);
    long begun = statistics.begin();
    Change change = erase(key, oldValue);
    statistics.gets(change.before == null ? 0 : 1, change.before == null ? 1 : 0, begun);
    statistics.removals(change.done ? 1 : 0, begun);
    return change.done;
  }

  @Override
  public @Nullable V getAndRemove(K key) {
    requireOpen();
    long begun = statistics.begin();
    Change change = erase(key, null);
    statistics.gets(change.before == null ? 0 : 1, change.before == null ? 1 : 0, begun);
    statistics.removals(change.done ? 1 : 0, begun);
    return entries.openOrNull(change.before);
  }

  @Override
  public void removeAll(Set<? extends K> keys) {
    requireOpen();
    removeEach(checked(keys));
  }

  @Override
  public void removeAll() {
    requireOpen();
    Set<K> all = new HashSet<>();
    parts.forEachKey(all::add);
    removeEach(all);
  }

  private void removeEach(Set<K> keys) {
    long begun = statistics.begin();
    long removed = writing.isOn() ? locks.withAll(keys, () -> deleteAll(keys)) : retireAll(keys);
    statistics.removals(removed, begun);
  }

  private long deleteAll(Set<K> keys) {
    Set<K> batch = new HashSet<>(keys);
    try {
      writing.deleteAll(batch);
    } catch (RuntimeException e) {
      Set<K> deleted = new HashSet<>(keys);
      deleted.removeAll(batch);
      statistics.removals(retireAll(deleted), 0);
      throw e;
    }
    return retireAll(keys);
  }

  /** Removes what the writer has deleted. */
  private long retireAll(Set<K> keys) {
    long removed = 0;
    for (K key : keys) {
      removed += locks.with(key, () -> retire(key)) ? 1 : 0;
    }
    return removed;
  }

  private boolean retire(K key) {
    while (true) {
      Envelope there = entries.find(key);
      if (there == null || entries.retire(key, there, EventType.REMOVED)) {
        return there != null;
      }
    }
  }

  @Override
  public void clear() {
    requireOpen();
    listeners.deafTo(parts.store()::clear);
  }

  @Override
  public <T> @Nullable T invoke(
      K key, EntryProcessor<K, V, T> entryProcessor, @Nullable Object... arguments) {
    requireOpen();
    requireNonNull(entryProcessor, "entryProcessor");
    K own = values.key(types.key(key));
    Supplier<@Nullable T> run = () -> processing.run(own, entryProcessor, arguments);
    return locks.with(own, run);
  }

  @Override
  public <T> Map<K, EntryProcessorResult<T>> invokeAll(
      Set<? extends K> keys,
      EntryProcessor<K, V, T> entryProcessor,
      @Nullable Object... arguments) {
    requireOpen();
    requireNonNull(entryProcessor, "entryProcessor");
    Map<K, EntryProcessorResult<T>> results = new HashMap<>();
    for (K key : checked(keys)) {
      try {
        T result = invoke(key, entryProcessor, arguments);
        if (result != null) {
          results.put(key, () -> result);
        }
      } catch (EntryProcessorException e) {
        results.put(
            key,
            () -> {
              throw e;
            });
      } catch (RuntimeException e) {
        results.put(
            key,
            () -> {
              throw new EntryProcessorException(e);
            });
      }
    }
    return results;
  }

  @Override
  public Iterator<Cache.Entry<K, V>> iterator() {
    requireOpen();
    return new Walk<>(this);
  }

  @Override
  public String getName() {
    return parts.name();
  }

  @Override
  public CacheManager getCacheManager() {
    return parts.manager();
  }

  @Override
  public <C extends Configuration<K, V>> C getConfiguration(Class<C> type) {
    MemogridConfiguration<K, V> copy = parts.configuration();
    if (!type.isInstance(copy)) {
      throw new IllegalArgumentException(
          "the configuration of cache '" + getName() + "' is no " + type.getName());
    }
    return type.cast(copy);
  }

  @Override
  public void registerCacheEntryListener(CacheEntryListenerConfiguration<K, V> configuration) {
    requireOpen();
    parts.listen(requireNonNull(configuration, "configuration"));
  }

  @Override
  public void deregisterCacheEntryListener(CacheEntryListenerConfiguration<K, V> configuration) {
    requireOpen();
    parts.stopListening(requireNonNull(configuration, "configuration"));
  }

  @Override
  public <T> T unwrap(Class<T> type) {
    return type.isInstance(this) ? type.cast(this) : parts.unwrap(type);
  }

  @Override
  public void close() {
    parts.close();
  }

  @Override
  public boolean isClosed() {
    return parts.isClosed();
  }

  void requireOpen() {
    parts.requireOpen();
  }

  @Override
  public String toString() {
    return "Cache[" + getName() + ", " + parts.options() + (isClosed() ? ", closed]" : "]");
  }
}
