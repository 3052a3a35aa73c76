/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.TestCluster;

/** Queues and topics over members of this JVM. */
class QueueClusterTest {
  private static final Duration SOON = Duration.ofSeconds(60);

  private final TestCluster cluster = TestCluster.of(3);

  @AfterEach
  void close() {
    cluster.close();
  }

  private MessageQueue<Integer> queue(int node, String name) {
    return MessageQueue.named(name, Integer.class).open(cluster.node(node));
  }

  @Test
  void eachMessageIsHandledOnceWhoeverJoinsLeavesOrDispatches() {
    Queue<Integer> handled = new ConcurrentLinkedQueue<>();
    List<MessageQueue<Integer>> queues = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      MessageQueue<Integer> queue = queue(i, "all");
      queue.listen(message -> handled.add(message.body()));
      queues.add(queue);
    }
    List<CompletableFuture<Void>> sent = new ArrayList<>();
    for (int i = 0; i < 600; i++) {
      sent.add(queues.get(0).publishAsync(i));
      if (i == 200) {
        cluster.join();
      } else if (i == 400) {
        cluster.leave(2);
      }
    }
    sent.forEach(CompletableFuture::join);
    Await.until("all messages", () -> new TreeSet<>(handled).size() == 600);
    assertThat(handled).as("an orderly leave hands nothing out twice").hasSize(600);
  }

  @Test
  void aDispatcherThatIsCutOffLosesNothing() {
    MessageQueue<Integer> queue = queue(0, "cut");
    IntStream.range(0, 50).forEach(queue::publish);
    String dispatcher = queue.stats().dispatcher();
    int at =
        IntStream.range(0, 3)
            .filter(i -> cluster.node(i).self().name().equals(dispatcher))
            .findFirst()
            .orElseThrow();
    cluster.crash(at);
    MessageQueue<Integer> other = queue(1, "cut");
    Queue<Integer> handled = new ConcurrentLinkedQueue<>();
    other.listen(message -> handled.add(message.body()));
    Await.until("all messages", () -> handled.size() == 50);
    assertThat(handled).containsExactlyElementsOf(IntStream.range(0, 50).boxed().toList());
  }

  @Test
  void optionsAndSelectorsTravel() {
    MessageQueue<Integer> here = queue(0, "far");
    MessageQueue<Integer> there = queue(1, "far");
    here.publish(
        1,
        Publish.priority(7)
            .header("a", "ü")
            .orderingKey("k")
            .correlationId("c")
            .dedupeId("d")
            .timeToLive(Duration.ofHours(1)));
    here.publish(2);
    Message<Integer> message =
        Objects.requireNonNull(
            there.receive(SOON, Selector.header("a").isPresent().or(Selector.header("b").is("x"))));
    assertThat(message.body()).isEqualTo(1);
    assertThat(message.priority()).isEqualTo(7);
    assertThat(message.headers()).containsEntry("a", "ü");
    assertThat(message.orderingKey()).isEqualTo("k");
    assertThat(message.correlationId()).isEqualTo("c");
    message.nack(Duration.ofHours(1));
    Await.until("the nack", () -> here.stats().inFlight() == 0);
    assertThat(there.browse().map(Message::body)).containsExactly(1, 2);
    there.respond(n -> n * 2, Listen.concurrency(2));
    assertThat(here.request(21, Integer.class, SOON).join()).isEqualTo(42);
  }

  @Test
  void aTopicIsHeardByAllAndKeptForDurableSubscriptions() {
    List<Queue<String>> heard = new ArrayList<>();
    List<Topic<String>> topics = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      Queue<String> own = new ConcurrentLinkedQueue<>();
      Topic<String> topic = Topic.named("news", String.class).open(cluster.node(i));
      topic.subscribe(own::add);
      heard.add(own);
      topics.add(topic);
    }
    Queue<String> first = new ConcurrentLinkedQueue<>();
    var audit = topics.get(1).subscribeDurably("audit", m -> first.add(m.body()));
    topics.get(0).publish("a");
    topics.get(2).publish("b");
    Await.until("both", () -> first.size() == 2);
    audit.close();
    topics.get(0).publish("c");
    for (Queue<String> own : heard) {
      Await.until("all three", () -> own.size() == 3);
      assertThat(own).containsExactlyInAnyOrder("a", "b", "c");
    }
    try (MessageQueue<String> queue = topics.get(0).durable("audit")) {
      assertThat(queue.size()).isEqualTo(1);
    }
    Queue<String> later = new ConcurrentLinkedQueue<>();
    topics.get(2).subscribeDurably("audit", m -> later.add(m.body()));
    Await.until("what was kept", () -> later.size() == 1);
    assertThat(later).containsExactly("c");
    assertThat(topics.get(0).removeDurable("audit")).isTrue();
    assertThat(topics.get(0).removeDurable("audit")).isFalse();
  }
}
