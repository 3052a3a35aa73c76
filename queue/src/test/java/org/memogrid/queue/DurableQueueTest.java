/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.management.ManagementFactory;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import javax.management.Attribute;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import javax.sql.DataSource;
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
import org.memogrid.testkit.SmallDisk;
import org.memogrid.testkit.TestCluster;

/** Queues that outlive all members that have them. */
@Timeout(300)
final class DurableQueueTest {
  private static final Duration SOON = Duration.ofSeconds(60);

  @TempDir Path directory;

  private volatile boolean refusing;

  private TestCluster cluster(int members) {
    DataSource source = source();
    return TestCluster.of(
        members, builder -> builder.partitions(Partitions.CONSISTENT).dataSource("shop", source));
  }

  /** A database in memory, which refuses all while the test says so. */
  private DataSource source() {
    JdbcDataSource source = new JdbcDataSource();
    source.setURL("jdbc:h2:mem:" + directory.getFileName() + ";DB_CLOSE_DELAY=-1");
    return (DataSource)
        Proxy.newProxyInstance(
            DataSource.class.getClassLoader(),
            new Class<?>[] {DataSource.class},
            (self, method, arguments) -> {
              if (refusing && method.getName().equals("getConnection")) {
                throw new SQLException("refused on purpose");
              }
              try {
                return method.invoke(source, arguments);
              } catch (InvocationTargetException e) {
                throw e.getTargetException();
              }
            });
  }

  private Persist place(String kind) {
    return kind.equals("files") ? Persist.file(directory) : Persist.jdbc("shop", "orders");
  }

  private static MessageQueue<Integer> open(Cluster node, Persist place) {
    return MessageQueue.named("orders", Integer.class).attempts(3).persist(place).open(node);
  }

