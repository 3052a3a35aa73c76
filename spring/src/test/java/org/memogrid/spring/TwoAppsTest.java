/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.spring;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeContext;
import org.memogrid.testkit.NodeProcess;
import org.memogrid.testkit.ProcessCluster;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/** Two JVMs run one application; its annotated method runs once for both. */
class TwoAppsTest {
  private static Catalog catalog(NodeContext there) {
    AnnotationConfigApplicationContext app =
        there.kept("app", () -> Catalog.start(there.cluster()));
    return app.getBean(Catalog.class);
  }

  private static int runs(ProcessCluster cluster) {
    return cluster.nodes().stream().mapToInt(node -> node.call(there -> Catalog.RUNS.get())).sum();
  }

  @Test
  void aSynchronisedMethodRunsOnceForAllCallersOfBothApplications() {
    try (ProcessCluster cluster = ProcessCluster.of(2)) {
      for (NodeProcess node : cluster.nodes()) {
        var unused = node.call(there -> catalog(there).name("warm") == null);
      }
      assertThat(runs(cluster)).as("null is a value: the second application reads it").isEqualTo(1);

      List<CompletableFuture<Integer>> callers = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        for (NodeProcess node : cluster.nodes()) {
          callers.add(node.callAsync(there -> catalog(there).price("apple")));
        }
      }
      for (NodeProcess node : cluster.nodes()) {
        callers.add(node.callAsync(there -> catalog(there).priceLater("apple").join()));
      }
      Await.until("somebody asks the supplier", () -> runs(cluster) > 1);
      for (NodeProcess node : cluster.nodes()) {
        node.run(there -> Catalog.SUPPLIER.countDown());
      }

      assertThat(callers).extracting(CompletableFuture::join).containsOnly(5);
      assertThat(runs(cluster)).isEqualTo(2);

      cluster.node(1).run(there -> catalog(there).changed("apple"));
      assertThat(cluster.node(0).<Integer>call(there -> catalog(there).price("apple")))
          .isEqualTo(5);
      assertThat(cluster.node(1).<Integer>call(there -> catalog(there).price("apple")))
          .isEqualTo(5);
      assertThat(runs(cluster)).as("an eviction is one more run").isEqualTo(3);
    }
  }
}
