/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.memogrid.internal.node.Node;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.FreePorts;
import org.memogrid.testkit.NodeProcess;

/** A process that is asked to end takes its leave first. */
class ShutdownTest {
  @Test
  void aTerminatedProcessStopsItsFeaturesAndLeaves() {
    try (FreePorts ports = FreePorts.take();
        Cluster here = builder(ports.base(), "here").join();
        NodeProcess process = NodeProcess.start("there")) {
      int port = ports.base();
      process.run(node -> node.join(builder(port, "there")));
      process.run(
          node ->
              node.cluster().unwrap(Node.class).feature(GateFeature.class).sayWhenStopped("bye"));
      Await.until("two members", () -> here.membership().members().size() == 2);
      assertThat(ProcessHandle.of(process.pid()).orElseThrow().destroy()).isTrue();
      Await.until("the end of the process", () -> !process.isAlive());
      assertThat(process.log()).contains("bye");
      Await.until("one member", () -> here.membership().members().size() == 1);
    }
  }

  private static ClusterBuilder builder(int port, String node) {
    return Cluster.builder()
        .name("shutdown-test")
        .nodeName(node)
        .port(port)
        .timing(TestTiming.ONE_AFTER_ANOTHER);
  }
}
