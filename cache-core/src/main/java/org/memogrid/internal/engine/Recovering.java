/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.infinispan.configuration.cache.Configuration;
import org.infinispan.configuration.cache.CustomStoreConfiguration;
import org.infinispan.configuration.cache.StoreConfiguration;
import org.infinispan.distribution.DistributionManager;
import org.infinispan.distribution.ch.ConsistentHash;
import org.infinispan.factories.impl.BasicComponentRegistry;
import org.infinispan.interceptors.AsyncInterceptorChain;
import org.infinispan.notifications.Listener;
import org.infinispan.notifications.cachelistener.CacheNotifier;
import org.infinispan.notifications.cachelistener.annotation.PartitionStatusChanged;
import org.infinispan.notifications.cachelistener.annotation.TopologyChanged;
import org.infinispan.notifications.cachelistener.event.PartitionStatusChangedEvent;
import org.infinispan.notifications.cachelistener.event.TopologyChangedEvent;
import org.infinispan.partitionhandling.AvailabilityMode;
import org.infinispan.partitionhandling.impl.PartitionHandlingInterceptor;
import org.infinispan.remoting.transport.Address;
import org.jspecify.annotations.Nullable;
import org.memogrid.internal.recovery.Layout;

/** Ties a cache in files to its {@link Recovery} before it starts. */
final class Recovering {
  private Recovering() {}

  static void install(
      BasicComponentRegistry components,
      Configuration configuration,
      SharedFiles files,
      String cache) {
    String directory = directory(configuration);
    if (directory == null) {
      return;
    }
    Recovery recovery =
        files.expect(cache, Path.of(directory), configuration.clustering().hash().numSegments());
    DistributionManager distribution = components.getComponent(DistributionManager.class).wired();
    components
        .getComponent(AsyncInterceptorChain.class)
        .wired()
        .addInterceptorAfter(
            new HoldInterceptor(recovery, distribution), PartitionHandlingInterceptor.class);
    CacheNotifier<?, ?> notifier = components.getComponent(CacheNotifier.class).wired();
    notifier.addListener(new Before(recovery));
    notifier.addListener(new Status(recovery, distribution));
  }

  private static @Nullable String directory(Configuration configuration) {
    for (StoreConfiguration store : configuration.persistence().stores()) {
      if (store instanceof CustomStoreConfiguration custom
          && LifeStore.class.equals(custom.customStoreClass())) {
        return custom.properties().getProperty(LifeStore.DIRECTORY);
      }
    }
    return null;
  }

  /** The engine uses a topology when these listeners are done with it. */
  @Listener(observation = Listener.Observation.PRE)
  static final class Before {
    private final Recovery recovery;

    Before(Recovery recovery) {
      this.recovery = recovery;
    }

    @TopologyChanged
    public CompletionStage<Void> onTopology(TopologyChangedEvent<?, ?> event) {
      return recovery.onTopology(
          layout(
              event.getNewTopologyId(),
              event.getReadConsistentHashAtEnd(),
              event.getWriteConsistentHashAtEnd()));
    }
  }

  /**
   * The engine says that it refuses, on this side of a split, before the first topology of that,
   * and that it does not any more after the last.
   */
  @Listener(observation = Listener.Observation.POST)
  static final class Status {
    private final Recovery recovery;
    private final DistributionManager distribution;

    Status(Recovery recovery, DistributionManager distribution) {
      this.recovery = recovery;
      this.distribution = distribution;
    }

    @PartitionStatusChanged
    public CompletionStage<Void> onStatus(PartitionStatusChangedEvent<?, ?> event) {
      if (event.getAvailabilityMode() != AvailabilityMode.AVAILABLE) {
        return recovery.onCut();
      }
      var now = distribution.getCacheTopology();
      return recovery.onReturn(
          layout(now.getTopologyId(), now.getReadConsistentHash(), now.getWriteConsistentHash()));
    }
  }

  /**
   * Whoever asked for a write may be the only one who knows that it is confirmed, and by which
   * layout: so all members are witnesses, whatever they own.
   */
  static Layout layout(int id, ConsistentHash read, ConsistentHash write) {
    List<String> members = ids(write.getMembers());
    List<List<String>> readers = new ArrayList<>();
    List<List<String>> writers = new ArrayList<>();
    for (int segment = 0; segment < read.getNumSegments(); segment++) {
      readers.add(ids(read.locateOwnersForSegment(segment)));
      writers.add(members);
    }
    return new Layout(id, readers, writers);
  }

  private static List<String> ids(List<Address> addresses) {
    return addresses.stream().map(Addresses::id).toList();
  }
}
