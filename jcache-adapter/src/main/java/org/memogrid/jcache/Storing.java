/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.memogrid.internal.store.Envelope;

/**
 * Puts values, one or many: sealed first, then given to the user's writer, then stored if the entry
 * is still the one that the decision was made on.
 */
final class Storing<K, V> {
  private final Parts<K, V> parts;
  private final Entries<K, V> entries;
  private final Values values;
  private final Types types;
  private final KeyLocks locks;
  private final Writing<K, V> writing;
  private final Statistics statistics;

  Storing(Parts<K, V> parts) {
    this.parts = parts;
    this.entries = parts.entries();
    this.values = parts.values();
    this.types = parts.types();
    this.locks = parts.locks();
    this.writing = parts.writing();
    this.statistics = parts.statistics();
  }

  /** What an operation makes of an entry. */
  enum Only {
    ALWAYS,
    ABSENT,
    PRESENT
  }

  /**
   * Writes one value.
   *
   * @param expected what must be there; null for whatever is
   */
  Change write(K key, V value, Only only, @Nullable V expected, Complaints complaints) {
    K own = values.key(types.key(key));
    Values.Sealed sealed = values.seal(types.value("value", value));
    return locks.with(
        own,
        () -> {
          Entries<K, V>.Turn turn = entries.turn(complaints);
          boolean written = false;
          while (true) {
            Entries.Seen seen = entries.look(own);
            Envelope there = seen.entry();
            if ((only == Only.ABSENT && there != null) || (only == Only.PRESENT && there == null)) {
              return new Change(there, false);
            }
            if (expected != null && there != null && !entries.open(there).equals(expected)) {
              entries.use(own, there, complaints);
              return new Change(there, false);
            }
            if (!written) {
              writing.write(key, value);
              written = true;
            }
            Entries.Outcome outcome = entries.publish(own, seen, sealed, Entries.Why.CHANGED, turn);
            if (outcome != Entries.Outcome.CONFLICT) {
              return new Change(there, outcome == Entries.Outcome.STORED || there != null);
            }
          }
        });
  }

  /** Writes a value that was made for a place, unless somebody changed the key meanwhile. */
  boolean writeMade(Place<K, V> place, V value, Entries.Why why, Complaints complaints) {
    K key = place.key();
    Values.Sealed sealed = values.seal(types.value("value", value));
    return locks.with(
        key,
        () -> {
          if (writing.isOn()) {
            if (!place.stands()) {
              return false;
            }
            writing.write(key, value);
          }
          return place.publish(sealed, why, entries.turn(complaints)) == Entries.Outcome.STORED;
        });
  }

  /**
   * Writes one value over whatever is there. For {@linkplain Entries#isBlind blind} writes alone.
   */
  void putBlind(K key, V value) {
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

  /** Writes all, and answers how many are there now. */
  long writeAll(Map<? extends K, ? extends V> map, Complaints complaints) {
    Map<K, Pair<K, V>> given = new HashMap<>();
    Map<K, Values.Sealed> sealed = new HashMap<>();
    map.forEach(
        (key, value) -> {
          K own = values.key(types.key(key));
          sealed.put(own, values.seal(types.value("value", value)));
          given.put(own, new Pair<>(key, value));
        });
    return writing.isOn()
        ? locks.withAll(sealed.keySet(), () -> writeAll(given, sealed, complaints))
        : storeAll(sealed, complaints);
  }

  private long writeAll(
      Map<K, Pair<K, V>> given, Map<K, Values.Sealed> sealed, Complaints complaints) {
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
      statistics.puts(storeAll(written, complaints), 0);
      throw e;
    }
    return storeAll(sealed, complaints);
  }

  /** Stores values that the writer has. */
  private long storeAll(Map<K, Values.Sealed> sealed, Complaints complaints) {
    if (entries.isBlind()) {
      Map<Object, Envelope> envelopes = new HashMap<>();
      sealed.forEach((key, value) -> envelopes.put(key, entries.sealed(value)));
      parts.store().putAll(envelopes);
      return sealed.size();
    }
    long stored = 0;
    for (Map.Entry<K, Values.Sealed> each : sealed.entrySet()) {
      stored +=
          locks.with(each.getKey(), () -> store(each.getKey(), each.getValue(), complaints))
              ? 1
              : 0;
    }
    return stored;
  }

  private boolean store(K key, Values.Sealed value, Complaints complaints) {
    Entries<K, V>.Turn turn = entries.turn(complaints);
    while (true) {
      Entries.Seen seen = entries.look(key);
      Entries.Outcome outcome = entries.publish(key, seen, value, Entries.Why.CHANGED, turn);
      if (outcome != Entries.Outcome.CONFLICT) {
        return outcome == Entries.Outcome.STORED || seen.entry() != null;
      }
    }
  }
}
