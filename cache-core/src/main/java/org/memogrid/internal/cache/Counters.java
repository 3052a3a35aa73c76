/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.cache;

import java.util.concurrent.atomic.LongAdder;
import org.memogrid.cache.CacheStats;
import org.memogrid.internal.store.HitCounter;
import org.memogrid.internal.store.Store;

/** What this member did with one cache, over all its handles. Striped, so that readers scale. */
final class Counters {
  final HitCounter hits = new HitCounter();
  final LongAdder misses = new LongAdder();
  final LongAdder puts = new LongAdder();
  final LongAdder removals = new LongAdder();

  CacheStats snapshot(Store store) {
    return new CacheStats(
        hits.sum(),
        misses.sum(),
        puts.sum(),
        removals.sum(),
        store.evictions(),
        store.expirations());
  }
}
