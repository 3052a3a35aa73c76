/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.TestCluster;

/**
 * Rates over members: of the cluster, and of each member for itself. However slow the machine is,
 * it can't be too fast.
 */
class RateClusterTest {
  private static final int MEMBERS = 3;
  private static final int RATE = 40;
  private static final int NODE_RATE = 15;
  private static final int MESSAGES = 45;
  private static final Duration SECOND = Duration.ofSeconds(1);

  private final TestCluster cluster = TestCluster.of(MEMBERS);

  @AfterEach
  void close() {
    cluster.close();
  }

  @Test
  void aRateIsThatOfAllMembersAndANodeRateThatOfEach() {
    long began = System.nanoTime();
    List<AtomicInteger> ofAll = listen("of-all", builder -> builder.rate(RATE, SECOND));
    List<AtomicInteger> ofEach = listen("of-each", builder -> builder.nodeRate(NODE_RATE, SECOND));
    Await.until("all of both", () -> sum(ofAll) == MESSAGES && sum(ofEach) == MESSAGES);
    double seconds = (System.nanoTime() - began) / 1e9;
    assertThat(sum(ofAll)).isLessThanOrEqualTo(most(RATE, seconds));
    assertThat(ofEach).allSatisfy(n -> assertThat(n.get()).isBetween(1, most(NODE_RATE, seconds)));
  }

  private List<AtomicInteger> listen(String name, UnaryOperator<QueueBuilder<Integer>> rates) {
    List<MessageQueue<Integer>> queues = new ArrayList<>();
    List<AtomicInteger> counts = new ArrayList<>();
    for (int i = 0; i < MEMBERS; i++) {
      queues.add(rates.apply(MessageQueue.named(name, Integer.class)).open(cluster.node(i)));
      counts.add(new AtomicInteger());
    }
    for (int i = 0; i < MEMBERS; i++) {
      AtomicInteger count = counts.get(i);
      queues.get(i).listen(message -> count.incrementAndGet());
    }
    for (int n = 0; n < MESSAGES; n++) {
      var unused = queues.get(0).publishAsync(n);
    }
    return counts;
  }

  /** With a burst of a tenth of a second's worth. */
  private static int most(int rate, double seconds) {
    return (int) Math.ceil(rate * (seconds + 0.1));
  }

  private static int sum(List<AtomicInteger> counts) {
    return counts.stream().mapToInt(AtomicInteger::get).sum();
  }
}
