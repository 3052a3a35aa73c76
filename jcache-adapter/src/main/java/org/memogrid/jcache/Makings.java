/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import org.memogrid.internal.store.Loads;

/** Values that were made for a cache of the JSR, put unless they were overtaken. */
final class Makings<K, V> implements Loads<K, V> {
  private final GridCache<K, V> cache;
  private final Parts<K, V> parts;
  private final Storing<K, V> storing;

  Makings(GridCache<K, V> cache, Storing<K, V> storing) {
    this.cache = cache;
    this.parts = cache.parts();
    this.storing = storing;
  }

  @Override
  public Load<V> begin(K key) {
    cache.requireOpen();
    Place<K, V> place = new Place<>(parts.entries(), parts.values().key(parts.types().key(key)));
    return new Load<>() {
      @Override
      public boolean stands() {
        return place.stands();
      }

      @Override
      public boolean keep(V value) {
        return write(value, Entries.Why.LOADED);
      }

      @Override
      public boolean replace(V value) {
        return write(value, Entries.Why.CHANGED);
      }

      private boolean write(V value, Entries.Why why) {
        cache.requireOpen();
        long begun = parts.statistics().begin();
        Complaints complaints = new Complaints();
        boolean kept = storing.writeMade(place, value, why, complaints);
        parts.statistics().puts(kept ? 1 : 0, begun);
        complaints.rethrow();
        return kept;
      }

      @Override
      public void close() {
        place.close();
      }
    };
  }
}
