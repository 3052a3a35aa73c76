/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.memogrid.cache.Cache;
import org.memogrid.cache.Mode;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeProcess;
import org.memogrid.testkit.ProcessCluster;
import org.memogrid.testkit.RemoteCache;
import org.memogrid.testkit.Settled;

/**
 * Kills owners at random moments while clients write through all members, again and again: each
 * time the others must still have every write that was acknowledged. The next is killed when two
 * owners have everything again, since two owners are what the contract promises to need.
 *
 * <p>{@code -Dmemogrid.test.seed=N} chooses the moments and the victims.
 */
class KillTest {
  private static final int NODES = 3;
  private static final List<Mode> MODES = List.of(Mode.REPLICATED, Mode.DISTRIBUTED);

  @Test
  @Timeout(value = 15, unit = TimeUnit.MINUTES) // one new JVM for each kill
  void killedOwnersLoseNoAcknowledgedWrite() {
    kill(20);
  }

  @Test
  @Tag("long")
  @Timeout(value = 60, unit = TimeUnit.MINUTES)
  void aHundredKilledOwnersLoseNoAcknowledgedWrite() {
    kill(100);
  }

  private static void kill(int kills) {
    long seed = Long.getLong("memogrid.test.seed", System.nanoTime());
    System.out.println("kills at random moments: -Dmemogrid.test.seed=" + seed);
    Random random = new Random(seed);
    try (ProcessCluster cluster = ProcessCluster.of(NODES);
        Load load = new Load(4, seed)) {
      cluster.nodes().forEach(node -> open(load, node));
      awaitSettled(cluster);
      load.start();
      NodeProcess spare = cluster.spare();
      for (int kill = 1; kill <= kills; kill++) {
        LockSupport.parkNanos(random.nextInt(400) * 1_000_000L);
        NodeProcess victim = cluster.node(random.nextInt(NODES));
        cluster.kill(victim);
        load.shut(victim.name());
        cluster.awaitMembers();
        assertThat(load.audit()).as("after kill %s, seed %s", kill, seed).isEmpty();
        assertThat(load.failuresExcept(victim.name())).as("errors of the others").isEmpty();
        load.forgetFailures();
        if (kill < kills) {
          load.slowDown();
          open(load, cluster.join(spare));
          spare = cluster.spare();
          awaitSettled(cluster);
          load.speedUp();
        }
      }
      assertThat(load.done()).isGreaterThan(kills * 10L);
    }
  }

  private static void open(Load load, NodeProcess node) {
    for (Mode mode : MODES) {
      Cache<String, Integer> cache =
          RemoteCache.open(node, cluster -> cluster.cache("kill-" + mode, mode));
      load.open(node.name(), cache);
    }
  }

  private static void awaitSettled(ProcessCluster cluster) {
    for (NodeProcess node : cluster.nodes()) {
      for (Mode mode : MODES) {
        Await.until(
            mode + " to be settled on " + node,
            () -> node.call(there -> Settled.among(there.cluster().cache("kill-" + mode), NODES)));
      }
    }
  }
}
