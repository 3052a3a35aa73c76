/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.Settled;
import org.memogrid.testkit.TestCluster;

/** Nodes that come and go while clients write take nothing with them. */
class MembershipTest {
  private static final List<Mode> MODES = List.of(Mode.REPLICATED, Mode.DISTRIBUTED);

  @Test
  void joiningAndLeavingUnderLoadLosesNoAcknowledgedWrite() {
    comeAndGo(8, Load::shut, TestCluster::leave);
  }

  @Test
  void crashingUnderLoadLosesNoAcknowledgedWrite() {
    comeAndGo(4, Load::lose, TestCluster::crash);
  }

  private static void comeAndGo(int rounds, BiConsumer<Load, String> end, Departure departure) {
    long seed = Long.getLong("memogrid.test.seed", System.nanoTime());
    System.out.println("comings and goings: -Dmemogrid.test.seed=" + seed);
    Random random = new Random(seed);
    try (TestCluster cluster = TestCluster.of(2);
        Load load = new Load(3, seed)) {
      cluster.nodes().forEach(node -> open(load, node));
      load.start();
      for (int round = 1; round <= rounds; round++) {
        open(load, cluster.join());
        awaitSettled(cluster);
        Cluster leaver = cluster.node(random.nextInt(3));
        end.accept(load, leaver.self().name());
        departure.of(cluster, cluster.nodes().indexOf(leaver));
        assertThat(load.audit()).as("after round %s, seed %s", round, seed).isEmpty();
        assertThat(load.failuresExcept(leaver.self().name())).isEmpty();
        load.forgetFailures();
        awaitSettled(cluster);
      }
      assertThat(load.done()).isGreaterThan(rounds * 10L);
    }
  }

  private static void open(Load load, Cluster node) {
    for (Mode mode : MODES) {
      load.open(node.self().name(), node.cache("moves-" + mode, mode));
    }
  }

  private static void awaitSettled(TestCluster cluster) {
    int nodes = cluster.nodes().size();
    for (Cluster node : cluster.nodes()) {
      for (Mode mode : MODES) {
        Await.until(
            mode + " to be settled on " + node.self(),
            () -> Settled.among(node.cache("moves-" + mode), nodes));
      }
    }
  }

  private interface Departure {
    void of(TestCluster cluster, int node);
  }
}
