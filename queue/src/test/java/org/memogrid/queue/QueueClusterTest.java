/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Member;
import org.memogrid.internal.node.Node;
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
  void aMemberThatJoinsAndUsesNoQueueIsHomeOfSomeAllTheSame() {
    List<MessageQueue<Integer>> queues =
        IntStream.range(0, 40).mapToObj(i -> queue(0, "joined-" + i)).toList();
    Member joiner = cluster.join().self();
    List<MessageQueue<Integer>> its =
        queues.stream()
            .filter(q -> Placement.rank(q.name(), members()).get(0).equals(joiner))
            .toList();
    assertThat(its).as("queues of which it should be home").isNotEmpty();
    for (MessageQueue<Integer> queue : its) {
      queue.publishAsync(1).orTimeout(60, TimeUnit.SECONDS).join();
      assertThat(queue.stats().dispatcher()).isEqualTo(joiner.name());
    }
  }

  private List<Member> members() {
    return cluster.node(0).membership().members();
  }

  @Test
  void whatALeavingMemberHasNotBegunGoesToOthersAndIsNoAttempt() {
    String name = nameOn(0, 1);
    MessageQueue<Integer> there = queue(2, name);
    CountDownLatch gate = new CountDownLatch(1);
    CountDownLatch begun = new CountDownLatch(1);
    there.listen(
        message -> {
          begun.countDown();
          gate.await();
        },
        Listen.concurrency(1).prefetch(10));
    MessageQueue<Integer> here = queue(0, name);
    IntStream.range(0, 10).forEach(here::publish);
    Await.until("all out", () -> here.stats().inFlight() == 10 && begun.getCount() == 0);
    Queue<Integer> attempts = new ConcurrentLinkedQueue<>();
    here.listen(
        message -> {
          attempts.add(message.attempt());
          gate.countDown();
        });
    cluster.leave(2);
    Await.until("an empty queue", () -> here.size() == 0);
    assertThat(attempts).as("all but the one that ended there").hasSize(9).containsOnly(1);
  }

  /** A rolling update under slow handlers must not make dead letters of what they work on. */
  @Test
  void whatALeavingMemberWorksOnForLongComesElsewhereAndIsNoAttempt() {
    String name = nameOn(0, 1);
    CountDownLatch gate = new CountDownLatch(1);
    CountDownLatch begun = new CountDownLatch(1);
    queue(2, name)
        .listen(
            message -> {
              begun.countDown();
              gate.await();
            });
    MessageQueue<Integer> here = queue(0, name);
    here.publish(7);
    Await.until("its beginning", () -> begun.getCount() == 0);
    cluster.leave(2);
    Message<Integer> again = Objects.requireNonNull(here.receive(SOON));
    gate.countDown();
    assertThat(again.attempt()).isEqualTo(1);
    assertThat(again.redelivered()).isTrue();
    again.ack();
    assertThat(here.size()).isZero();
  }

  @Test
  void whatWaitsForRoomComesInWithTheNextDispatcherWhenThereIsSome() {
    String name = nameOn(0, 1);
    MessageQueue<Integer> queue =
        MessageQueue.named(name, Integer.class).capacity(1, WhenFull.BLOCK).open(cluster.node(2));
    queue.publish(0);
    CompletableFuture<Void> waits = queue.publishAsync(1);
    assertThat(queue.size()).isEqualTo(1);
    cluster.crash(0);
    Await.until(
        "the next one",
        () -> queue.stats().dispatcher().equals(members().get(0).name()) && queue.size() == 1);
    assertThat(waits).isNotDone();
    Objects.requireNonNull(queue.receive(SOON)).ack();
    waits.orTimeout(60, TimeUnit.SECONDS).join();
    assertThat(Objects.requireNonNull(queue.receive(SOON)).body()).isEqualTo(1);
  }

  @Test
  void theNextDispatcherKnowsThatTheQueueIsPausedAndWhichIdsItHas() {
    MessageQueue<Integer> queue = queue(2, nameOn(0, 1));
    queue.publish(1, Publish.normal().dedupeId("a"));
    queue.pause();
    cluster.crash(0);
    queue.publish(2, Publish.normal().dedupeId("a"));
    assertThat(queue.stats().paused()).isTrue();
    assertThat(queue.receive(Duration.ofMillis(20))).isNull();
    assertThat(queue.size()).isEqualTo(1);
    queue.resume();
    assertThat(Objects.requireNonNull(queue.receive(SOON)).body()).isEqualTo(1);
  }

  @Test
  void aMessageAsLargeAsMayBeGoesBetweenMembersAndALargerOneDoesNotComeIn() {
    String name = nameOn(0, 1);
    MessageQueue<byte[]> here = MessageQueue.named(name, byte[].class).open(cluster.node(2));
    MessageQueue<byte[]> there = MessageQueue.named(name, byte[].class).open(cluster.node(1));
    int most = Settings.DEFAULT_LARGEST;
    var codec = cluster.node(2).unwrap(Node.class).codec();
    byte[] largest = new byte[most - (codec.encode(new byte[most]).length - most)];
    largest[largest.length - 1] = 7;
    here.publish(largest);
    Message<byte[]> message = Objects.requireNonNull(there.receive(SOON));
    assertThat(message.body()).isEqualTo(largest);
    message.ack();
    assertThatThrownBy(() -> here.publish(new byte[largest.length + 1]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("it takes " + most);
    Await.until("the acknowledgement of another member", () -> here.size() == 0);
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

  /** Names of queues are tried until one lives on those nodes. */
  private String nameOn(int home, int backup) {
    List<Member> members = members();
    for (int i = 0; ; i++) {
      List<Member> rank = Placement.rank("on-" + i, members);
      if (rank.get(0).equals(cluster.node(home).self())
          && rank.get(1).equals(cluster.node(backup).self())) {
        return "on-" + i;
      }
    }
  }

  @Test
  void aSlowConsumerHoldsUpNobodyOnAnotherMember() {
    String name = nameOn(0, 1);
    CountDownLatch gate = new CountDownLatch(1);
    MessageQueue<Integer> slow = queue(1, name);
    slow.listen(message -> gate.await(), Listen.concurrency(1).prefetch(3));
    MessageQueue<Integer> producer = queue(0, name);
    IntStream.range(0, 3).forEach(producer::publish);
    // Else all might be handled before the dispatcher has heard of it.
    Await.until("what the slow one has", () -> producer.stats().inFlight() == 3);
    Queue<Integer> fast = new ConcurrentLinkedQueue<>();
    queue(2, name).listen(message -> fast.add(message.body()));
    IntStream.range(3, 200).forEach(producer::publish);
    Await.until("all others", () -> fast.size() >= 197);
    // A message is handled before it is acknowledged.
    Await.until("what the slow one has, still", () -> producer.stats().inFlight() == 3);
    assertThat(fast).hasSize(197);
    gate.countDown();
    Await.until("an empty queue", () -> producer.size() == 0);
  }

  @Test
  void whenBothCopiesAreLostItIsToldAndTheOptionsStay() {
    String name = nameOn(1, 2);
    MessageQueue<Integer> queue =
        MessageQueue.named(name, Integer.class).attempts(5).open(cluster.node(0));
    Queue<String> told = new ConcurrentLinkedQueue<>();
    queue.onLoss(told::add);
    queue.publish(1);
    cluster.crash(2, 1);
    Await.until("the loss", () -> !told.isEmpty());
    assertThat(told).singleElement().asString().contains(name).contains("are gone");
    QueueBuilder<Integer> others = MessageQueue.named(name, Integer.class).attempts(6);
    assertThatThrownBy(() -> others.open(cluster.node(0)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("attempts=5");
    assertThat(queue.size()).isZero();
  }

  /** As LimitsTest has it for one member: what another member has under way is waited for, too. */
  @Test
  void whatAnotherMemberSendsToASubscriptionThatIsRemovedDoesNotStayBehind() {
    MessageQueue<String> audit =
        MessageQueue.named("topic/full/audit", String.class)
            .capacity(1, WhenFull.BLOCK)
            .open(cluster.node(0));
    Topic<String> here = Topic.named("full", String.class).open(cluster.node(0));
    Topic<String> there = Topic.named("full", String.class).open(cluster.node(1));
    here.subscribeDurably("audit", message -> {}).close();
    Await.until(
        "the other knows of it",
        () -> {
          there.publishAsync("first").orTimeout(60, TimeUnit.SECONDS).join();
          return audit.size() == 1;
        });
    List<CompletableFuture<Void>> sent = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      sent.add(there.publishAsync("message " + i)); // each waits for room
    }
    assertThat(here.removeDurable("audit")).isTrue();
    sent.forEach(each -> each.orTimeout(60, TimeUnit.SECONDS).join());
    assertThat(audit.size()).isZero();
  }

  @Test
  void aDurableSubscriptionOutlivesItsDispatcherAndIsEmptyWhenItIsRemoved() {
    String topic = "lasting-";
    int number = 0;
    List<Member> members = members();
    while (!Placement.rank("topic/" + topic + number + "/audit", members)
        .get(0)
        .equals(cluster.node(2).self())) {
      number++;
    }
    Topic<String> here = Topic.named(topic + number, String.class).open(cluster.node(0));
    here.subscribeDurably("audit", message -> {}).close();
    here.publish("a");
    cluster.crash(2);
    here.publish("b");
    MessageQueue<String> audit = here.durable("audit");
    assertThat(audit.browse().map(Message::body)).containsExactly("a", "b");
    Message<String> out = Objects.requireNonNull(audit.receive(SOON));
    Objects.requireNonNull(audit.receive(SOON)).reject("of no use");
    here.publish("c");
    assertThat(audit.size()).isEqualTo(2);
    Await.until("a dead letter", () -> audit.deadLetters().size() == 1);
    assertThat(here.removeDurable("audit")).isTrue();
    assertThat(audit.size()).isZero();
    assertThat(audit.deadLetters().size()).isZero();
    out.nack(Duration.ZERO);
    assertThat(audit.receive(Duration.ofMillis(50))).isNull();
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
      Await.until("the acknowledgement of the second", () -> queue.size() == 1);
    }
    Queue<String> later = new ConcurrentLinkedQueue<>();
    topics.get(2).subscribeDurably("audit", m -> later.add(m.body()));
    Await.until("what was kept", () -> later.size() == 1);
    assertThat(later).containsExactly("c");
    assertThat(topics.get(0).removeDurable("audit")).isTrue();
    assertThat(topics.get(0).removeDurable("audit")).isFalse();
    removedWhileAnotherMemberPublishes(topics);
  }

  /** What is under way is found on all members. */
  private void removedWhileAnotherMemberPublishes(List<Topic<String>> topics) {
    MessageQueue<String> narrow =
        MessageQueue.named("topic/news/narrow", String.class)
            .capacity(1, WhenFull.BLOCK)
            .open(cluster.node(0));
    topics.get(0).subscribeDurably("narrow", message -> {}).close();
    topics.get(1).publish("a");
    CompletableFuture<Void> waits = topics.get(2).publishAsync("b");
    assertThat(topics.get(0).removeDurable("narrow")).isTrue();
    assertThat(narrow.size()).isZero();
    assertThat(waits).succeedsWithin(SOON);
    assertThat(narrow.size()).isZero();
  }
}
