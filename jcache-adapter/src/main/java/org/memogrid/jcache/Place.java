/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import org.memogrid.internal.store.Hold;

/**
 * The place of a key whose value is being made: what is made is stored if nobody, on whatever
 * member, changed the key meanwhile (see {@link Hold}). For one thread.
 */
final class Place<K, V> implements AutoCloseable {
  private final Entries<K, V> entries;
  private final K key;
  private final Entries.Seen seen;
  private boolean settled;

  /** Lays hold of a key. */
  Place(Entries<K, V> entries, K key) {
    this.entries = entries;
    this.key = key;
    this.seen = entries.hold(key);
  }

  K key() {
    return key;
  }

  /** What was there when it was taken. */
  Entries.Seen seen() {
    return seen;
  }

  /** Whether nobody changed the key so far. */
  boolean stands() {
    return entries.stands(key, seen);
  }

  Entries.Outcome publish(Values.Sealed value, Entries.Why why, Entries<K, V>.Turn turn) {
    Entries.Outcome outcome = entries.publish(key, seen, value, why, turn);
    settled = true;
    return outcome;
  }

  /** Gives it back unless it was published to. */
  @Override
  public void close() {
    if (!settled) {
      entries.giveBack(key, seen);
    }
  }
}
