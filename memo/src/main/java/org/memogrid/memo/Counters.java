/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.time.Duration;
import java.util.concurrent.atomic.LongAdder;
import org.memogrid.internal.store.HitCounter;

/** What a handle counts. Thread-safe. */
final class Counters {
  final HitCounter hits = new HitCounter();
  final LongAdder joins = new LongAdder();
  final LongAdder runs = new LongAdder();
  final LongAdder failures = new LongAdder();
  final LongAdder refreshes = new LongAdder();
  final LongAdder stale = new LongAdder();
  final LongAdder runNanos = new LongAdder();

  MemoStats snapshot(MemoCore core) {
    return new MemoStats(
        hits.sum(),
        joins.sum(),
        runs.sum(),
        failures.sum(),
        core.fenced(),
        core.promotions(),
        refreshes.sum(),
        stale.sum(),
        Duration.ofNanos(runNanos.sum()));
  }
}
