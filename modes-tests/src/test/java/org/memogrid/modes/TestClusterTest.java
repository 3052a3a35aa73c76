/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.Member;
import org.memogrid.testkit.TestCluster;

/** Nodes of one JVM join, leave and crash, and two clusters don't meet. */
class TestClusterTest {
  @Test
  void nodesComeAndGo() {
    try (TestCluster cluster = TestCluster.of(3)) {
      assertThat(names(cluster.node(0))).containsExactly("n0", "n1", "n2");
      cluster.leave(0);
      assertThat(names(cluster.node(1))).containsExactly("n1", "n2");
      cluster.join();
      assertThat(names(cluster.node(2))).containsExactly("n1", "n2", "n3");
      long start = System.nanoTime();
      cluster.crash(1);
      assertThat(names(cluster.node(0))).containsExactly("n1", "n3");
      assertThat((System.nanoTime() - start) / 1_000_000)
          .as("ms until a crash is noticed, as a broken socket and not as a silence")
          .isLessThan(5_000);
    }
  }

  @Test
  void clustersDoNotMeet() {
    try (TestCluster one = TestCluster.of(1);
        TestCluster two = TestCluster.of(1)) {
      assertThat(one.node(0).name()).isNotEqualTo(two.node(0).name());
      assertThat(names(one.node(0))).hasSize(1);
      assertThat(names(two.node(0))).hasSize(1);
    }
  }

  private static List<String> names(Cluster node) {
    return node.membership().members().stream().map(Member::name).toList();
  }
}
