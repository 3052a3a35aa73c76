/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.RepeatedTest;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeProcess;
import org.memogrid.testkit.NodeProcess.NodeAction;
import org.memogrid.testkit.ProcessCluster;

/** Processes that start at the same instant find each other. */
class StartTest {
  @RepeatedTest(2)
  void processesStartedAtTheSameInstantEndInOneCluster() {
    try (ProcessCluster cluster = ProcessCluster.of(0)) {
      List<NodeProcess> nodes =
          Stream.generate(cluster::spare).limit(2).map(NodeProcess::awaitReady).toList();
      List<CompletableFuture<String>> joins = nodes.stream().map(n -> join(cluster, n)).toList();
      CompletableFuture.allOf(joins.toArray(new CompletableFuture<?>[0])).join();
      for (NodeProcess node : nodes) {
        Await.untilAsserted(
            "one cluster of two",
            () -> {
              List<String> members =
                  node.call(
                      there ->
                          there.cluster().membership().members().stream()
                              .map(member -> member.name())
                              .sorted()
                              .toList());
              assertThat(members).containsExactly("n0", "n1");
            });
      }
    }
  }

  private static CompletableFuture<String> join(ProcessCluster cluster, NodeProcess node) {
    NodeAction joining = cluster.joining(node.name());
    return node.callAsync(
        there -> {
          joining.run(there);
          return "";
        });
  }
}
