/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Cluster;
import org.memogrid.testkit.Await;

/** What the application does by itself, on a cluster without network. */
class DemoAppTest {
  private static final int SENT = 20;

  @Test
  void theNormalPaceIsThatOfTheOriginal() {
    assertThat(Pace.NORMAL).isEqualTo(new Pace(Duration.ofSeconds(5), Duration.ofSeconds(20)));
    assertThat(Pace.ofProperty()).as("without the property").isEqualTo(Pace.NORMAL);
    assertThat(Pace.NORMAL.repetition())
        .as("a daemon moves and sends again within it, and it is over soon")
        .isEqualTo(Duration.ofSeconds(30));
  }

  /**
   * 1. Some numbers are sent and received. 2. Both owners of the counters die at once. 3. The
   * daemon begins at 1 again: the queue does not take that for a repetition.
   */
  @Test
  void whatIsSentAfterTheCountersWereLostIsReceived() {
    Pace pace = new Pace(Duration.ofMillis(50), Duration.ofMinutes(10));
    try (Cluster cluster = Cluster.local();
        DemoApp app = new DemoApp(cluster, pace)) {
      Await.until(
          "some are received", () -> received(cluster, app).stream().anyMatch(n -> n >= SENT));
      assertThat(received(cluster, app)).as("the last ones").doesNotContain(1);
      Await.until(
          "the first one again",
          Duration.ofSeconds(20),
          () -> {
            Integer next = app.counters.get("messages");
            if (next != null && next > SENT) {
              app.counters.clear(); // until no count that was under way has brought it back
            }
            return received(cluster, app).contains(1);
          });
    }
  }

  private static List<Integer> received(Cluster cluster, DemoApp app) {
    List<Integer> last = app.seen.received().get(cluster.self().name());
    return last == null ? List.of() : last;
  }
}
