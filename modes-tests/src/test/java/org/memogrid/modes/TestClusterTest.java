/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.ClusterBuilder;
import org.memogrid.cluster.Member;
import org.memogrid.cluster.TestTiming;
import org.memogrid.internal.engine.Timing;
import org.memogrid.testkit.TestCluster;

/** Nodes of one JVM join, leave and crash, and two clusters don't meet. */
class TestClusterTest {
  private static final Duration SILENCE = Duration.ofSeconds(40);

  @Test
  void nodesComeAndGo() {
    try (TestCluster cluster = TestCluster.of(3, TestClusterTest::patient)) {
      assertThat(names(cluster.node(0))).containsExactly("n0", "n1", "n2");
      cluster.leave(0);
      assertThat(names(cluster.node(1))).containsExactly("n1", "n2");
      cluster.join();
      assertThat(names(cluster.node(2))).containsExactly("n1", "n2", "n3");
      long start = System.nanoTime();
      cluster.crash(1);
      assertThat(names(cluster.node(0))).containsExactly("n1", "n3");
      assertThat(Duration.ofNanos(System.nanoTime() - start))
          .as("until a crash is noticed, as a broken socket and not as a silence")
          .isLessThan(SILENCE);
    }
  }

  /** Whose silence is not what a crash is noticed by, however slow the machine is. */
  private static ClusterBuilder patient(ClusterBuilder builder) {
    return TestTiming.timing(builder, Timing.DEFAULT.withSilence(SILENCE, Duration.ofSeconds(2)));
  }

  /** They look for members in the same places, and find those of the other name. */
  @Test
  void clustersOfTwoNamesOnTheSamePortsDoNotMeet() {
    try (TestCluster one = TestCluster.of(2);
        TestCluster two = one.beside(2)) {
      assertThat(one.node(0).name()).isNotEqualTo(two.node(0).name());
      two.join();
      one.join();
      assertThat(ids(one)).hasSize(3).doesNotContainAnyElementsOf(ids(two));
      assertThat(ids(two)).hasSize(3);
      Cache<String, Integer> here = one.node(0).cache("same", Mode.REPLICATED);
      here.put("k", 1);
      Cache<String, Integer> there = two.node(0).cache("same", Mode.REPLICATED);
      assertThat(there.get("k")).isNull();
    }
  }

  private static List<String> ids(TestCluster cluster) {
    return cluster.node(0).membership().members().stream().map(Member::id).toList();
  }

  private static List<String> names(Cluster node) {
    return node.membership().members().stream().map(Member::name).toList();
  }
}
