/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Cluster;
import org.memogrid.internal.node.Node;

/** A queue has one timer, however often it is to be woken sooner. */
class QueueTimerTest {
  /**
   * The race: 1. a queue at rest is to be woken in ten minutes; 2. a message fails and is to come
   * again in some milliseconds; 3. that timer fires, and the next one is for in ten minutes again.
   */
  @Test
  void aTimerForSoonerReplacesTheOneForLater() {
    try (Cluster cluster = Cluster.local()) {
      MessageQueue<Integer> queue = MessageQueue.named("timers", Integer.class).open(cluster);
      queue.publish(1);
      var timers = (ScheduledThreadPoolExecutor) cluster.unwrap(Node.class).scheduler();
      int before = timers.getQueue().size();
      for (int i = 0; i < 9; i++) {
        Message<Integer> message = Objects.requireNonNull(queue.receive(Duration.ofSeconds(60)));
        message.nack(Duration.ofMillis(10));
      }
      Objects.requireNonNull(queue.receive(Duration.ofSeconds(60))).ack();
      assertThat(queue.size()).isZero();
      assertThat(timers.getQueue()).hasSizeLessThan(before + 4);
    }
  }
}
