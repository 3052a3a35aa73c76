/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.infinispan.Cache;
import org.infinispan.configuration.cache.CacheMode;
import org.infinispan.configuration.cache.Configuration;
import org.infinispan.configuration.cache.ConfigurationBuilder;
import org.infinispan.factories.GlobalComponentRegistry;
import org.infinispan.topology.ClusterTopologyManager;
import org.infinispan.topology.RebalancingStatus;
import org.junit.jupiter.api.Test;
import org.memogrid.testkit.Await;

/** Who joins a cache while others come and go is taken in, and waits for nobody that is gone. */
final class ForgottenJoinersTest {
  private static final String NAME = "joined";

  @Test
  void whoJoinsWhileAnotherGoesIsTakenIn() throws Exception {
    ExecutorService threads = Executors.newCachedThreadPool();
    try (LoopCluster cluster = new LoopCluster(new SerialCodec(), 4)) {
      Configuration distributed =
          new ConfigurationBuilder().clustering().cacheMode(CacheMode.DIST_SYNC).build();
      for (int member = 0; member < 4; member++) {
        var unused = cluster.node(member).manager().defineConfiguration(NAME, distributed);
      }
      for (int member : List.of(0, 1, 3)) {
        started(cluster, member);
      }
      ClusterTopologyManager coordinator =
          GlobalComponentRegistry.componentOf(
              cluster.node(0).manager(), ClusterTopologyManager.class);
      awaitRest(coordinator);
      cluster.silence(3); // what moves does not come to an end
      var unused = threads.submit(() -> cluster.node(1).manager().getCache(NAME).stop());
      Await.until(
          "entries move",
          () -> coordinator.getRebalancingStatus(NAME) == RebalancingStatus.IN_PROGRESS);
      Future<Cache<Object, Object>> joiner =
          threads.submit(() -> cluster.node(2).manager().getCache(NAME));
      Await.until(
          "it waits its turn",
          () -> coordinator.currentJoiners(NAME).contains(cluster.node(2).manager().getAddress()));
      cluster.crash(3);
      Cache<Object, Object> joined = joiner.get(60, TimeUnit.SECONDS);
      joined.put(1, 1);
      assertThat(cluster.node(0).manager().getCache(NAME).get(1)).isEqualTo(1);
    } finally {
      threads.shutdownNow();
    }
  }

  private static void started(LoopCluster cluster, int member) {
    var unused = cluster.node(member).manager().getCache(NAME);
  }

  private static void awaitRest(ClusterTopologyManager coordinator) {
    Await.until(
        "all are in", () -> coordinator.getRebalancingStatus(NAME) == RebalancingStatus.COMPLETE);
  }
}
