/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.memogrid.internal.node.Node;
import org.memogrid.internal.wire.WireException;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.FreePorts;
import org.memogrid.testkit.NodeProcess;

/** A process that is asked to end takes its leave first; one that is killed is missed soon. */
class ProcessEndTest {
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

  @Test
  void aKilledProcessFailsTheRequestsThatWaitForIt() {
    try (FreePorts ports = FreePorts.take();
        Cluster here = builder(ports.base(), "here").join();
        NodeProcess process = NodeProcess.start("there")) {
      int port = ports.base();
      process.run(node -> node.join(builder(port, "there")));
      process.run(
          node -> {
            var unused =
                node.cluster()
                    .unwrap(Node.class)
                    .wire()
                    .serve("silent", GateFeature.NUMBER, in -> {});
          });
      Await.until("two members", () -> here.membership().members().size() == 2);
      Member there =
          here.membership().members().stream()
              .filter(member -> member.name().equals("there"))
              .findFirst()
              .orElseThrow();
      CompletableFuture<Integer> reply =
          here.unwrap(Node.class)
              .wire()
              .request(there, "silent", GateFeature.NUMBER, 1, Duration.ofMinutes(5));
      process.kill();
      assertThatThrownBy(() -> reply.get(60, TimeUnit.SECONDS))
          .cause()
          .isInstanceOf(WireException.class)
          .hasMessageContaining("member there, service 'silent': the member left the cluster");
    }
  }

  private static ClusterBuilder builder(int port, String node) {
    return Cluster.builder()
        .name("process-end-test")
        .nodeName(node)
        .port(port)
        .timing(TestTiming.ONE_AFTER_ANOTHER);
  }
}
