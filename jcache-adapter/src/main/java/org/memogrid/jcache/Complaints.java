/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import javax.cache.event.CacheEntryListenerException;
import org.jspecify.annotations.Nullable;

/**
 * What synchronous listeners threw in the course of one call. A change that they fail on stands, so
 * the call does all that it has to do, and counts it, before its caller is told. For one thread.
 */
final class Complaints {
  private @Nullable CacheEntryListenerException first;

  void add(CacheEntryListenerException failure) {
    if (first == null) {
      first = failure;
    } else if (first != failure) {
      first.addSuppressed(failure);
    }
  }

  /**
   * To be called at the end.
   *
   * @throws CacheEntryListenerException the first of them, with the others as suppressed ones
   */
  void rethrow() {
    if (first != null) {
      throw first;
    }
  }
}
