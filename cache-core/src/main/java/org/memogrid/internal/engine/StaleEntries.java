/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.concurrent.CompletionStage;
import org.infinispan.commons.util.concurrent.CompletableFutures;
import org.infinispan.configuration.cache.Configuration;
import org.infinispan.container.impl.InternalDataContainer;
import org.infinispan.factories.impl.BasicComponentRegistry;
import org.infinispan.notifications.Listener;
import org.infinispan.notifications.cachelistener.CacheNotifier;
import org.infinispan.notifications.cachelistener.annotation.TopologyChanged;
import org.infinispan.notifications.cachelistener.event.TopologyChangedEvent;
import org.infinispan.partitionhandling.PartitionHandling;
import org.infinispan.persistence.manager.PersistenceManager;
import org.infinispan.remoting.transport.Address;
import org.jspecify.annotations.Nullable;

/**
 * Empties the memory and the files of a member that owns nothing of a replicated cache any more,
 * before it is given the entries again. The engine does so where entries are distributed; without
 * it here:
 *
 * <ol>
 *   <li>A member is cut off from a consistent cluster, and refuses.
 *   <li>The others remove an entry, which is confirmed.
 *   <li>The member is back, and is given all entries that there are over those that it had. The
 *       removed one stays, and it serves it from then on.
 * </ol>
 */
@Listener(observation = Listener.Observation.POST)
final class StaleEntries {
  private final InternalDataContainer<?, ?> container;

  /** Null if the entries are in memory alone. */
  private final @Nullable PersistenceManager stores;

  private final Address self;

  private StaleEntries(
      InternalDataContainer<?, ?> container, @Nullable PersistenceManager stores, Address self) {
    this.container = container;
    this.stores = stores;
    this.self = self;
  }

  /**
   * Before the cache starts. Where both sides of a split serve, the engine merges what they have.
   */
  static void install(
      BasicComponentRegistry components, Configuration configuration, Address self) {
    if (configuration.clustering().cacheMode().isReplicated()
        && configuration.clustering().partitionHandling().whenSplit()
            != PartitionHandling.ALLOW_READ_WRITES) {
      components
          .getComponent(CacheNotifier.class)
          .wired()
          .addListener(
              new StaleEntries(
                  components.getComponent(InternalDataContainer.class).wired(),
                  configuration.persistence().usingStores()
                      ? components.getComponent(PersistenceManager.class).wired()
                      : null,
                  self));
    }
  }

  /** The engine waits for this before the next topology, by which this member may own again. */
  @TopologyChanged
  public CompletionStage<Void> onTopology(TopologyChangedEvent<?, ?> event) {
    if (event.getWriteConsistentHashAtEnd().getMembers().contains(self)) {
      return CompletableFutures.completedNull();
    }
    container.clear();
    return stores == null
        ? CompletableFutures.completedNull()
        : stores.clearAllStores(PersistenceManager.AccessMode.PRIVATE);
  }
}