  private static MessageQueue<Integer> plain(Cluster node) {
    return MessageQueue.named("orders", Integer.class).open(node);
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
      List<Message<Integer>> two =
          List.of(receive(queue), receive(queue)); // it again, and the next
      assertThat(two.stream().map(Message::body)).containsExactlyInAnyOrder(50, 51);
      two.get(two.get(0).body() == 50 ? 0 : 1).reject("never"); // number 51 is out
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
      MessageQueue<Integer> other = plain(cluster.node(0));
      assertThat(queue.missing()).isNotEmpty();
      assertThat(other.missing()).isEqualTo(queue.missing());
      assertThatThrownBy(() -> queue.publish(20))
          .isInstanceOf(QueueException.class)
          .hasMessageContaining("queue 'orders'")
          .hasMessageContaining(queue.missing().iterator().next());
      assertThat(queue.receive(Duration.ofMillis(100))).isNull();
      other = plain(cluster.join());
      assertThat(other.missing()).hasSize(1).isEqualTo(queue.missing());
      cluster.join();
      Queue<Integer> handled = new ConcurrentLinkedQueue<>();
      queue.listen(message -> handled.add(message.body()));
      Await.until("all messages", () -> new TreeSet<>(handled).size() >= 20);
      queue.publish(21);
    }
  }

  @Test
  void whoUsesItInMemoryHearsForWhomItWaitsWhenOthersSayThatItIsDurable() throws Exception {
    Persist files = Persist.file(directory);
    try (TestCluster cluster = cluster(3)) {
      open(cluster.node(0), files).publish(1);
      cluster.crash(0, 1, 2);
    }
    try (TestCluster cluster = cluster(2)) {
      MessageQueue<Integer> plain = plain(cluster.node(1));
      assertThat(plain.missing()).isEmpty();
      plain.publish(2);
      MessageQueue<Integer> queue = open(cluster.node(0), files);
      assertThat(plain.missing()).hasSize(1).isEqualTo(queue.missing());
      MBeanServer jmx = ManagementFactory.getPlatformMBeanServer();
      ObjectName name = QueueJmx.name(cluster.node(1).self().name(), "orders");
      assertThat((String[]) jmx.getAttribute(name, "Missing"))
          .containsExactlyElementsOf(queue.missing());
      assertThat(jmx.getAttributes(name, new String[] {"Waiting", "Missing"}).asList())
          .extracting(Attribute::getName)
          .containsExactly("Missing");
      assertThat(jmx.invoke(name, "goOnWithoutMissing", null, null)).isEqualTo(1L);
      Await.until("service", () -> queue.missing().isEmpty());
      TreeSet<Integer> handled = new TreeSet<>();
      Await.until("both", () -> handled.add(receive(plain).body()) && handled.size() == 2);
    }
  }

  @Test
  void whatTheDatabaseRefusesFailsAndIsThereOnceItHasTakenIt() {
    Persist table = place("table");
    try (TestCluster cluster = cluster(2)) {
      MessageQueue<Integer> queue = open(cluster.node(0), table);
      IntStream.range(0, 10).forEach(queue::publish);
      refusing = true;
      assertThatThrownBy(() -> queue.publish(10))
          .isInstanceOf(QueueException.class)
          .hasMessageContaining("queue 'orders'")
          .hasMessageContaining(table.toString())
          .hasMessageContaining("refused on purpose");
      refusing = false;
      queue.publish(11); // with what has failed
      cluster.crash(0, 1);
    }
    assertThat(all(table, 1, 12))
        .containsExactlyElementsOf(IntStream.range(0, 12).boxed().toList());
  }

  @Test
  void onAFullDiskPublishersHearOfItAndNothingThatWasConfirmedIsLost() {
    assumeTrue(SmallDisk.isPossible(), "no right to mount a file system");
    try (SmallDisk disk = SmallDisk.of(4_096)) {
      Persist files = Persist.file(disk.path());
      AtomicInteger confirmed = new AtomicInteger();
      try (TestCluster cluster = cluster(2)) {
        MessageQueue<byte[]> queue =
            MessageQueue.named("orders", byte[].class).persist(files).open(cluster.node(0));
        assertThatThrownBy(
                () -> {
                  for (; confirmed.get() < 10_000; confirmed.incrementAndGet()) {
                    queue.publish(new byte[10_000]);
                  }
                })
            .isInstanceOf(QueueException.class)
            .hasMessageContaining(disk.path().toString());
        cluster.crash(0, 1);
      }
      assertThat(confirmed.get()).isBetween(50, 9_999);
      disk.resize(16_384);
      try (TestCluster cluster = cluster(2)) {
        MessageQueue<byte[]> queue =
            MessageQueue.named("orders", byte[].class).persist(files).open(cluster.node(1));
        assertThat(queue.size()).isBetween(confirmed.longValue(), confirmed.longValue() + 1);
        queue.publish(new byte[10]);
      }
    }
  }

  /** The bodies of all messages, as they are handed out after the end of all. */
  private List<Integer> all(Persist place, int members, int count) {
    try (TestCluster cluster = cluster(members)) {
      MessageQueue<Integer> queue = open(cluster.node(0), place);
      assertThat(queue.size()).isEqualTo(count);
      return IntStream.range(0, count).mapToObj(i -> receive(queue).body()).toList();
    }
  }

  @Test
  void aQueueThatSomebodyUsedInMemoryBecomesDurableWithWhatItHas() {
    Persist files = Persist.file(directory);
    try (TestCluster cluster = cluster(3)) {
      MessageQueue<Integer> plain = plain(cluster.node(1));
      plain.publish(1);
      open(cluster.node(0), files).publish(2);
      plain.publish(3);
      cluster.crash(0, 1, 2);
    }
    try (TestCluster cluster = cluster(3)) {
      MessageQueue<Integer> plain = plain(cluster.node(1));
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
    assertThatThrownBy(
            () -> MessageQueue.named("orders", Integer.class).persist(Persist.with("rows")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("queue 'orders'")
        .hasMessageContaining("give files or a table");
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
