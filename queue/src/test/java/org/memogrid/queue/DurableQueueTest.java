/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.Partitions;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.TestCluster;

/** Queues that outlive all members that have them. */
@Timeout(300)
final class DurableQueueTest {
  private static final Duration SOON = Duration.ofSeconds(60);

  @TempDir Path directory;

  private TestCluster cluster(int members) {
    JdbcDataSource source = new JdbcDataSource();
    source.setURL("jdbc:h2:mem:" + directory.getFileName() + ";DB_CLOSE_DELAY=-1");
    return TestCluster.of(
        members, builder -> builder.partitions(Partitions.CONSISTENT).dataSource("shop", source));
  }

  private Persist place(String kind) {
    return kind.equals("files") ? Persist.file(directory) : Persist.jdbc("shop", "orders");
  }

  private static MessageQueue<Integer> open(Cluster node, Persist place) {
    return MessageQueue.named("orders", Integer.class).attempts(3).persist(place).open(node);
  }

  private static Message<Integer> receive(MessageQueue<Integer> queue) {
    return Objects.requireNonNull(queue.receive(SOON), "a message");
  }

  @ParameterizedTest
  @ValueSource(strings = {"files", "table"})
  void whatIsConfirmedIsThereAfterTheEndOfAllMembersAndWhatHasEndedIsNot(String kind) {
    Persist place = place(kind);
    try (TestCluster cluster = cluster(3)) {
      MessageQueue<Integer> queue = open(cluster.node(0), place);
      List<CompletableFuture<Void>> sent =
          IntStream.range(0, 200).mapToObj(queue::publishAsync).toList();
      sent.forEach(CompletableFuture::join);
      for (int i = 0; i < 50; i++) {
        receive(queue).ack();
      }
      queue.publish(1_000, Publish.normal().dedupeId("once"));
      receive(queue).nack(Duration.ZERO, "not yet"); // number 50, for the first time
      Message<Integer> last = receive(queue);
      assertThat(last.body()).isEqualTo(50);
      last.reject("never");
      receive(queue); // number 51 is out
      Await.until("what has ended is known", () -> known(queue));
      queue.pause(); // returns when the disk knows all that came before
      cluster.crash(0, 1, 2);
    }
    try (TestCluster cluster = cluster(3)) {
      MessageQueue<Integer> queue = open(cluster.node(1), place);
      Await.until("service", () -> queue.missing().isEmpty());
      assertThat(queue.stats().paused()).isTrue();
      assertThat(queue.deadLetters().browse().map(letter -> letter.message().body()))
          .containsExactly(50);
      queue.publish(1_001, Publish.normal().dedupeId("once")); // in already
      queue.resume();
      List<Integer> handled = new ArrayList<>();
      for (int i = 0; i < 150; i++) {
        Message<Integer> message = receive(queue);
        assertThat(message.redelivered()).isTrue();
        handled.add(message.body());
        message.ack();
      }
      List<Integer> expected = new ArrayList<>(IntStream.range(51, 200).boxed().toList());
      expected.add(1_000);
      assertThat(handled).isEqualTo(expected);
      Await.until("all is handled", () -> queue.size() == 0);
    }
  }

  /** Whether the home has confirmed all ends. */
  private static boolean known(MessageQueue<Integer> queue) {
    QueueStats stats = queue.stats();
    return stats.handled() == 50 && stats.deadLetters() == 1 && stats.inFlight() == 1;
  }

  @Test
  void whileMembersAreMissingNothingIsHandedOutAndPublishersHearWho() {
    Persist files = Persist.file(directory);
    try (TestCluster cluster = cluster(3)) {
      MessageQueue<Integer> queue = open(cluster.node(0), files);
      IntStream.range(0, 20).forEach(queue::publish);
      cluster.crash(0, 1, 2);
    }
    try (TestCluster cluster = cluster(1)) {
      MessageQueue<Integer> queue = open(cluster.node(0), files);
      assertThat(queue.missing()).isNotEmpty();
      assertThatThrownBy(() -> queue.publish(20))
          .isInstanceOf(QueueException.class)
          .hasMessageContaining("queue 'orders'")
          .hasMessageContaining(queue.missing().iterator().next());
      assertThat(queue.receive(Duration.ofMillis(100))).isNull();
      cluster.join();
      cluster.join();
      Queue<Integer> handled = new ConcurrentLinkedQueue<>();
      queue.listen(message -> handled.add(message.body()));
      Await.until("all messages", () -> new TreeSet<>(handled).size() >= 20);
      queue.publish(21);
    }
  }

  @Test
  void aQueueThatSomebodyUsedInMemoryBecomesDurableWithWhatItHas() {
    Persist files = Persist.file(directory);
    try (TestCluster cluster = cluster(3)) {
      MessageQueue<Integer> plain =
          MessageQueue.named("orders", Integer.class).open(cluster.node(1));
      plain.publish(1);
      open(cluster.node(0), files).publish(2);
      plain.publish(3);
      cluster.crash(0, 1, 2);
    }
    try (TestCluster cluster = cluster(3)) {
      MessageQueue<Integer> plain =
          MessageQueue.named("orders", Integer.class).open(cluster.node(1));
      plain.publish(4);
      MessageQueue<Integer> queue = open(cluster.node(0), files);
      Queue<Integer> handled = new ConcurrentLinkedQueue<>();
      queue.listen(message -> handled.add(message.body()));
      Await.until("all messages", () -> handled.size() >= 4);
      assertThat(handled).containsExactlyInAnyOrder(1, 2, 3, 4);
    }
  }

  @Test
  void whoAsksForSomethingElseIsRefused() {
    Persist files = Persist.file(directory);
    assertThatThrownBy(
            () ->
                MessageQueue.named("orders", Integer.class)
                    .persist(Persist.jdbc("shop", "orders").writeBehind(10, 10)))
        .hasMessageContaining("writeBehind");
    try (TestCluster cluster = cluster(2)) {
      MessageQueue<Integer> memory =
          MessageQueue.named("orders", Integer.class).attempts(3).open(cluster.node(0));
      assertThatThrownBy(() -> open(cluster.node(1), files))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("other options");
      memory.publish(1);
      assertThat(receive(memory).body()).isEqualTo(1);
    }
    try (TestCluster available = TestCluster.of(1)) {
      assertThatThrownBy(() -> open(available.node(0), files)).hasMessageContaining("CONSISTENT");
    }
  }
}
