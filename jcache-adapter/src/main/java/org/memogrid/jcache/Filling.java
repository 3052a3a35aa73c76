/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.memogrid.internal.store.Envelope;

/**
 * Keeps what the user's loader has, while the keys are locked: of a key that is missed, and of
 * many. What was put or removed meanwhile, on whatever member, stands.
 */
final class Filling<K, V> {
  private final Parts<K, V> parts;
  private final Entries<K, V> entries;
  private final Values values;
  private final Types types;
  private final KeyLocks locks;
  private final Loading<K, V> loading;

  Filling(Parts<K, V> parts) {
    this.parts = parts;
    this.entries = parts.entries();
    this.values = parts.values();
    this.types = parts.types();
    this.locks = parts.locks();
    this.loading = parts.loading();
  }

  /** Loads a key that was missed, unless it has come meanwhile. */
  @Nullable V load(K key, Complaints complaints) {
    K own = values.key(types.key(key));
    return locks.with(
        own,
        () -> {
          try (Place<K, V> place = new Place<>(entries, own)) {
            Envelope there = place.seen().entry();
            if (there != null) {
              return entries.open(there);
            }
            V loaded = loading.load(key);
            return loaded == null ? null : keep(place, loaded, Entries.Why.LOADED, complaints);
          }
        });
  }

  /**
   * Loads those of the keys that are missed, or all if they are to be replaced, everywhere. What
   * the loader has beside them is stored as well, and not answered.
   */
  Map<K, V> loadAll(Set<K> keys, boolean replace, Complaints complaints) {
    Entries.Why why = replace ? Entries.Why.CHANGED : Entries.Why.LOADED;
    return locks.withAll(
        keys,
        () -> {
          Map<K, V> kept = new HashMap<>();
          if (!replace) {
            parts.findAll(keys).forEach((key, there) -> kept.put(key, entries.open(there)));
          }
          Map<K, Place<K, V>> places = new HashMap<>();
          try {
            for (K key : keys) {
              if (!kept.containsKey(key)) {
                places.put(key, new Place<>(entries, values.key(key)));
              }
            }
            loading
                .loadAll(Set.copyOf(places.keySet()))
                .forEach(
                    (key, value) -> {
                      if (key == null || value == null) {
                        return;
                      }
                      Place<K, V> place = places.computeIfAbsent(key, this::place);
                      if (keys.contains(key)) {
                        kept.put(key, keep(place, value, why, complaints));
                      } else if (replace || place.seen().entry() == null) {
                        var unused = keep(place, value, why, complaints);
                      }
                    });
            return kept;
          } finally {
            places.values().forEach(Place::close);
          }
        });
  }

  /** Of a key that the loader had beside those that it was asked for. */
  private Place<K, V> place(K key) {
    return new Place<>(entries, values.key(types.key(key)));
  }

  /**
   * Stores what the loader had, and answers it; what came meanwhile instead, if something did. What
   * was removed meanwhile stays so, and who asked before gets what was loaded.
   */
  private V keep(Place<K, V> place, V loaded, Entries.Why why, Complaints complaints) {
    Values.Sealed sealed = values.seal(types.value("value", loaded));
    if (place.publish(sealed, why, entries.turn(complaints)) != Entries.Outcome.CONFLICT) {
      return loaded;
    }
    Envelope now = entries.find(place.key());
    return now == null ? loaded : entries.open(now);
  }
}
