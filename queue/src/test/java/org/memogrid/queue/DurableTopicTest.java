/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.Partitions;
import org.memogrid.internal.node.Node;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Store;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.TestCluster;

/** Durable subscriptions that outlive all members. */
@Timeout(300)
final class DurableTopicTest {
  private static final Duration SOON = Duration.ofSeconds(60);

  @TempDir Path directory;

  private TestCluster cluster(int members) {
    JdbcDataSource source = new JdbcDataSource();
    source.setURL("jdbc:h2:mem:" + directory.getFileName() + ";DB_CLOSE_DELAY=-1");
    return TestCluster.of(
        members, builder -> builder.partitions(Partitions.CONSISTENT).dataSource("shop", source));
  }

  private Persist place(String kind) {
    return kind.equals("files") ? Persist.file(directory) : Persist.jdbc("shop", "news");
  }

  private Persist files() {
    return Persist.file(directory);
  }

  private static Topic<Integer> open(Cluster node, Persist place) {
    return Topic.named("news", Integer.class).persist(place).open(node);
  }

  private static Topic<Integer> plain(Cluster node) {
    return Topic.named("news", Integer.class).open(node);
  }

  private static List<Integer> bodies(Topic<Integer> topic, String subscription) {
    try (MessageQueue<Integer> queue = topic.durable(subscription)) {
      return queue.browse().map(Message::body).toList();
    }
  }

  private static List<Integer> range(int from, int to) {
    return IntStream.range(from, to).boxed().toList();
  }

  private static void serves(Topic<Integer> topic) {
    Await.until("service", () -> topic.missing().isEmpty());
  }

  @ParameterizedTest
  @ValueSource(strings = {"files", "table"})
  void subscriptionsAreThereAfterTheEndOfAllMembersAndGetWhatIsPublishedThen(String kind) {
    Persist place = place(kind);
    try (TestCluster cluster = cluster(3)) {
      Topic<Integer> topic = open(cluster.node(0), place);
      topic.subscribeDurably("audit", message -> {}, Listen.concurrency(1)).close();
      topic.subscribeDurably("billing", message -> {}).close();
      topic.subscribeDurably("former", message -> {}).close();
      Topic<Integer> other = open(cluster.node(2), place);
      List<CompletableFuture<Void>> sent =
          IntStream.range(0, 50).mapToObj(other::publishAsync).toList();
      sent.forEach(CompletableFuture::join);
      assertThat(other.removeDurable("former")).isTrue();
      try (MessageQueue<Integer> audit = topic.durable("audit")) {
        for (int i = 0; i < 20; i++) {
          Objects.requireNonNull(audit.receive(SOON)).ack();
        }
        audit.pause(); // returns when the disk knows all that came before
        audit.resume();
      }
      cluster.crash(0, 1, 2);
    }
    try (TestCluster cluster = cluster(3)) {
      Topic<Integer> topic = open(cluster.node(1), place);
      topic.publish(50); // nobody has opened a subscription
      assertThat(topic.durableSubscriptions()).containsExactly("audit", "billing");
      cluster.crash(0, 1, 2);
    }
    try (TestCluster cluster = cluster(3)) {
      Topic<Integer> topic = open(cluster.node(2), place);
      serves(topic);
      assertThat(topic.durableSubscriptions()).containsExactly("audit", "billing");
      assertThat(bodies(topic, "audit")).isEqualTo(range(20, 51));
      assertThat(bodies(topic, "billing")).isEqualTo(range(0, 51));
      assertThat(bodies(topic, "former")).isEmpty();
      Queue<Integer> heard = new ConcurrentLinkedQueue<>();
      topic.subscribeDurably("billing", message -> heard.add(message.body()));
      Await.until("all of them", () -> heard.size() >= 51);
      assertThat(heard).containsExactlyElementsOf(range(0, 51));
    }
  }

