/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.TestCluster;

/** What the dashboard says of who came and went. */
class ArrivalsTest {
  /**
   * 1. A node has joined and makes its application. 2. Another joins, and a third has come and
   * gone. 3. The first node's page is ready: it shows them.
   */
  @Test
  void whoCameBeforeThePageWasReadyIsShown() {
    try (TestCluster nodes = TestCluster.of(1)) {
      Cluster cluster = nodes.node(0);
      Arrivals arrivals = new Arrivals(cluster);
      String second = nodes.join().self().name();
      String third = nodes.join().self().name();
      nodes.leave(2);
      Await.until("all four events", () -> arrivals.events().size() == 4);
      Cache<?, ?> sessions = cluster.cache("http-sessions", Mode.DISTRIBUTED);
      Pace slow = new Pace(Duration.ofMinutes(10), Duration.ofMinutes(10));
      try (DemoApp app = new DemoApp(cluster, slow);
          Survey survey = new Survey(app, sessions)) {
        String page = new Snapshot(cluster, arrivals, app, survey, sessions).get();
        assertThat(page)
            .contains("\"member\":\"" + second + "\"", "\"what\":\"joined\"")
            .contains("\"member\":\"" + third + "\"", "\"what\":\"left\"");
      }
    }
  }

  @Test
  void theLatestComesFirstAndOldOnesGo() {
    try (TestCluster nodes = TestCluster.of(1)) {
      Arrivals arrivals = new Arrivals(nodes.node(0));
      String last = "";
      for (int i = 0; i < 5; i++) {
        last = nodes.join().self().name();
        nodes.leave(1);
      }
      Map<String, String> end = Map.of("what", "left", "member", last);
      Await.until(
          "the last one's end",
          () -> arrivals.events().get(0).entrySet().containsAll(end.entrySet()));
      assertThat(arrivals.events()).hasSize(8);
    }
  }
}
