/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Cluster;
import org.memogrid.queue.Listen;
import org.memogrid.queue.MessageQueue;
import org.memogrid.queue.Publish;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeContext;
import org.memogrid.testkit.NodeProcess;

/**
 * A shop: one node takes orders, both pack them, and somebody looks at those that can't be packed.
 */
class PackingTest {
  private static final int ORDERS = 60;
  private static final int OUT_OF_STOCK = 13;

  record Order(int number, String customer) {}

  private static MessageQueue<Order> orders(NodeContext there) {
    return there.kept(
        "orders",
        () ->
            MessageQueue.named("orders", Order.class)
                .attempts(3)
                .backoff(Duration.ofMillis(10), Duration.ofMillis(50))
                .open(Cluster.shared()));
  }

  private static List<Integer> packed(NodeContext there) {
    return there.kept("packed", CopyOnWriteArrayList::new);
  }

  private static void pack(NodeContext there) {
    orders(there)
        .listen(
            message -> {
              if (message.body().number() == OUT_OF_STOCK) {
                throw new IllegalStateException("out of stock");
              }
              packed(there).add(message.body().number());
            },
            Listen.concurrency(2));
  }

  /** Returns when two nodes hold all of them. */
  private static void take(NodeContext there) {
    for (int number = 0; number < ORDERS; number++) {
      String customer = "customer " + number % 5;
      orders(there).publish(new Order(number, customer), Publish.normal().orderingKey(customer));
    }
  }

  private static List<Integer> packedOn(NodeProcess node) {
    return node.call(there -> new ArrayList<>(packed(there)));
  }

  @Test
  void twoNodesPackEachOrderOnceAndOneThatCannotBePackedIsLookedAtAndPutBack() {
    try (TwoNodes nodes = new TwoNodes("packing", Order.class.getName())) {
      nodes.both().forEach(node -> node.run(there -> pack(there)));
      nodes.one().run(there -> take(there));
      Await.until(
          "all but one",
          () -> packedOn(nodes.one()).size() + packedOn(nodes.two()).size() == ORDERS - 1);
      Await.until(
          "that one",
          () -> nodes.two().<Long>call(there -> orders(there).deadLetters().size()) == 1);
      assertThat(packedOn(nodes.one())).isNotEmpty();
      assertThat(packedOn(nodes.two())).isNotEmpty();
      List<Integer> all = new ArrayList<>(packedOn(nodes.one()));
      all.addAll(packedOn(nodes.two()));
      assertThat(all)
          .doesNotContain(OUT_OF_STOCK)
          .containsAll(IntStream.range(0, ORDERS).filter(n -> n != OUT_OF_STOCK).boxed().toList());
      String why =
          nodes
              .two()
              .call(
                  there -> orders(there).deadLetters().browse().findFirst().orElseThrow().cause());
      assertThat(why).contains("3 attempts failed").contains("out of stock");
      assertThat(nodes.one().<Long>call(there -> orders(there).deadLetters().redrive()))
          .isEqualTo(1);
    }
  }
}
