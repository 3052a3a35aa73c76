/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.Set;
import org.infinispan.AdvancedCache;
import org.memogrid.cache.CacheEvent;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Registration;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.StoreListener;

/** Who hears of the changes of one cache, and how many entries ended or were let go. */
final class Subscriptions {
  private final AdvancedCache<ClusterKey, Envelope> cache;
  private final StoreCalls calls;
  private final boolean everywhere;
  private final boolean persistent;
  private final ChangeListeners.Counting counting = new ChangeListeners.Counting();

  Subscriptions(
      CacheOptions options,
      Mode mode,
      AdvancedCache<ClusterKey, Envelope> cache,
      StoreCalls calls) {
    this.cache = cache;
    this.calls = calls;
    this.everywhere = mode == Mode.DISTRIBUTED;
    this.persistent = options.persist() != null;
    cache.addListener(counting);
  }

  Registration listen(StoreListener told, Set<CacheEvent.Type> types) {
    StoreListener listener = persistent ? removalsOfSomething(told) : told;
    Object changes =
        everywhere
            ? new ChangeListeners.Everywhere(listener, types)
            : new ChangeListeners.Here(listener, types);
    Object evictions =
        types.contains(CacheEvent.Type.EVICTED) ? new ChangeListeners.Evicted(listener) : null;
    calls.run(
        "listen",
        () -> {
          calls.await(cache.addListenerAsync(changes).toCompletableFuture());
          if (evictions != null) {
            cache.addListener(evictions);
          }
        });
    return () -> {
      if (cache.getStatus().allowInvocations()) {
        calls.await(cache.removeListenerAsync(changes).toCompletableFuture());
        if (evictions != null) {
          cache.removeListener(evictions);
        }
      }
    };
  }

  /** With a disk the engine tells of a removal though nothing was there. */
  private static StoreListener removalsOfSomething(StoreListener listener) {
    return (type, key, value, old) -> {
      if (type != CacheEvent.Type.REMOVED || old != null) {
        listener.onChange(type, key, value, old);
      }
    };
  }

  long evictions() {
    return counting.evictions.sum();
  }

  long expirations() {
    return counting.expirations.sum();
  }
}
