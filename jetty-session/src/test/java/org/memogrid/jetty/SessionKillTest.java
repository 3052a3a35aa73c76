/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jetty;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.memogrid.jetty.WebNode.Visitor;
import org.memogrid.testkit.NodeProcess;
import org.memogrid.testkit.ProcessCluster;

/** A session that outlives the JVM that served it. */
class SessionKillTest {
  @Test
  void aKilledNodeTakesNoSessionWithIt() {
    try (ProcessCluster cluster = ProcessCluster.of(2)) {
      NodeProcess first = cluster.node(0);
      NodeProcess second = cluster.node(1);
      int firstPort = port(first);
      int secondPort = port(second);
      Visitor visitor = new Visitor();
      assertThat(visitor.get(firstPort, "/count")).isEqualTo("1");
      assertThat(visitor.get(secondPort, "/count")).isEqualTo("2");
      assertThat(visitor.get(firstPort, "/count")).isEqualTo("3");
      cluster.kill(first);
      assertThat(visitor.get(secondPort, "/count")).isEqualTo("4");
      int thirdPort = port(cluster.join());
      assertThat(visitor.get(thirdPort, "/count")).isEqualTo("5");
    }
  }

  private static int port(NodeProcess node) {
    return node.call(
        there -> there.<WebNode>kept("web", () -> new WebNode(there.cluster())).port());
  }
}
