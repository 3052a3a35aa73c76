/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Registration;
import org.memogrid.cluster.Cluster;
import org.memogrid.internal.node.Node;
import org.memogrid.testkit.Await;

/** What queues and topics refuse and cut short, on a member that is alone. */
class LimitsTest {
  private static final Duration SOON = Duration.ofSeconds(60);

  private final Cluster cluster = Cluster.local();

  @AfterEach
  void close() {
    cluster.close();
  }

  private QueueBuilder<String> builder(String name) {
    return MessageQueue.named(name, String.class);
  }

  @Test
  void whoOpenedBeforeTheLimitWasSaidKeepsToIt() {
    MessageQueue<String> before = builder("q").open(cluster);
    MessageQueue<String> after = builder("q").maxMessageBytes(100).open(cluster);
    before.publish("small");
    assertThatThrownBy(() -> before.publish("x".repeat(101)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("queue 'q'")
        .hasMessageContaining("it takes 100");
    assertThat(before.publishAsync("x".repeat(101)))
        .failsWithin(SOON)
        .withThrowableThat()
        .withCauseInstanceOf(IllegalArgumentException.class);
    assertThat(after.size()).isEqualTo(1);
  }

  @Test
  void whoOpenedBeforeMoreWasAllowedSendsItAllTheSame() {
    MessageQueue<String> before = builder("q").open(cluster);
    String large = "x".repeat(Settings.DEFAULT_LARGEST);
    assertThatThrownBy(() -> before.publish(large))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("it takes " + Settings.DEFAULT_LARGEST);
    MessageQueue<String> after =
        builder("q").maxMessageBytes(Settings.DEFAULT_LARGEST + 100).open(cluster);
    before.publish(large);
    assertThat(before.publishAsync(large)).succeedsWithin(SOON);
    assertThat(after.size()).isEqualTo(2);
    assertThatThrownBy(() -> before.publish(large + "x".repeat(100)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("it takes " + (Settings.DEFAULT_LARGEST + 100));
  }

  @Test
  void aTopicTakesWhatAQueueTakesThatSaysNothing() {
    Topic<String> topic = Topic.named("t", String.class).open(cluster);
    String large = "x".repeat(Settings.DEFAULT_LARGEST);
    assertThatThrownBy(() -> topic.publish(large + "x"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("topic 't'")
        .hasMessageContaining("it takes " + Settings.DEFAULT_LARGEST);
    MessageQueue<String> audit = builder("topic/t/audit").maxMessageBytes(100).open(cluster);
    topic.subscribeDurably("audit", message -> {}).close();
    assertThatThrownBy(() -> topic.publish("x".repeat(101)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("queue 'topic/t/audit'");
    assertThat(audit.size()).isZero();
  }

  /**
   * The race: 1. a publisher sees a subscription, and waits for room in its queue; 2. it is
   * removed, and its queue emptied, so that there is room; 3. the message comes in.
   */
  @Test
  void whatIsUnderWayToASubscriptionThatIsRemovedDoesNotStayBehind() {
    MessageQueue<String> audit = builder("topic/t/audit").capacity(1, WhenFull.BLOCK).open(cluster);
    Topic<String> topic = Topic.named("t", String.class).open(cluster);
    topic.subscribeDurably("audit", message -> {}).close();
    topic.publish("first");
    CompletableFuture<Void> second = topic.publishAsync("second");
    CompletableFuture<Void> third = topic.publishAsync("third");
    assertThat(topic.removeDurable("audit")).isTrue();
    assertThat(second).succeedsWithin(SOON);
    assertThat(third).succeedsWithin(SOON);
    assertThat(audit.size()).isZero();
    topic.publish("nobody keeps it");
    assertThat(audit.size()).isZero();
  }

  @Test
  void subscriptionsOfTopicsWhoseNamesHaveSlashesAreNotOne() {
    Topic<String> outer = Topic.named("shop", String.class).open(cluster);
    Topic<String> inner = Topic.named("shop/news", String.class).open(cluster);
    outer.subscribeDurably("news/audit", message -> {}).close();
    inner.subscribeDurably("audit", message -> {}).close();
    outer.publish("to the outer");
    inner.publish("to the inner");
    try (MessageQueue<String> audit = inner.durable("audit")) {
      assertThat(audit.browse().map(Message::body)).containsExactly("to the inner");
      assertThat(outer.removeDurable("news/audit")).isTrue();
      assertThat(audit.size()).isEqualTo(1);
    }
  }

  @Test
  void aHandlerHearsATopicOnceAndListensToAQueueOnceThroughWhateverHandle() throws Exception {
    Topic<String> topic = Topic.named("t", String.class).open(cluster);
    Topic.TopicHandler<String> hears = text -> {};
    Registration hearing = topic.subscribe(hears);
    assertThatThrownBy(() -> topic.subscribe(hears))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("hears topic 't' already");
    hearing.close();
    topic.subscribe(hears).close();

    MessageHandler<String> handles = message -> {};
    Registration listening = builder("q").open(cluster).listen(handles);
    MessageQueue<String> other = builder("q").open(cluster);
    assertThatThrownBy(() -> other.listen(handles))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("listens to queue 'q' already");
    listening.close();
    other.listen(handles).close();

    topic.subscribeDurably("audit", handles);
    assertThatThrownBy(() -> topic.subscribeDurably("audit", handles))
        .isInstanceOf(IllegalStateException.class);
    topic.close();
    assertThat(
            ManagementFactory.getPlatformMBeanServer()
                .isRegistered(QueueJmx.name(cluster.self().name(), "topic/t/audit")))
        .as("a handle of the one that was refused")
        .isFalse();
  }

  @Test
  void ofALongErrorTwoThousandCharactersAreKept() {
    MessageQueue<String> queue = builder("q").attempts(1).open(cluster);
    queue.publish("a");
    queue.publish("b");
    Objects.requireNonNull(queue.receive(SOON)).reject("x".repeat(1_000_000));
    queue.listen(
        message -> {
          throw new IllegalStateException("x".repeat(1_000_000));
        });
    Await.until("both dead", () -> queue.deadLetters().size() == 2);
    assertThat(queue.deadLetters().browse())
        .allSatisfy(
            letter -> {
              assertThat(letter.cause()).hasSizeBetween(2_000, 2_100).endsWith("...");
              assertThat(letter.history().get(0).error()).hasSize(2_000);
            });
  }

  /** Such a one may offer nothing but what happens when it ends. */
  @Test
  void aStageThatIsNoFutureSettlesItsMessage() {
    MessageQueue<String> queue = builder("q").attempts(1).open(cluster);
    CompletableFuture<String> end = new CompletableFuture<>();
    queue.listenAsync(message -> foreign(end), Listen.concurrency(1));
    queue.publish("a");
    Await.until("its beginning", () -> queue.stats().inFlight() == 1);
    end.complete("ended");
    Await.until("its end", () -> queue.size() == 0);
    assertThat(queue.stats().handled()).isEqualTo(1);
    assertThat(queue.deadLetters().size()).isZero();
  }

  @Test
  void aBodyThatCannotBeReadBecomesADeadLetterAndHoldsUpNobody() {
    MessageQueue<String> queue =
        builder("q").attempts(2).backoff(Duration.ZERO, Duration.ZERO).open(cluster);
    QueueNode node = cluster.unwrap(Node.class).feature(QueueFeature.class).queue("q");
    node.publish(Traits.PLAIN, new byte[] {99, 98, 97}, failure -> {});
    queue.publish("a");
    Queue<String> heard = new ConcurrentLinkedQueue<>();
    queue.listen(message -> heard.add(message.body()));
    Await.until("a dead letter", () -> queue.deadLetters().size() == 1);
    Await.until("the other", () -> heard.contains("a"));
    DeadLetter<String> letter = queue.deadLetters().browse().findFirst().orElseThrow();
    assertThat(letter.cause()).contains("2 attempts failed");
    assertThatThrownBy(() -> letter.message().body()).isInstanceOf(RuntimeException.class);
  }

  private static CompletionStage<String> foreign(CompletableFuture<String> end) {
    return new CompletableFuture<>() {
      {
        var unused = end.whenComplete((done, failure) -> super.complete(done));
      }

      @Override
      public CompletableFuture<String> toCompletableFuture() {
        throw new UnsupportedOperationException("not a future");
      }
    };
  }
}
