/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.infinispan.notifications.Listener;
import org.infinispan.notifications.cachelistener.annotation.CacheEntriesEvicted;
import org.infinispan.notifications.cachelistener.annotation.CacheEntryCreated;
import org.infinispan.notifications.cachelistener.annotation.CacheEntryExpired;
import org.infinispan.notifications.cachelistener.annotation.CacheEntryInvalidated;
import org.infinispan.notifications.cachelistener.annotation.CacheEntryModified;
import org.infinispan.notifications.cachelistener.annotation.CacheEntryRemoved;
import org.infinispan.notifications.cachelistener.event.CacheEntriesEvictedEvent;
import org.infinispan.notifications.cachelistener.event.CacheEntryCreatedEvent;
import org.infinispan.notifications.cachelistener.event.CacheEntryExpiredEvent;
import org.infinispan.notifications.cachelistener.event.CacheEntryInvalidatedEvent;
import org.infinispan.notifications.cachelistener.event.CacheEntryModifiedEvent;
import org.infinispan.notifications.cachelistener.event.CacheEntryRemovedEvent;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheEvent;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.StoreListener;
import org.memogrid.internal.store.Told;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engine's events as a store's. A renewal is no event, nor is a write that the engine repeats,
 * where it tells what was there before: of changes made elsewhere it does not.
 *
 * <p>The engine finds the methods by their annotations.
 */
final class ChangeListeners {
  private static final Logger LOG = LoggerFactory.getLogger(ChangeListeners.class);

  private ChangeListeners() {}

  /** Hands on what its types ask for. */
  abstract static class Base {
    private final StoreListener listener;
    private final Set<CacheEvent.Type> types;

    Base(StoreListener listener, Set<CacheEvent.Type> types) {
      this.listener = listener;
      this.types = Set.copyOf(types);
    }

    final void raise(
        CacheEvent.Type change, ClusterKey key, @Nullable Envelope value, @Nullable Envelope old) {
      CacheEvent.Type type = Told.of(change, value, old);
      if (type == null || !types.contains(type)) {
        return;
      }
      try {
        listener.onChange(type, key.key(), value, type == CacheEvent.Type.CREATED ? null : old);
      } catch (RuntimeException e) { // a key whose class this member lacks, for one
        LOG.warn("{} of {} could not be told here", type, key, e);
      }
    }
  }

  /** What becomes of an entry by somebody's doing, or in its time. */
  abstract static class Changes extends Base {
    Changes(StoreListener listener, Set<CacheEvent.Type> types) {
      super(listener, types);
    }

    @CacheEntryCreated
    public final void onCreated(CacheEntryCreatedEvent<ClusterKey, Envelope> event) {
      raise(CacheEvent.Type.CREATED, event.getKey(), event.getValue(), null);
    }

    @CacheEntryModified
    public final void onModified(CacheEntryModifiedEvent<ClusterKey, Envelope> event) {
      Envelope old = event.getOldValue();
      Envelope now = event.getNewValue();
      if (!now.isRenewed() && !now.equals(old)) {
        raise(CacheEvent.Type.UPDATED, event.getKey(), now, old);
      }
    }

    @CacheEntryRemoved
    public final void onRemoved(CacheEntryRemovedEvent<ClusterKey, Envelope> event) {
      raise(CacheEvent.Type.REMOVED, event.getKey(), null, event.getOldValue());
    }

    @CacheEntryExpired
    public final void onExpired(CacheEntryExpiredEvent<ClusterKey, Envelope> event) {
      raise(CacheEvent.Type.EXPIRED, event.getKey(), null, event.getValue());
    }
  }

  /** Hears the changes of what this member holds. */
  @Listener(observation = Listener.Observation.POST)
  static final class Here extends Changes {
    Here(StoreListener listener, Set<CacheEvent.Type> types) {
      super(listener, types);
    }

    @CacheEntryInvalidated
    public void onInvalidated(CacheEntryInvalidatedEvent<ClusterKey, Envelope> event) {
      raise(CacheEvent.Type.REMOVED, event.getKey(), null, event.getValue());
    }
  }

  /** Hears the changes that any member makes. */
  @Listener(clustered = true, observation = Listener.Observation.POST)
  static final class Everywhere extends Changes {
    Everywhere(StoreListener listener, Set<CacheEvent.Type> types) {
      super(listener, types);
    }
  }

  /** Hears of what this member lets go because it is full. */
  @Listener(observation = Listener.Observation.POST)
  static final class Evicted extends Base {
    Evicted(StoreListener listener) {
      super(listener, Set.of(CacheEvent.Type.EVICTED));
    }

    @CacheEntriesEvicted
    public void onEvicted(CacheEntriesEvictedEvent<ClusterKey, Envelope> event) {
      event.getEntries().forEach((key, old) -> raise(CacheEvent.Type.EVICTED, key, null, old));
    }
  }

  /** Tells what this member lets go because it is full, by the engine's keys. */
  @Listener(observation = Listener.Observation.POST)
  static final class Dropping {
    private final Consumer<ClusterKey> drop;

    Dropping(Consumer<ClusterKey> drop) {
      this.drop = drop;
    }

    @CacheEntriesEvicted
    public void onEvicted(CacheEntriesEvictedEvent<ClusterKey, Envelope> event) {
      event.getEntries().keySet().forEach(drop);
    }
  }

  /** Counts, for the statistics. */
  @Listener(observation = Listener.Observation.POST)
  static final class Counting {
    final LongAdder evictions = new LongAdder();
    final LongAdder expirations = new LongAdder();

    @CacheEntriesEvicted
    public void onEvicted(CacheEntriesEvictedEvent<ClusterKey, Envelope> event) {
      evictions.add(event.getEntries().size());
    }

    @CacheEntryExpired
    public void onExpired(CacheEntryExpiredEvent<ClusterKey, Envelope> event) {
      Envelope old = event.getValue();
      if (old == null || !old.isTombstone()) {
        expirations.increment();
      }
    }
  }
}
