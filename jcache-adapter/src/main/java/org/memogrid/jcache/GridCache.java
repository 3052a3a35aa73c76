/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import static java.util.Objects.requireNonNull;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import javax.cache.Cache;
import javax.cache.CacheManager;
import javax.cache.configuration.CacheEntryListenerConfiguration;
import javax.cache.configuration.Configuration;
import javax.cache.integration.CompletionListener;
import javax.cache.processor.EntryProcessor;
import javax.cache.processor.EntryProcessorException;
import javax.cache.processor.EntryProcessorResult;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Mode;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Loads;

/**
 * A cache of the JSR over one store of the cluster: its operations, and what they count. What they
 * do is said by {@link Filling}, {@link Storing}, {@link Erasing} and {@link Processing}.
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
  private final Listeners<K, V> listeners;
  private final Statistics statistics;
  private final Processing<K, V> processing;
  private final Filling<K, V> filling;
  private final Storing<K, V> storing;
  private final Erasing<K, V> erasing;

  GridCache(Parts.Maker<K, V> maker) {
    this.parts = maker.make(this);
    this.entries = parts.entries();
    this.values = parts.values();
    this.types = parts.types();
    this.locks = parts.locks();
    this.loading = parts.loading();
    this.listeners = parts.listeners();
    this.statistics = parts.statistics();
    this.processing = parts.processing();
    this.filling = new Filling<>(parts);
    this.storing = new Storing<>(parts);
    this.erasing = new Erasing<>(parts);
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
    Complaints complaints = new Complaints();
    V value = null;
    if (there != null) {
      value = entries.open(there);
      entries.use(key, there, complaints);
    } else if (parts.readThrough()) {
      value = filling.load(key, complaints);
    }
    complaints.rethrow();
    return value;
  }

  @Override
  public Map<K, V> getAll(Set<? extends K> keys) {
    requireOpen();
    Set<K> wanted = checked(keys);
    long begun = statistics.begin();
    Map<K, V> found = new HashMap<>();
    Complaints complaints = new Complaints();
    parts
        .findAll(wanted)
        .forEach(
            (key, there) -> {
              found.put(key, entries.open(there));
              entries.use(key, there, complaints);
            });
    statistics.gets(found.size(), wanted.size() - found.size(), begun);
    if (parts.readThrough() && found.size() < wanted.size()) {
      wanted.removeAll(found.keySet());
      found.putAll(filling.loadAll(wanted, false, complaints));
    }
    complaints.rethrow();
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
                  Complaints complaints = new Complaints();
                  filling.loadAll(wanted, replaceExistingValues, complaints);
                  complaints.rethrow();
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

  @Override
  public void put(K key, V value) {
    requireOpen();
    long begun = statistics.begin();
    if (entries.isBlind()) {
      storing.putBlind(key, value);
      statistics.puts(1, begun);
    } else {
      Complaints complaints = new Complaints();
      Change change = storing.write(key, value, Storing.Only.ALWAYS, null, complaints);
      statistics.puts(change.done() ? 1 : 0, begun);
      complaints.rethrow();
    }
  }

  @Override
  public @Nullable V getAndPut(K key, V value) {
    requireOpen();
    long begun = statistics.begin();
    Complaints complaints = new Complaints();
    Change change = storing.write(key, value, Storing.Only.ALWAYS, null, complaints);
    statistics.gets(change.before() == null ? 0 : 1, change.before() == null ? 1 : 0, begun);
    statistics.puts(change.done() ? 1 : 0, begun);
    complaints.rethrow();
    return entries.openOrNull(change.before());
  }

  @Override
  public void putAll(Map<? extends K, ? extends V> map) {
    requireOpen();
    requireNonNull(map, "map");
    long begun = statistics.begin();
    Complaints complaints = new Complaints();
    statistics.puts(storing.writeAll(map, complaints), begun);
    complaints.rethrow();
  }

  @Override
  public boolean putIfAbsent(K key, V value) {
    requireOpen();
    long begun = statistics.begin();
    Complaints complaints = new Complaints();
    Change change = storing.write(key, value, Storing.Only.ABSENT, null, complaints);
    statistics.gets(change.before() == null ? 0 : 1, change.before() == null ? 1 : 0, begun);
    statistics.puts(change.done() ? 1 : 0, begun);
    complaints.rethrow();
    return change.done();
  }

  @Override
  public boolean replace(K key, V oldValue, V newValue) {
    requireOpen();
    types.value("oldValue", oldValue);
    return replaced(key, newValue, oldValue).done();
  }

  @Override
  public boolean replace(K key, V value) {
    requireOpen();
    return replaced(key, value, null).done();
  }

  @Override
  public @Nullable V getAndReplace(K key, V value) {
    requireOpen();
    return entries.openOrNull(replaced(key, value, null).before());
  }

  private Change replaced(K key, V value, @Nullable V expected) {
    long begun = statistics.begin();
    Complaints complaints = new Complaints();
    Change change = storing.write(key, value, Storing.Only.PRESENT, expected, complaints);
    statistics.gets(change.before() == null ? 0 : 1, change.before() == null ? 1 : 0, begun);
    statistics.puts(change.done() ? 1 : 0, begun);
    complaints.rethrow();
    return change;
  }

  @Override
  public boolean remove(K key) {
    requireOpen();
    long begun = statistics.begin();
    Complaints complaints = new Complaints();
    Change change = erasing.erase(key, null, complaints);
    statistics.removals(change.done() ? 1 : 0, begun);
    complaints.rethrow();
    return change.done();
  }

  @Override
  public boolean remove(K key, V oldValue) {
    requireOpen();
    types.value("oldValue", oldValue);
    long begun = statistics.begin();
    Complaints complaints = new Complaints();
    Change change = erasing.erase(key, oldValue, complaints);
    statistics.gets(change.before() == null ? 0 : 1, change.before() == null ? 1 : 0, begun);
    statistics.removals(change.done() ? 1 : 0, begun);
    complaints.rethrow();
    return change.done();
  }

  @Override
  public @Nullable V getAndRemove(K key) {
    requireOpen();
    long begun = statistics.begin();
    Complaints complaints = new Complaints();
    Change change = erasing.erase(key, null, complaints);
    statistics.gets(change.before() == null ? 0 : 1, change.before() == null ? 1 : 0, begun);
    statistics.removals(change.done() ? 1 : 0, begun);
    complaints.rethrow();
    return entries.openOrNull(change.before());
  }

  @Override
  public void removeAll(Set<? extends K> keys) {
    requireOpen();
    Complaints complaints = new Complaints();
    erase(checked(keys), complaints);
    complaints.rethrow();
  }

  @Override
  public void removeAll() {
    requireOpen();
    Set<K> all = new HashSet<>();
    parts.forEachKey(all::add);
    Complaints complaints = new Complaints();
    erase(all, complaints);
    if (parts.store().mode() == Mode.INVALIDATED) {
      parts.store().clear(); // nothing is left here; others have keys that nobody here knows
    } else {
      parts.forEachPlace(entries::vacate); // so that no load that is under way is stored
    }
    complaints.rethrow();
  }

  private void erase(Set<K> keys, Complaints complaints) {
    long begun = statistics.begin();
    statistics.removals(erasing.eraseAll(keys, complaints), begun);
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
    if (type == Loads.class) {
      requireOpen();
      return type.cast(new Makings<>(this, storing));
    }
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
