/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import org.infinispan.AdvancedCache;
import org.infinispan.factories.ComponentRegistry;
import org.infinispan.reactive.publisher.impl.PublisherHandler;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeContext;
import org.memogrid.testkit.NodeProcess;
import org.memogrid.testkit.ProcessCluster;

/** A walk over more entries than come at a time, which the other member sends. */
class WalkTest {
  private static final int ENTRIES = 4000;

  private static void create(NodeContext there) {
    var unused =
        Peer.manager(there)
            .createCache(
                "walked",
                new MemogridConfiguration<String, Integer>(
                        CacheOptions.of(Mode.DISTRIBUTED).owners(1))
                    .setTypes(String.class, Integer.class));
  }

  /** How many walks the engine of a member is sending entries to. */
  private static int sending(NodeProcess node) {
    return node.call(
        there -> {
          AdvancedCache<?, ?> engine = Peer.cache(there, "walked").unwrap(AdvancedCache.class);
          return ComponentRegistry.componentOf(engine, PublisherHandler.class).openPublishers();
        });
  }

  @Test
  void aWalkThatIsLeftHalfWayIsEndedOnAllMembersOnceItIsGarbage() {
    try (ProcessCluster cluster = ProcessCluster.of(2)) {
      NodeProcess a = cluster.node(0);
      NodeProcess b = cluster.node(1);
      for (NodeProcess each : cluster.nodes()) {
        each.run(there -> create(there));
      }
      a.run(
          there -> {
            Map<String, Integer> all = new HashMap<>();
            for (int i = 0; i < ENTRIES; i++) {
              all.put("k" + i, i);
            }
            Peer.cache(there, "walked").putAll(all);
          });

      a.run(there -> Peer.cache(there, "walked").iterator().next());

      assertThat(sending(b)).as("what the walk holds on b").isPositive();
      Await.until(
          "it is let go",
          () -> {
            a.run(there -> System.gc());
            return sending(b) == 0;
          });
      int met =
          a.call(
              there -> {
                int count = 0;
                for (var unused : Peer.cache(there, "walked")) {
                  count++;
                }
                return count;
              });
      assertThat(met).as("a walk to the end").isEqualTo(ENTRIES);
      assertThat(sending(b)).isZero();
    }
  }
}
