/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import org.infinispan.configuration.cache.Configuration;
import org.infinispan.container.impl.InternalDataContainer;
import org.infinispan.factories.impl.BasicComponentRegistry;
import org.infinispan.notifications.Listener;
import org.infinispan.notifications.cachelistener.CacheNotifier;
import org.infinispan.notifications.cachelistener.annotation.TopologyChanged;
import org.infinispan.notifications.cachelistener.event.TopologyChangedEvent;
import org.infinispan.partitionhandling.PartitionHandling;
import org.infinispan.remoting.transport.Address;

/**
 * Empties the memory of a member that owns nothing of a replicated cache any more, before it is
 * given the entries again. The engine does so where entries are distributed; without it here:
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
  private final Address self;

  private StaleEntries(InternalDataContainer<?, ?> container, Address self) {
    this.container = container;
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
              new StaleEntries(components.getComponent(InternalDataContainer.class).wired(), self));
    }
  }

  /** The engine waits for this before the next topology, by which this member may own again. */
  @TopologyChanged
  public void onTopology(TopologyChangedEvent<?, ?> event) {
    if (!event.getWriteConsistentHashAtEnd().getMembers().contains(self)) {
      container.clear();
    }
  }
}
