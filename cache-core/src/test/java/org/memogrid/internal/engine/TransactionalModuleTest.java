/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletionStage;
import org.infinispan.Cache;
import org.infinispan.distribution.DistributionManager;
import org.infinispan.factories.ComponentRegistry;
import org.infinispan.factories.impl.BasicComponentRegistry;
import org.infinispan.statetransfer.StateTransferLock;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Locking;
import org.memogrid.cache.Mode;

/** A transactional cache is completed while others may ask for its entries already. */
final class TransactionalModuleTest {
  /**
   * A joiner asks a member that is still about to start the cache:
   *
   * <ol>
   *   <li>The request waits until the member has the joiner's configuration.
   *   <li>The cache is completed, and starts.
   *   <li>The configuration is there, and the request must hear of it.
   * </ol>
   */
  @Test
  void whoWaitsForTheCacheIsNotForgotten() {
    try (LoopCluster cluster = new LoopCluster(new SerialCodec(), 1)) {
      var unused =
          cluster
              .caches(0)
              .cache("c", CacheOptions.of(Mode.REPLICATED).transactional(Locking.OPTIMISTIC));
      Cache<?, ?> engines = cluster.node(0).engineCache("c");
      ComponentRegistry components = ComponentRegistry.of(engines);
      StateTransferLock lock = components.getComponent(StateTransferLock.class);
      DistributionManager distribution = engines.getAdvancedCache().getDistributionManager();
      int next = distribution.getCacheTopology().getTopologyId() + 1;

      CompletionStage<Void> waits = lock.topologyFuture(next);
      var unusedChain =
          TransactionalModule.withUniqueVersions(
              components.getComponent(BasicComponentRegistry.class));
      lock.notifyTopologyInstalled(next);
      assertThat(waits).isCompleted();
    }
  }
}
