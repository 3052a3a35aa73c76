/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import java.util.HashSet;
import java.util.Set;
import javax.cache.event.EventType;
import org.jspecify.annotations.Nullable;
import org.memogrid.internal.store.Envelope;

/** Removes entries, one or many: told to the user's writer first, then removed. */
final class Erasing<K, V> {
  private final Entries<K, V> entries;
  private final Types types;
  private final KeyLocks locks;
  private final Writing<K, V> writing;
  private final Statistics statistics;

  Erasing(Parts<K, V> parts) {
    this.entries = parts.entries();
    this.types = parts.types();
    this.locks = parts.locks();
    this.writing = parts.writing();
    this.statistics = parts.statistics();
  }

  /**
   * Removes one entry.
   *
   * @param expected what must be there; null for whatever is
   */
  Change erase(K key, @Nullable V expected, Complaints complaints) {
    types.key(key);
    return locks.with(
        key,
        () -> {
          boolean deleted = false;
          while (true) {
            Entries.Seen seen = entries.look(key);
            Envelope there = seen.entry();
            if (expected != null) {
              if (there == null) {
                return new Change(null, false);
              }
              if (!entries.open(there).equals(expected)) {
                entries.use(key, there, complaints);
                return new Change(there, false);
              }
            }
            if (!deleted) {
              writing.delete(key);
              deleted = true;
            }
            if (retire(key, seen, complaints)) {
              return new Change(there, there != null);
            }
          }
        });
  }

  /** Removes the keys, and answers how many were there. */
  long eraseAll(Set<K> keys, Complaints complaints) {
    return writing.isOn()
        ? locks.withAll(keys, () -> deleteAll(keys, complaints))
        : retireAll(keys, complaints);
  }

  private long deleteAll(Set<K> keys, Complaints complaints) {
    Set<K> batch = new HashSet<>(keys);
    try {
      writing.deleteAll(batch);
    } catch (RuntimeException e) {
      Set<K> deleted = new HashSet<>(keys);
      deleted.removeAll(batch);
      statistics.removals(retireAll(deleted, complaints), 0);
      throw e;
    }
    return retireAll(keys, complaints);
  }

  /** Removes what the writer has deleted. */
  private long retireAll(Set<K> keys, Complaints complaints) {
    long removed = 0;
    for (K key : keys) {
      removed += locks.with(key, () -> retire(key, complaints)) ? 1 : 0;
    }
    return removed;
  }

  private boolean retire(K key, Complaints complaints) {
    while (true) {
      Entries.Seen seen = entries.look(key);
      if (retire(key, seen, complaints)) {
        return seen.entry() != null;
      }
    }
  }

  private boolean retire(K key, Entries.Seen seen, Complaints complaints) {
    Envelope there = seen.entry();
    return there == null
        ? entries.vacate(key, seen)
        : entries.retire(key, there, EventType.REMOVED, complaints);
  }
}
