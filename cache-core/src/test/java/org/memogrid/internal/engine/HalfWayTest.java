/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Set;
import java.util.stream.IntStream;
import org.infinispan.AdvancedCache;
import org.infinispan.distribution.LocalizedCacheTopology;
import org.infinispan.manager.EmbeddedCacheManager;
import org.infinispan.notifications.Listener;
import org.infinispan.notifications.cachelistener.annotation.CacheEntryCreated;
import org.infinispan.notifications.cachelistener.annotation.CacheEntryModified;
import org.infinispan.notifications.cachelistener.event.CacheEntryEvent;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.internal.store.Envelope;
import org.memogrid.testkit.NodeProcess;
import org.memogrid.testkit.ProcessCluster;

/** Processes that end, as by {@code kill -9}, while a cache begins or ends on all members. */
@SuppressWarnings("serial") // tasks go to JVMs of our own
class HalfWayTest {
  /** Ends its process while it does its part of a write about a cache. */
  @Listener(observation = Listener.Observation.POST)
  static final class Death {
    private final String cache;
    private final OptionsRegistry.State at;

    Death(String cache, OptionsRegistry.State at) {
      this.cache = cache;
      this.at = at;
    }

    @CacheEntryCreated
    @CacheEntryModified
    public void onChange(CacheEntryEvent<String, Envelope> event) {
      if (event.getKey().equals(cache) && OptionsRegistry.State.of(event.getValue()) == at) {
        Runtime.getRuntime().halt(137);
      }
    }
  }

  private static AdvancedCache<String, Envelope> registry(Cluster cluster) {
    return cluster
        .unwrap(EmbeddedCacheManager.class)
        .<String, Envelope>getCache(OptionsRegistry.NAME)
        .getAdvancedCache();
  }

  /** The name of a cache whose beginning and end a member orders: it is the first that writes. */
  private static String nameOrderedBy(NodeProcess node) {
    return node.call(
        there -> {
          AdvancedCache<String, Envelope> registry = registry(there.cluster());
          LocalizedCacheTopology topology = registry.getDistributionManager().getCacheTopology();
          return IntStream.range(0, 10_000)
              .mapToObj(i -> "half-way-" + i)
              .filter(name -> topology.getDistribution(name).isPrimary())
              .findFirst()
              .orElseThrow();
        });
  }

  private static void dieAt(NodeProcess node, String cache, OptionsRegistry.State state) {
    node.run(there -> registry(there.cluster()).addListener(new Death(cache, state)));
  }

  private static Cache<String, Integer> open(Cluster cluster, String name) {
    return cluster.cache(name, Mode.REPLICATED);
  }

  private static int read(NodeProcess node, String name) {
    return node.call(there -> requireNonNull(open(there.cluster(), name).get("k")));
  }

  @Test
  void whoDiesWhileACacheBeginsOrEndsHoldsNobodyUpAndTheOthersAgree() {
    try (ProcessCluster cluster = ProcessCluster.of(4)) {
      NodeProcess one = cluster.node(0);
      NodeProcess other = cluster.node(1);
      NodeProcess opens = cluster.node(2);
      NodeProcess orders = cluster.node(3);

      String begun = nameOrderedBy(opens);
      dieAt(opens, begun, OptionsRegistry.State.RUNS);
      assertThatThrownBy(() -> opens.run(there -> open(there.cluster(), begun).put("k", 0)))
          .isInstanceOf(NodeProcess.NodeGoneException.class);
      cluster.kill(opens);
      one.run(there -> open(there.cluster(), begun).put("k", 1));
      assertThat(read(other, begun)).isEqualTo(1);
      cluster.awaitMembers();
      other.run(there -> open(there.cluster(), begun).destroy());

      String ended = nameOrderedBy(orders);
      other.run(there -> open(there.cluster(), ended).put("k", 1));
      dieAt(orders, ended, OptionsRegistry.State.ENDED);
      one.run(there -> open(there.cluster(), ended).destroy());
      assertThat(orders.isAlive()).isFalse();
      cluster.kill(orders);
      cluster.awaitMembers();
      for (NodeProcess node : cluster.nodes()) {
        Set<String> names = node.call(there -> Set.copyOf(there.cluster().cacheNames()));
        assertThat(names).isEmpty();
      }
      one.run(there -> open(there.cluster(), ended).put("k", 2));
      assertThat(read(other, ended)).isEqualTo(2);
    }
  }
}
