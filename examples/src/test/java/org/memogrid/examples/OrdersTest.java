/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Cluster;
import org.memogrid.pipeline.Pipeline;
import org.memogrid.pipeline.Recovery;
import org.memogrid.pipeline.Step;
import org.memogrid.pipeline.Submission;
import org.memogrid.pipeline.Submit;
import org.memogrid.testkit.TestCluster;

/** Orders go through a pipeline that both nodes work on: each line for itself, then the whole. */
class OrdersTest {
  private static final Map<String, Long> CENTS = Map.of("tea", 450L, "cup", 1_200L);

  record Line(String article, int count) {}

  record Priced(String article, long cents) {}

  record Bill(int lines, long cents) {}

  /** The same on each node. */
  private static Pipeline<List<Line>, Bill> bills(Cluster node) {
    return Pipeline.<List<Line>, Bill>named("bills")
        .fanOut("lines", lines -> lines)
        .step(
            "price",
            line -> {
              Long each = CENTS.get(line.article());
              if (each == null) {
                throw new IllegalArgumentException("no price for " + line.article());
              }
              return new Priced(line.article(), each * line.count());
            },
            Step.concurrency(4)
                .onError(
                    (error, line, step) ->
                        step.attempt() < 3
                            ? Recovery.retry(Duration.ZERO)
                            : Recovery.complete(new Priced("unknown", 0))))
        .join(
            "bill",
            priced -> new Bill(priced.size(), priced.stream().mapToLong(Priced::cents).sum()))
        .start(node);
  }

  @Test
  void ordersArePricedOnBothNodes() throws Exception {
    try (TestCluster cluster =
        TestCluster.of(2, builder -> builder.allow("org.memogrid.examples.*"))) {
      Pipeline<List<Line>, Bill> here = bills(cluster.node(0));
      Pipeline<List<Line>, Bill> there = bills(cluster.node(1));
      List<Submission<Bill>> orders = new ArrayList<>();
      for (int n = 1; n <= 20; n++) {
        List<Line> lines = List.of(new Line("tea", n), new Line("cup", 2), new Line("spoon", 1));
        orders.add(here.submit(lines, Submit.plain().id("order-" + n)));
      }
      for (int n = 1; n <= 20; n++) {
        Bill expected = new Bill(3, 450L * n + 2_400);
        assertThat(orders.get(n - 1).get(60, TimeUnit.SECONDS)).isEqualTo(expected);
        assertThat(there.result("order-" + n).get(60, TimeUnit.SECONDS)).isEqualTo(expected);
      }
    }
  }
}
