/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import org.infinispan.commons.api.CacheContainerAdmin.AdminFlag;
import org.infinispan.configuration.cache.Configuration;
import org.infinispan.manager.EmbeddedCacheManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Partitions;
import org.memogrid.testkit.Await;

class DefinitionsTest {
  private static final EnumSet<AdminFlag> VOLATILE = EnumSet.of(AdminFlag.VOLATILE);

  private final LoopCluster cluster = new LoopCluster(new SerialCodec(), 1);
  private final EmbeddedCacheManager manager = cluster.node(0).manager();
  private final Definitions definitions = Definitions.of(manager);
  private final Configuration configuration =
      EngineConfiguration.of(
          CacheOptions.of(Mode.REPLICATED), Partitions.AVAILABLE, new ManagerLookup());

  @AfterEach
  void close() {
    cluster.close();
  }

  /** The race: each finds nothing, and both define it. */
  @Test
  void theEngineAndWeMayDefineACacheAtOnce() throws Exception {
    CyclicBarrier together = new CyclicBarrier(2);
    for (int i = 0; i < 300; i++) {
      String name = "cache-" + i;
      CompletableFuture<Void> engine =
          CompletableFuture.runAsync(
              () -> {
                meet(together);
                var unused = definitions.createCache(name, name, configuration, VOLATILE);
              });
      meet(together);
      definitions.define(manager, name, configuration);
      engine.get(30, TimeUnit.SECONDS);
    }
  }

  /** One that joins hears of an entry's second write before it has read the first. */
  @Test
  void aChangeOfWhatWasNotHeardOfYetCreatesIt() {
    definitions
        .updateConfiguration("unheard of", configuration, VOLATILE)
        .toCompletableFuture()
        .join();
    Await.until("the cache", () -> manager.isRunning("unheard of"));
    assertThat(manager.getCacheConfiguration("unheard of")).isEqualTo(configuration);
  }

  private static void meet(CyclicBarrier together) {
    try {
      together.await(30, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
