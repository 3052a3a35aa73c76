/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memogrid.testkit.FreePorts;

class JoinTest {
  private final FreePorts ports = FreePorts.take();

  @AfterEach
  void giveBackPorts() {
    ports.close();
  }

  @Test
  void twoJoinsFormOneCluster() {
    try (Cluster one = node("one").join();
        Cluster two = node("two").join()) {
      assertThat(two.membership().members()).extracting(Member::name).containsExactly("one", "two");
      assertThat(one.self()).isEqualTo(two.membership().coordinator());
    }
  }

  @Test
  void aLocalClusterHasOneMember() {
    try (Cluster alone = Cluster.local()) {
      assertThat(alone.membership().members()).containsExactly(alone.self());
    }
  }

  private ClusterBuilder node(String name) {
    return Cluster.builder().name("join-test").nodeName(name).port(ports.base());
  }
}
