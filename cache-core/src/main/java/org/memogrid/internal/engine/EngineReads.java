/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.infinispan.AdvancedCache;
import org.infinispan.context.Flag;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Locking;
import org.memogrid.internal.store.Envelope;

/** Reads of one cache by the engine. */
final class EngineReads {
  private final AdvancedCache<ClusterKey, Envelope> cache;
  private final StoreCalls calls;
  private final @Nullable MemberTransactions transactions;

  /** What a transaction reads by, where reading locks. */
  private final @Nullable AdvancedCache<ClusterKey, Envelope> locked;

  /** Null unless what no memory has is loaded by one member for all. */
  private final @Nullable SharedLoads loads;

  /** Null unless reads by the engine load, and have a limit. */
  private final @Nullable Patience patience;

  EngineReads(
      CacheOptions options,
      AdvancedCache<ClusterKey, Envelope> cache,
      StoreCalls calls,
      @Nullable MemberTransactions transactions,
      @Nullable SharedLoads loads,
      @Nullable Patience patience) {
    this.cache = loads == null ? cache : cache.withFlags(Flag.SKIP_CACHE_LOAD);
    this.calls = calls;
    this.transactions = transactions;
    this.locked =
        options.locking() == Locking.PESSIMISTIC ? cache.withFlags(Flag.FORCE_WRITE_LOCK) : null;
    this.loads = loads;
    this.patience = loads == null ? patience : null;
  }

  @Nullable Envelope get(ClusterKey wanted) {
    Envelope found = read(Set.of(wanted), () -> reader().getAsync(wanted));
    return found == null && loads != null ? loads.load(wanted) : found;
  }

  Map<ClusterKey, Envelope> getAll(Set<ClusterKey> wanted) {
    Map<ClusterKey, Envelope> found = read(wanted, () -> reader().getAllAsync(wanted));
    if (loads == null || found.size() == wanted.size()) {
      return found;
    }
    Map<ClusterKey, Envelope> all = new HashMap<>(found);
    Set<ClusterKey> missed = new HashSet<>(wanted);
    missed.removeAll(found.keySet());
    all.putAll(loads.loadAll(missed));
    return all;
  }

  private <T extends @Nullable Object> T read(
      Set<ClusterKey> keys, Supplier<CompletableFuture<T>> read) {
    if (patience == null) {
      return calls.call(read);
    }
    try {
      return calls.call(() -> patience.reading(read.get()));
    } catch (RuntimeException e) {
      throw patience.ofRead(keys, e);
    }
  }

  /** Sees what is in memory, where loading is something else. */
  AdvancedCache<ClusterKey, Envelope> inMemory() {
    return cache;
  }

  private AdvancedCache<ClusterKey, Envelope> reader() {
    return locked != null && transactions != null && transactions.isActive() ? locked : cache;
  }
}
