/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.memogrid.internal.store.Envelope;

/**
 * Keeps what the user's loader has, while the keys are locked: of a key that is missed, and of
 * many. What came meanwhile stays unless it is to be replaced.
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

  /** Loads a key that was missed, unless it has come meanwhile or is to be replaced. */
  @Nullable V load(K key, boolean replace) {
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

  /** Loads those of the keys that are missed, or all if they are to be replaced. */
  Map<K, V> loadAll(Set<K> keys, boolean replace) {
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
      Entries.Seen seen = entries.look(own);
      Envelope there = seen.entry();
      if (there != null && !replace) {
        return entries.open(there);
      }
      if (entries.publish(own, seen, sealed, turn) != Entries.Outcome.CONFLICT) {
        return loaded;
      }
    }
  }
}
