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
  private static final int RATE = 20;
  private static final int NODE_RATE = 6;
  private static final int MESSAGES = 30;
  private static final Duration SECOND = Duration.ofSeconds(1);

  private final TestCluster cluster = TestCluster.of(MEMBERS);

  @AfterEach
  void close() {
    cluster.close();
  }

  /**
   * What members got of the messages.
   *
   * @param seconds from before the first was sent until all were there
   */
  private record Run(List<AtomicInteger> counts, double seconds) {}

  @Test
  void aRateIsThatOfAllMembersAndANodeRateThatOfEach() {
    Run ofAll = run("of-all", builder -> builder.rate(RATE, SECOND));
    assertThat(sum(ofAll.counts)).isLessThanOrEqualTo(most(RATE, ofAll.seconds));
    Run ofEach = run("of-each", builder -> builder.nodeRate(NODE_RATE, SECOND));
    assertThat(ofEach.counts)
        .allSatisfy(n -> assertThat(n.get()).isBetween(1, most(NODE_RATE, ofEach.seconds)));
  }

  private Run run(String name, UnaryOperator<QueueBuilder<Integer>> rates) {
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
    // Who is slow to say that it listens would else get less, or nothing.
    for (int n = 1; counts.stream().anyMatch(count -> count.get() == 0); n++) {
      int before = n;
      queues.get(0).publish(n);
      Await.until("one of " + name, () -> sum(counts) == before);
    }
    counts.forEach(count -> count.set(0));
    long began = System.nanoTime(); // not earlier: the time it takes to open would be allowed for
    for (int n = 0; n < MESSAGES; n++) {
      var unused = queues.get(0).publishAsync(n);
    }
    Await.until("all of " + name, () -> sum(counts) == MESSAGES);
    return new Run(counts, (System.nanoTime() - began) / 1e9);
  }

  /** With a burst of a tenth of a second's worth, or one. */
  private static int most(int rate, double seconds) {
    return (int) Math.ceil(rate * seconds + Math.max(1, rate * 0.1));
  }

  private static int sum(List<AtomicInteger> counts) {
    return counts.stream().mapToInt(AtomicInteger::get).sum();
  }
}
