/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.store;

import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheEvent;

/** Is told of the changes of a store, in order for each key, on threads that it must not block. */
@FunctionalInterface
public interface StoreListener {
  /**
   * A change of one entry.
   *
   * @param value what is there now; null for REMOVED, EXPIRED and EVICTED
   * @param old what was there before, where it is known
   */
  void onChange(CacheEvent.Type type, Object key, @Nullable Envelope value, @Nullable Envelope old);
}
