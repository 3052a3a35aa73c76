/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import org.infinispan.container.entries.InternalCacheEntry;
import org.infinispan.container.impl.InternalDataContainer;
import org.infinispan.distribution.DistributionManager;
import org.infinispan.distribution.LocalizedCacheTopology;
import org.infinispan.partitionhandling.AvailabilityMode;
import org.infinispan.partitionhandling.impl.PartitionHandlingManager;
import org.jspecify.annotations.Nullable;
import org.memogrid.internal.store.Envelope;

/**
 * A cache's container as the source of near copies. Its pass is the engine's topology: each says
 * anew which reads this member may answer, and none is ever used again. Before another member may
 * write an entry without telling this one, this one has a topology in which it doesn't answer for
 * it any more.
 */
final class NearSource
    implements NearMap.Source<ClusterKey, Envelope>, NearCopies.Source<ClusterKey> {
  private final InternalDataContainer<ClusterKey, Envelope> container;
  private final DistributionManager distribution;

  /** Null if members that lost sight of the others answer all the same. */
  private final @Nullable PartitionHandlingManager partitions;

  NearSource(
      InternalDataContainer<ClusterKey, Envelope> container,
      DistributionManager distribution,
      @Nullable PartitionHandlingManager partitions) {
    this.container = container;
    this.distribution = distribution;
    this.partitions = partitions;
  }

  @Override
  public @Nullable Object pass() {
    return partitions != null && partitions.getAvailabilityMode() != AvailabilityMode.AVAILABLE
        ? null
        : distribution.getCacheTopology();
  }

  @Override
  public @Nullable Envelope peek(ClusterKey place, Object pass) {
    if (!((LocalizedCacheTopology) pass).isReadOwner(place)) {
      return null;
    }
    InternalCacheEntry<ClusterKey, Envelope> entry = container.peek(place);
    Envelope held = entry == null ? null : entry.getValue();
    if (held == null || held.isTombstone()) {
      return null;
    }
    if (entry.canExpire()) {
      held.heldUntil(entry.getExpiryTime());
    }
    return held;
  }

  @Override
  public boolean isElsewhere(ClusterKey place, Object pass) {
    return !((LocalizedCacheTopology) pass).isReadOwner(place);
  }

  /**
   * Whether this member reads the key from its container, all of whose entries have come, and it
   * has none.
   */
  boolean isAbsent(ClusterKey key) {
    return pass() instanceof LocalizedCacheTopology topology
        && topology.getPendingCH() == null
        && topology.isReadOwner(key)
        && container.peek(key) == null;
  }

  /** The container's own instance of a key; null if it holds nothing under it. */
  @Nullable ClusterKey own(ClusterKey key) {
    InternalCacheEntry<ClusterKey, Envelope> entry = container.peek(key);
    return entry == null ? null : entry.getKey();
  }
}
