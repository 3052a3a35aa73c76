/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cache;

import org.jspecify.annotations.Nullable;

/**
 * A change of one entry.
 *
 * @param value the value after the change; the value that left for REMOVED, EXPIRED and EVICTED,
 *     where it is known
 * @param oldValue the value before the change, where it is known: in DISTRIBUTED seldom for UPDATED
 */
public record CacheEvent<K, V>(Type type, K key, @Nullable V value, @Nullable V oldValue) {
  /** The kinds of change. */
  public enum Type {
    /** A key that was absent has a value. */
    CREATED,
    /** A key that had a value has another. */
    UPDATED,
    /** A key was removed by somebody. */
    REMOVED,
    /** An entry reached its time to live or its idle time. */
    EXPIRED,
    /** An entry left because the cache was full. */
    EVICTED
  }
}