  @Test
  void whileMembersAreMissingWhatIsPublishedFailsAndSaysWhoTheyAre() throws Exception {
    try (TestCluster cluster = cluster(3)) {
      Topic<Integer> topic = open(cluster.node(0), files());
      topic.subscribeDurably("audit", message -> {}).close();
      topic.publish(0);
      cluster.crash(0, 1, 2);
    }
    try (TestCluster cluster = cluster(1)) {
      Topic<Integer> topic = open(cluster.node(0), files());
      Queue<Integer> heard = new ConcurrentLinkedQueue<>();
      topic.subscribe(heard::add);
      assertThat(topic.missing()).isNotEmpty();
      String missing = topic.missing().iterator().next();
      for (Runnable call :
          List.<Runnable>of(
              () -> topic.publish(1),
              () -> topic.subscribeDurably("audit", message -> {}),
              () -> topic.removeDurable("audit"))) {
        assertThatThrownBy(call::run)
            .isInstanceOf(QueueException.class)
            .hasMessageContaining("topic 'news'")
            .hasMessageContaining(missing)
            .hasMessageContaining("topic.goOnWithoutMissing()");
      }
      MBeanServer jmx = ManagementFactory.getPlatformMBeanServer();
      ObjectName name = TopicJmx.name(cluster.node(0).self().name(), "news");
      assertThat((String[]) jmx.getAttribute(name, "Missing"))
          .containsExactlyElementsOf(new TreeSet<>(topic.missing()));
      assertThat((String[]) jmx.getAttribute(name, "DurableSubscriptions")).isEmpty();
      cluster.join();
      cluster.join();
      serves(topic);
      topic.publish(2);
      assertThat((String[]) jmx.getAttribute(name, "DurableSubscriptions"))
          .containsExactly("audit");
      assertThat(bodies(topic, "audit")).containsExactly(0, 2);
      Await.until("the second", () -> !heard.isEmpty());
      assertThat(heard).containsExactly(2);
      topic.close();
      assertThat(jmx.isRegistered(name)).isFalse();
    }
  }

  @Test
  void whoGoesOnWithoutMissingMembersHasTheSubscriptionsThatThoseWhoAreThereKnow()
      throws Exception {
    try (TestCluster cluster = cluster(3)) {
      Topic<Integer> topic = open(cluster.node(0), files());
      topic.subscribeDurably("audit", message -> {}).close();
      topic.publish(0);
      cluster.crash(0, 1, 2);
    }
    try (TestCluster cluster = cluster(2)) {
      Topic<Integer> topic = open(cluster.node(0), files());
      assertThat(topic.missing()).hasSize(1);
      MBeanServer jmx = ManagementFactory.getPlatformMBeanServer();
      ObjectName name = TopicJmx.name(cluster.node(0).self().name(), "news");
      jmx.invoke(name, "goOnWithoutMissing", null, null);
      serves(topic);
      assertThat(topic.durableSubscriptions()).containsExactly("audit");
      topic.publish(1);
      assertThat(bodies(topic, "audit")).containsExactly(0, 1); // two owners, one is there
    }
  }

  @Test
  void whatARemovingMemberLeftBehindDoesNotComeToTheNextOfThatName() {
    try (TestCluster cluster = cluster(3)) {
      Topic<Integer> topic = open(cluster.node(0), files());
      Topic<Integer> other = open(cluster.node(1), files());
      topic.subscribeDurably("audit", message -> {}).close();
      topic.publish(0);
      assertThat(list(cluster.node(1)).beginToRemove("audit")).isTrue();
      assertThatThrownBy(() -> topic.subscribeDurably("audit", message -> {}))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("being removed by " + cluster.node(1).self().id());
      assertThatThrownBy(() -> topic.removeDurable("audit"))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("being removed by " + cluster.node(1).self().id());
      assertThatThrownBy(() -> other.removeDurable("audit"))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("being removed by this member");
      topic.publish(1);
      assertThat(bodies(topic, "audit")).containsExactly(0);
      cluster.crash(0, 1, 2);
    }
    try (TestCluster cluster = cluster(3)) {
      Topic<Integer> topic = open(cluster.node(0), files());
      serves(topic);
      topic.publish(2);
      assertThat(topic.durableSubscriptions()).isEmpty();
      assertThat(bodies(topic, "audit")).as("left behind").containsExactly(0);
      Queue<Integer> heard = new ConcurrentLinkedQueue<>();
      topic.subscribeDurably("audit", message -> heard.add(message.body()));
      topic.publish(3);
      Await.until("the last", () -> !heard.isEmpty());
      assertThat(heard).containsExactly(3);
      assertThat(topic.removeDurable("audit")).isTrue();
      assertThat(topic.removeDurable("audit")).isFalse();
    }
  }

  @Test
  void whatIsOnTheListAlreadyIsWrittenOnceMoreSinceAKilledMembersWriteMayHaveReachedSome() {
    try (TestCluster cluster = cluster(1)) {
      Topic<Integer> topic = open(cluster.node(0), files());
      topic.subscribeDurably("audit", message -> {}).close();
      Store store =
          cluster
              .node(0)
              .unwrap(Node.class)
              .store("org.memogrid.topic.news", CacheOptions.of(Mode.REPLICATED).persist(files()));
      Envelope before = store.get("subscriptions");
      topic.subscribeDurably("audit", message -> {}).close();
      assertThat(store.get("subscriptions")).isNotNull().isNotEqualTo(before);
      assertThat(topic.durableSubscriptions()).containsExactly("audit");
    }
  }

