/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Store;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How often all keys were invalidated, in the memo's own store, so that it outlives the members as
 * the results do: without it, what an invalidation of all keys has not yet removed would be good
 * again after a restart, and no later one would be higher than what is there.
 *
 * <p>Invariants: no result is judged before the epoch that was kept is known here; none is stored
 * whose epoch is higher than the one that is kept. Thread-safe; blocks where it says so.
 */
final class KeptEpoch {
  /** No key of a user's: the memo refuses it. */
  static final Object KEY = "\0org.memogrid.memo.epoch";

  private static final Logger LOG = LoggerFactory.getLogger(KeptEpoch.class);

  private final MemoNode memo;
  private final Store store;
  private final AtomicBoolean loading = new AtomicBoolean();
  private volatile boolean known;
  private volatile long kept = -1;

  KeptEpoch(MemoNode memo, Store store) {
    this.memo = memo;
    this.store = store;
  }

  /** Whether the core has it. */
  boolean isKnown() {
    return known;
  }

  /** What the store is known to have, 0 for nothing. */
  long kept() {
    return Math.max(0, kept);
  }

  /** Whether the caller is to have it {@linkplain #tryLoad loaded}. */
  boolean begins() {
    return loading.compareAndSet(false, true);
  }

  /** Blocks. */
  void tryLoad() {
    try {
      load();
    } catch (RuntimeException e) {
      LOG.debug("{}: the next call tries again", memo.id(), e);
    } finally {
      loading.set(false);
    }
  }

  /**
   * What this thread feeds the core from here on comes after the epoch. Blocks.
   *
   * @throws RuntimeException if the store is not served
   */
  void load() {
    if (kept < 0) {
      long epoch = read();
      memo.feed(
          core -> {
            core.raiseEpoch(epoch);
            known = true;
          });
      noteKept(epoch); // behind that: who sees it need not feed it
    }
  }

  /** Returns when the store has this epoch or a higher one. Blocks. */
  void keep(long epoch) {
    load();
    while (kept < epoch) {
      Envelope there = store.get(KEY);
      long others = there == null ? -1 : epoch(there);
      if (others >= epoch || swap(there, entry(epoch))) {
        noteKept(Math.max(others, epoch));
      }
    }
  }

  private boolean swap(@Nullable Envelope there, Envelope entry) {
    return there == null ? store.putIfAbsent(KEY, entry) == null : store.replace(KEY, there, entry);
  }

  /** Blocks as long as the store waits for others. */
  void requireServed() {
    load();
    var unused = store.get(KEY);
  }

  private synchronized void noteKept(long epoch) {
    kept = Math.max(kept, epoch);
  }

  private long read() {
    Envelope there = store.get(KEY);
    if (there != null) {
      return epoch(there);
    }
    long first = first();
    Envelope others = store.putIfAbsent(KEY, entry(first));
    if (others == null && first > 0) {
      LOG.warn(
          "{}: what was kept is computed anew, since it can't be told what of it was invalidated",
          memo.id());
    }
    return others == null ? first : epoch(others);
  }

  /** It is there before any result: if it is not, but results are, they can't be judged. */
  private long first() {
    try (Stream<Map.Entry<Object, Envelope>> all = store.entries()) {
      OptionalLong highest = all.mapToLong(entry -> StoreWork.epoch(entry.getValue())).max();
      return highest.isPresent() ? highest.getAsLong() + 1 : 0;
    }
  }

  private Envelope entry(long epoch) {
    return Envelope.ofBytes(memo.nextVersion(), memo.codec().encode(epoch));
  }

  private long epoch(Envelope entry) {
    return (Long) entry.value(memo.codec());
  }
}
