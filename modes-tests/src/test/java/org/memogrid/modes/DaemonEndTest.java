/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.memogrid.daemon.Daemon;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeProcess;
import org.memogrid.testkit.ProcessCluster;

/** What a daemon's task throws when it is to end is nobody's to hear, but the log has it. */
class DaemonEndTest {
  @Test
  void aTaskThatFailsWhileItIsToEndIsInTheLog() {
    try (ProcessCluster cluster = ProcessCluster.of(1)) {
      NodeProcess node = cluster.node(0);
      node.run(
          there -> {
            Daemon daemon =
                Daemon.named(
                        "late",
                        context -> {
                          while (context.sleep(Duration.ofMillis(20))) {
                            // working
                          }
                          throw new IllegalStateException("the last word was not written");
                        })
                    .start(there.cluster());
            Await.until("it runs", () -> daemon.stats().starts() == 1);
            daemon.close();
          });
      Await.until("the line", () -> node.log().contains("daemon 'late' failed on n0"));
      Await.until("why", () -> node.log().contains("the last word was not written"));
    }
  }
}
