/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cdi;

import javax.cache.Cache;
import org.memogrid.internal.store.Loads;

/** Results that may be overtaken while they are made. */
final class Overtaken {
  private Overtaken() {}

  /** Lays hold of a key; in a cache of another provider nothing can, and all is kept. */
  @SuppressWarnings("unchecked") // of the same entries
  static Loads.Load<Object> begin(Cache<Object, Object> cache, Object key) {
    Loads<Object, Object> own;
    try {
      own = cache.unwrap(Loads.class);
    } catch (IllegalArgumentException notOurs) {
      return new Plain(cache, key);
    }
    return own.begin(key);
  }

  private record Plain(Cache<Object, Object> cache, Object key) implements Loads.Load<Object> {
    @Override
    public boolean stands() {
      return true;
    }

    @Override
    public boolean keep(Object value) {
      cache.put(key, value);
      return true;
    }

    @Override
    public boolean replace(Object value) {
      return keep(value);
    }

    @Override
    public void close() {}
  }
}
