/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cache;

/** Is told of changes of a cache. */
@FunctionalInterface
public interface CacheListener<K, V> {
  /**
   * Handles one event, on a thread of the cache that the listener may block; the next one waits. An
   * exception is logged and goes no further.
   */
  void onEvent(CacheEvent<K, V> event);
}
