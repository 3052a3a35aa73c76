/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.cache;

import static java.util.Objects.requireNonNull;

import org.memogrid.internal.store.Conditional;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Hold;
import org.memogrid.internal.store.Loads;

/** Values that were made for a cache, kept unless they were overtaken. */
final class CacheLoads<K, V> implements Loads<K, V> {
  private final Opened opened;

  CacheLoads(Opened opened) {
    this.opened = opened;
  }

  @Override
  public Load<V> begin(K key) {
    requireNonNull(key, "key");
    opened.requireOpen();
    Hold hold = Hold.take(opened.store, key, opened.now());
    return new Load<>() {
      private boolean kept;

      @Override
      public boolean stands() {
        return hold.stands(opened.store, key);
      }

      @Override
      public boolean keep(V value) {
        return counted(Conditional.keep(opened.store, key, hold.there(), sealed(value)));
      }

      @Override
      public boolean replace(V value) {
        return counted(Conditional.swap(opened.store, key, hold.there(), sealed(value)));
      }

      private Envelope sealed(V value) {
        return opened.seal(value, opened.options.expiry());
      }

      private boolean counted(boolean stored) {
        kept = stored;
        if (stored) {
          opened.counters.puts.increment();
        }
        return kept;
      }

      @Override
      public void close() {
        if (!kept) {
          hold.giveBack(opened.store, key, opened.now());
        }
      }
    };
  }
}
