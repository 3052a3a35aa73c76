/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import javax.cache.Cache;
import javax.cache.configuration.CacheEntryListenerConfiguration;
import javax.cache.event.CacheEntryListenerException;
import javax.cache.event.EventType;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheEvent;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Registration;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Serial;
import org.memogrid.internal.store.Store;
import org.memogrid.internal.store.StoreListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The listeners of one cache on this member, told from two sides.
 *
 * <ul>
 *   <li>What this member changes, by the thread that changed it, while it holds the key.
 *   <li>What others change and what expires, by the store, on a thread of its own.
 * </ul>
 *
 * <p>The store also reports what this member changed itself. Those events are known by the version
 * that was written, or that left, and dropped.
 */
final class Listeners<K, V> implements StoreListener {
  private static final Logger LOG = LoggerFactory.getLogger(Listeners.class);
  private static final Set<CacheEvent.Type> HEARD =
      Set.of(
          CacheEvent.Type.CREATED,
          CacheEvent.Type.UPDATED,
          CacheEvent.Type.REMOVED,
          CacheEvent.Type.EXPIRED);

  private final Cache<K, V> source;
  private final Store store;
  private final Values values;
  private final Executor threads;
  private final Serial others;
  private final List<Listening<K, V>> listeners = new CopyOnWriteArrayList<>();
  private final Departed departed = new Departed();
  private final AtomicInteger clearing = new AtomicInteger();
  private @Nullable Registration atStore;

  Listeners(Cache<K, V> source, Store store, Values values, Executor threads) {
    this.source = source;
    this.store = store;
    this.values = values;
    this.threads = threads;
    this.others = new Serial(threads);
  }

  /** Whether nobody listens. */
  boolean isEmpty() {
    return listeners.isEmpty();
  }

  /**
   * Adds a listener.
   *
   * @throws IllegalArgumentException if that configuration has one already
   */
  void add(CacheEntryListenerConfiguration<K, V> configuration) {
    requireNew(configuration);
    add(new Listening<>(configuration, threads));
  }

  /** Adds one that is made. If that fails, it is closed. */
  synchronized void add(Listening<K, V> listening) {
    try {
      requireNew(listening.configuration);
      if (atStore == null) {
        atStore = store.listen(this, HEARD);
      }
      listeners.add(listening);
    } catch (RuntimeException | Error e) {
      listening.end();
      throw e;
    }
  }

  private void requireNew(CacheEntryListenerConfiguration<K, V> configuration) {
    if (listeners.stream().anyMatch(each -> each.configuration.equals(configuration))) {
      throw new IllegalArgumentException(
          "cache '"
              + source.getName()
              + "' has a listener with this configuration already: "
              + configuration);
    }
  }

  /** Ends the listener of a configuration, if there is one. */
  synchronized void remove(CacheEntryListenerConfiguration<K, V> configuration) {
    List<Listening<K, V>> ending =
        listeners.stream().filter(each -> each.configuration.equals(configuration)).toList();
    listeners.removeAll(ending);
    ending.forEach(Listening::end);
    if (listeners.isEmpty()) {
      endAtStore();
    }
  }

  synchronized void close() {
    listeners.forEach(Listening::end);
    listeners.clear();
    endAtStore();
  }

  private void endAtStore() {
    if (atStore != null) {
      atStore.close();
      atStore = null;
    }
  }

  /** Runs a clear, which is no event: removals that the store reports meanwhile are not told. */
  void deafTo(Runnable clear) {
    clearing.incrementAndGet();
    try {
      clear.run();
    } finally {
      clearing.decrementAndGet();
    }
  }

  /** What the store reports of these entries' leaving is this member's own doing. */
  void leaving(Envelope entry) {
    departed.add(entry.version());
  }

  /** It did not leave after all. */
  void stayed(Envelope entry) {
    departed.remove(entry.version());
  }

  /**
   * Tells all of a change.
   *
   * @param complaints takes what synchronous listeners throw
   */
  void changed(
      EventType type,
      K key,
      @Nullable Envelope now,
      @Nullable Envelope before,
      Complaints complaints) {
    if (listeners.isEmpty()) {
      return;
    }
    V old = open(before);
    V value = now == null ? old : open(now);
    for (Listening<K, V> each : listeners) {
      if (!each.hears(type)) {
        continue;
      }
      try {
        each.tell(new Event<>(source, type, key, value, old));
      } catch (CacheEntryListenerException e) {
        complaints.add(e);
      }
    }
  }

  @SuppressWarnings("unchecked") // what the users of the cache put
  private @Nullable V open(@Nullable Envelope entry) {
    return entry == null || entry.isTombstone() ? null : (V) values.open(entry);
  }

  @Override
  @SuppressWarnings("unchecked")
  public void onChange(
      CacheEvent.Type type, Object key, @Nullable Envelope value, @Nullable Envelope old) {
    boolean wasNothing = old != null && old.isTombstone();
    if (value == null ? wasNothing : value.isTombstone()) {
      return; // nobody has heard of an entry there
    }
    if (value == null && old == null && store.mode() == Mode.INVALIDATED) {
      return; // another member's change, and no copy here
    }
    EventType told =
        switch (type) {
          case CREATED -> EventType.CREATED;
          case UPDATED -> wasNothing ? EventType.CREATED : EventType.UPDATED;
          case REMOVED -> EventType.REMOVED;
          case EXPIRED -> EventType.EXPIRED;
          case EVICTED -> null;
        };
    if (told == null
        || (told == EventType.REMOVED && clearing.get() > 0)
        || (value != null && values.isOwn(value))
        || (value == null && old != null && departed.remove(old.version()))) {
      return;
    }
    others.execute(
        () -> {
          try {
            Complaints complaints = new Complaints();
            changed(told, (K) key, value, old, complaints);
            complaints.rethrow();
          } catch (RuntimeException | Error e) {
            LOG.warn("a listener of cache '{}' failed on {} of {}", source.getName(), told, key, e);
          }
        });
  }
}