  @Test
  void whoWaitsForMembersHoldsUpNoOtherTopic() throws Exception {
    try (TestCluster cluster = cluster(3)) {
      open(cluster.node(0), files()).subscribeDurably("audit", message -> {}).close();
      cluster.crash(0, 1, 2);
    }
    try (TestCluster cluster = cluster(1)) {
      Topic<Integer> topic = open(cluster.node(0), files());
      Topic<Integer> other = Topic.named("other", Integer.class).open(cluster.node(0));
      other.subscribeDurably("audit", message -> {}).close();
      Thread waiting =
          new Thread(
              () -> assertThat(topic.publishAsync(1)).isCompletedExceptionally(), "publisher");
      waiting.start();
      Await.until("it waits", () -> waiting.getState() == Thread.State.TIMED_WAITING);
      other.publish(2);
      assertThat(waiting.getState()).as("not behind it").isEqualTo(Thread.State.TIMED_WAITING);
      waiting.join();
    }
  }

  /** What is on the list for a handle that does not go by it. */
  private SubscriptionList list(Cluster node) {
    QueueFeature feature = node.unwrap(Node.class).feature(QueueFeature.class);
    return feature.topics().open("news", files(), feature::queue).list();
  }

  @Test
  void aTopicIsKeptInOnePlaceByAllOrInMemoryByAll() {
    Persist elsewhere = Persist.file(directory.resolve("elsewhere"));
    try (TestCluster cluster = cluster(2)) {
      Topic<Integer> memory = plain(cluster.node(0));
      Topic<Integer> topic = open(cluster.node(1), files());
      topic.subscribeDurably("audit", message -> {}).close();
      for (Runnable call :
          List.<Runnable>of(
              () -> plain(cluster.node(1)),
              () -> plain(cluster.node(0)),
              () -> memory.publish(1), // opened before
              () -> memory.subscribeDurably("billing", message -> {}),
              () -> memory.removeDurable("audit"))) {
        assertThatThrownBy(call::run)
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("topic 'news'")
            .hasMessageContaining("in " + files())
            .hasMessageContaining("gives no persist(...)");
      }
      assertThatThrownBy(() -> open(cluster.node(0), elsewhere))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("in " + files())
          .hasMessageContaining("gives persist(" + elsewhere + ")");
      assertThat(elsewhere.directory()).doesNotExist();
      topic.publish(2);
      assertThat(bodies(topic, "audit")).containsExactly(2);
    }
  }

  @Test
  void aTopicThatHasSubscriptionsInMemoryBecomesDurableWhenTheyAreRemoved() {
    try (TestCluster cluster = cluster(2)) {
      Topic<Integer> memory = plain(cluster.node(0));
      memory.subscribeDurably("audit", message -> {}).close();
      assertThatThrownBy(() -> open(cluster.node(1), files()))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("in memory alone, [audit]; remove these first")
          .hasMessageContaining("gives persist(" + files() + ")");
      assertThat(directory).isEmptyDirectory();
      memory.publish(1);
      assertThat(bodies(memory, "audit")).containsExactly(1);
      assertThat(memory.removeDurable("audit")).isTrue();
      open(cluster.node(1), files()).publish(2);
    }
  }

  @Test
  void whatCannotBeKeptIsRefusedBeforeAnythingChanges() {
    TopicBuilder<Integer> builder = Topic.named("news", Integer.class);
    assertThatThrownBy(() -> builder.persist(Persist.jdbc("shop", "news").writeBehind(10, 10)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("writeBehind");
    assertThatThrownBy(() -> builder.persist(Persist.with("rows")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("topic 'news'")
        .hasMessageContaining("give files or a table");
    try (TestCluster available = TestCluster.of(1)) {
      assertThatThrownBy(() -> open(available.node(0), files()))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("topic 'news'")
          .hasMessageContaining("CONSISTENT");
      plain(available.node(0)).publish(1);
      assertThat(directory).isEmptyDirectory();
    }
    try (TestCluster cluster = cluster(1)) {
      Topic<Integer> topic = open(cluster.node(0), files());
      assertThatThrownBy(() -> topic.subscribeDurably("a".repeat(250), message -> {}))
          .hasMessageContaining("has at most");
      assertThat(topic.durableSubscriptions()).isEmpty();
      topic.publish(1);
    }
    try (TestCluster cluster = cluster(1)) {
      Topic<Integer> topic = open(cluster.node(0), place("table"));
      for (String name : List.of("of/all", "a".repeat(60))) {
        assertThatThrownBy(() -> topic.subscribeDurably(name, message -> {}))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("'" + name + "'")
            .hasMessageContaining("news_" + name)
            .hasMessageContaining("at most 63");
      }
      assertThat(topic.durableSubscriptions()).isEmpty();
    }
  }
}
