/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.spring;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.testkit.NodeContext;
import org.memogrid.testkit.NodeProcess;
import org.memogrid.testkit.ProcessCluster;
import org.springframework.cache.Cache;

/** In INVALIDATED each member loads for itself, and no load takes another's copy, on two JVMs. */
class OwnCopiesTest {
  private static final AtomicInteger ASKED = new AtomicInteger();

  private static Cache cache(NodeContext there) {
    MemogridCacheManager manager =
        there.kept(
            "manager",
            () -> {
              MemogridCacheManager made = new MemogridCacheManager(there.cluster());
              made.with("own", CacheOptions.of(Mode.INVALIDATED));
              return made;
            });
    return requireNonNull(manager.getCache("own"));
  }

  @Test
  void membersThatReadInTurnLoadOnceEach() {
    try (ProcessCluster cluster = ProcessCluster.of(2)) {
      for (int i = 0; i < 5; i++) {
        for (NodeProcess each : cluster.nodes()) {
          Integer read =
              each.call(
                  there -> requireNonNull(cache(there).get("k", () -> ASKED.incrementAndGet())));
          assertThat(read).isEqualTo(1);
        }
      }
      cluster.node(0).run(there -> cache(there).put("k", 2));
      boolean none = cluster.node(1).call(there -> cache(there).get("k") == null);
      assertThat(none).as("what is put takes the others' copies").isTrue();
    }
  }
}
