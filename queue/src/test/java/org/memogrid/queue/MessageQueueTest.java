/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import javax.management.Attribute;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Registration;
import org.memogrid.cluster.Cluster;
import org.memogrid.internal.node.Node;
import org.memogrid.testkit.Await;

/** What a queue offers, on a member that is alone. */
class MessageQueueTest {
  private static final Cluster CLUSTER = Cluster.local();
  private static final Duration SOON = Duration.ofSeconds(60);
  private static final AtomicInteger QUEUES = new AtomicInteger();

  @AfterAll
  static void close() {
    CLUSTER.close();
  }

  private static QueueBuilder<Integer> builder() {
    return MessageQueue.named("q" + QUEUES.incrementAndGet(), Integer.class);
  }

  private static MessageQueue<Integer> queue() {
    return builder().open(CLUSTER);
  }

  private static void publish(MessageQueue<Integer> queue, int messages) {
    for (int n = 0; n < messages; n++) {
      var unused = queue.publishAsync(n);
    }
  }

  private static int take(MessageQueue<Integer> queue) {
    Message<Integer> message = Objects.requireNonNull(queue.receive(SOON));
    message.ack();
    return message.body();
  }

  @Test
  void aListenerGetsWhatIsPublishedInOrder() {
    MessageQueue<Integer> queue = queue();
    Queue<Integer> got = new ConcurrentLinkedQueue<>();
    queue.listen(message -> got.add(message.body()));
    publish(queue, 500);
    Await.until("all messages", () -> got.size() == 500);
    assertThat(got).containsExactlyElementsOf(IntStream.range(0, 500).boxed().toList());
    Await.until("an empty queue", () -> queue.size() == 0);
  }

  @Test
  void receiveTakesOneAndAcknowledgesIt() {
    MessageQueue<Integer> queue = queue();
    queue.publish(7);
    Message<Integer> message = Objects.requireNonNull(queue.receive(SOON));
    assertThat(message.body()).isEqualTo(7);
    assertThat(message.attempt()).isEqualTo(1);
    assertThat(message.redelivered()).isFalse();
    assertThat(queue.receive(Duration.ZERO)).isNull();
    message.nack(Duration.ZERO);
    Message<Integer> again = Objects.requireNonNull(queue.receive(SOON));
    assertThat(again.attempt()).isEqualTo(2);
    assertThat(again.redelivered()).isTrue();
    again.ack();
    again.nack();
    assertThat(queue.size()).isZero();
  }

  @Test
  void whatIsReleasedWasNotTriedAndANackSaysWhy() {
    MessageQueue<Integer> queue = builder().attempts(1).open(CLUSTER);
    queue.publish(7);
    Objects.requireNonNull(queue.receive(SOON)).release();
    Message<Integer> again = Objects.requireNonNull(queue.receive(SOON));
    assertThat(again.attempt()).isEqualTo(1);
    assertThat(again.redelivered()).isTrue();
    again.nack(Duration.ZERO, "the oven is cold");
    again.release();
    Await.until("the dead letter", () -> queue.deadLetters().size() == 1);
    DeadLetter<Integer> dead = queue.deadLetters().browse().toList().get(0);
    assertThat(dead.cause()).contains("the oven is cold");
    assertThat(dead.history())
        .singleElement()
        .satisfies(attempt -> assertThat(attempt.error()).isEqualTo("the oven is cold"));
    assertThatThrownBy(() -> dead.message().release()).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aFailingMessageIsTriedTenTimesAndThenADeadLetterThatCanBeRedriven() {
    MessageQueue<Integer> queue =
        builder().backoff(Duration.ofMillis(1), Duration.ofMillis(5)).open(CLUSTER);
    AtomicInteger attempts = new AtomicInteger();
    Queue<Integer> others = new ConcurrentLinkedQueue<>();
    Registration listening =
        queue.listen(
            message -> {
              if (message.body() == 13) {
                attempts.incrementAndGet();
                throw new IllegalStateException("thirteen");
              }
              others.add(message.body());
            });
    queue.publish(13);
    IntStream.range(100, 110).forEach(queue::publish);
    Await.until("a dead letter", () -> queue.deadLetters().size() == 1);
    assertThat(attempts).hasValue(10);
    Await.until("all others", () -> others.size() == 10);
    DeadLetter<Integer> letter = queue.deadLetters().browse().findFirst().orElseThrow();
    assertThat(letter.message().body()).isEqualTo(13);
    assertThat(letter.cause()).contains("10 attempts").contains("thirteen");
    assertThat(letter.history())
        .hasSize(10)
        .allSatisfy(failure -> assertThat(failure.error()).contains("thirteen"));
    assertThatThrownBy(() -> letter.message().ack()).hasMessageContaining("only looked at");
    listening.close();
    assertThat(queue.deadLetters().redrive(letter)).isTrue();
    assertThat(queue.deadLetters().redrive(letter)).isFalse();
    assertThat(take(queue)).isEqualTo(13);
    assertThat(queue.deadLetters().size()).isZero();
  }

  @Test
  void aHandlerThatEndsLaterHoldsNoThreadAndItsStageSettles() {
    MessageQueue<Integer> queue =
        builder().attempts(2).backoff(Duration.ZERO, Duration.ZERO).open(CLUSTER);
    Queue<CompletableFuture<Void>> open = new ConcurrentLinkedQueue<>();
    Registration listening =
        queue.listenAsync(
            message -> {
              if (message.body() == 13) {
                return CompletableFuture.failedFuture(new IllegalStateException("thirteen"));
              }
              CompletableFuture<Void> end = new CompletableFuture<>();
              open.add(end);
              return end;
            },
            Listen.concurrency(1).adaptive(200));
    publish(queue, 101);
    Await.until("all but the failing one begun by one thread", () -> open.size() == 100);
    Await.until("the failing one is out no more", () -> queue.deadLetters().size() == 1);
    assertThat(queue.stats().inFlight()).isEqualTo(100);
    open.forEach(end -> end.complete(null));
    Await.until("their ends", () -> queue.size() == 0);
    DeadLetter<Integer> letter = queue.deadLetters().browse().findFirst().orElseThrow();
    assertThat(letter.cause()).contains("2 attempts").contains("thirteen");
    listening.close();
  }

  @Test
  void anAdaptiveWindowIsWideForShortWorkAndNarrowForLong() {
    MessageQueue<Integer> queue = queue();
    AtomicInteger handled = new AtomicInteger();
    Registration quick =
        queue.listen(message -> handled.incrementAndGet(), Listen.concurrency(1).adaptive(500));
    publish(queue, 20_000);
    Await.until("short work", () -> handled.get() == 20_000);
    quick.close();
    CountDownLatch gate = new CountDownLatch(1);
    Registration slow = queue.listen(message -> gate.await(), Listen.concurrency(1).adaptive(500));
    publish(queue, 100);
    Await.until("all to come in", () -> queue.size() == 100);
    Await.until("long work", () -> queue.stats().inFlight() == 2);
    assertThat(queue.stats().waiting()).isEqualTo(98);
    gate.countDown();
    Await.until("its end", () -> queue.size() == 0);
    slow.close();
  }

  @Test
  void aRejectedMessageIsADeadLetterAtOnce() {
    MessageQueue<Integer> queue = queue();
    queue.publish(7);
    Objects.requireNonNull(queue.receive(SOON)).reject("not mine");
    Await.until("a dead letter", () -> queue.deadLetters().size() == 1);
    DeadLetter<Integer> letter = queue.deadLetters().browse().findFirst().orElseThrow();
    assertThat(letter.cause()).contains("rejected").contains("not mine");
    assertThat(letter.history()).hasSize(1);
  }

  @Test
  void aMessageMayFailOrComeInThoughTheQueueWouldHaveItWait() {
    MessageQueue<Integer> queue = builder().capacity(1, WhenFull.BLOCK).open(CLUSTER);
    queue.publish(1);
    assertThatThrownBy(() -> queue.publish(2, Publish.normal().orFail()))
        .isInstanceOf(QueueFullException.class);
    queue.publish(3, Publish.normal().beyondCapacity());
    assertThat(queue.size()).isEqualTo(2);
    CompletableFuture<Void> waits = queue.publishAsync(4);
    assertThat(take(queue)).isEqualTo(1);
    assertThat(waits).isNotDone();
    assertThat(take(queue)).isEqualTo(3);
    waits.join();
    assertThat(take(queue)).isEqualTo(4);
  }

  @Test
  void higherPrioritiesComeFirst() {
    MessageQueue<Integer> queue = queue();
    queue.publish(1);
    queue.publish(2, Publish.priority(9));
    queue.publish(3, Publish.priority(0));
    queue.publish(4, Publish.priority(9));
    assertThat(List.of(take(queue), take(queue), take(queue), take(queue)))
        .containsExactly(2, 4, 1, 3);
  }

  @Test
  void aDelayedMessageComesLaterAndAnExpiredOneIsADeadLetter() {
    MessageQueue<Integer> queue = queue();
    queue.publish(1, Publish.normal().delay(Duration.ofHours(1)));
    assertThat(queue.receive(Duration.ofMillis(50))).isNull();
    assertThat(queue.purge()).isEqualTo(1);
    queue.publish(1, Publish.normal().delay(Duration.ofMillis(50)));
    queue.publish(2, Publish.normal().timeToLive(Duration.ofMillis(1)));
    Await.until("the expiry", () -> queue.deadLetters().size() == 1);
    assertThat(queue.deadLetters().browse())
        .singleElement()
        .satisfies(letter -> assertThat(letter.cause()).contains("expired"));
    assertThat(take(queue)).isEqualTo(1);
    assertThat(queue.deadLetters().purge()).isEqualTo(1);
  }

  @Test
  void ofOneOrderingKeyOneMessageIsOut() {
    MessageQueue<Integer> queue = queue();
    Publish a = Publish.normal().orderingKey("a");
    queue.publish(1, a);
    queue.publish(2, a);
    queue.publish(3, Publish.normal().orderingKey("b"));
    Message<Integer> first = Objects.requireNonNull(queue.receive(SOON));
    Message<Integer> other = Objects.requireNonNull(queue.receive(SOON));
    assertThat(first.body()).isEqualTo(1);
    assertThat(first.orderingKey()).isEqualTo("a");
    assertThat(other.body()).isEqualTo(3);
    assertThat(queue.receive(Duration.ofMillis(20))).isNull();
    first.ack();
    assertThat(take(queue)).isEqualTo(2);
  }

  @Test
  void selectorsChooseByHeaders() {
    MessageQueue<Integer> queue = queue();
    queue.publish(1, Publish.normal().header("region", "us"));
    queue.publish(2, Publish.normal().header("region", "eu").header("test", "yes"));
    queue.publish(3, Publish.normal().header("region", "eu"));
    Selector eu = Selector.header("region").is("eu");
    Message<Integer> wanted =
        Objects.requireNonNull(queue.receive(SOON, eu.and(Selector.header("test").isAbsent())));
    assertThat(wanted.body()).isEqualTo(3);
    assertThat(wanted.headers()).containsEntry("region", "eu");
    assertThat(queue.receive(Duration.ofMillis(20), eu.not().and(eu))).isNull();
    Message<Integer> other =
        Objects.requireNonNull(
            queue.receive(SOON, Selector.header("region").isIn(Set.of("us", "as"))));
    assertThat(other.body()).isEqualTo(1);
    assertThat(take(queue)).isEqualTo(2);
  }

  @Test
  void aRequestIsAnsweredAndAFailingOneFails() {
    MessageQueue<Integer> queue =
        builder().attempts(2).backoff(Duration.ZERO, Duration.ZERO).open(CLUSTER);
    queue.respond(
        n -> {
          if (n < 0) {
            throw new IllegalStateException("negative");
          }
          return n == 0 ? null : "value " + n;
        });
    assertThat(queue.request(5, String.class, SOON).join()).isEqualTo("value 5");
    assertThat(queue.request(0, String.class, SOON).join()).isNull();
    assertThatThrownBy(() -> queue.request(-1, String.class, SOON).join())
        .hasCauseInstanceOf(QueueException.class)
        .hasMessageContaining("negative");
    MessageQueue<Integer> deaf = queue();
    assertThatThrownBy(() -> deaf.request(1, String.class, Duration.ofMillis(20)).join())
        .hasCauseInstanceOf(java.util.concurrent.TimeoutException.class);
  }

  @Test
  void aFullQueueBlocksFailsOrDropsTheOldest() {
    MessageQueue<Integer> blocking = builder().capacity(2, WhenFull.BLOCK).open(CLUSTER);
    blocking.publish(1);
    blocking.publish(2);
    CompletableFuture<Void> third = blocking.publishAsync(3);
    assertThat(blocking.size()).isEqualTo(2);
    assertThat(third).isNotDone();
    assertThat(take(blocking)).isEqualTo(1);
    third.join();

    MessageQueue<Integer> failing = builder().capacity(1, WhenFull.FAIL).open(CLUSTER);
    failing.publish(1);
    assertThatThrownBy(() -> failing.publish(2))
        .isInstanceOf(QueueFullException.class)
        .hasMessageContaining(failing.name())
        .hasMessageContaining("1 of at most 1");

    MessageQueue<Integer> dropping = builder().capacity(2, WhenFull.DROP_OLDEST).open(CLUSTER);
    List.of(1, 2, 3).forEach(dropping::publish);
    assertThat(dropping.stats().dropped()).isEqualTo(1);
    assertThat(List.of(take(dropping), take(dropping))).containsExactly(2, 3);
  }

  @Test
  void aDedupeIdLetsOneMessageIn() {
    MessageQueue<Integer> queue = queue();
    Publish once = Publish.normal().dedupeId("payment-7");
    queue.publish(1, once);
    queue.publish(2, once);
    assertThat(queue.size()).isEqualTo(1);
    assertThat(take(queue)).isEqualTo(1);
    queue.publish(3, once);
    assertThat(queue.size()).isZero();
  }

  @Test
  void browsingShowsAllAndTakesNothing() {
    MessageQueue<Integer> queue = queue();
    publish(queue, 250);
    queue.publish(250);
    assertThat(queue.browse().map(Message::body))
        .containsExactlyElementsOf(IntStream.rangeClosed(0, 250).boxed().toList());
    assertThat(queue.size()).isEqualTo(251);
    assertThat(queue.purge()).isEqualTo(251);
  }

  @Test
  void aPausedQueueHandsOutNothing() {
    MessageQueue<Integer> queue = queue();
    queue.pause();
    queue.publish(1);
    assertThat(queue.receive(Duration.ofMillis(20))).isNull();
    assertThat(queue.stats().paused()).isTrue();
    queue.resume();
    assertThat(take(queue)).isEqualTo(1);
  }

  @Test
  void anOpenQueueIsInJmx() throws Exception {
    MBeanServer jmx = ManagementFactory.getPlatformMBeanServer();
    MessageQueue<Integer> queue = queue();
    ObjectName name = QueueJmx.name(CLUSTER.self().name(), queue.name());
    queue.publish(1);
    assertThat(jmx.getAttribute(name, "Waiting")).isEqualTo(1L);
    assertThat(jmx.getAttribute(name, "Dispatcher")).isEqualTo(CLUSTER.self().name());
    assertThat((String[]) jmx.getAttribute(name, "Missing")).isEmpty();
    Object unused = jmx.invoke(name, "pause", null, null);
    assertThat(jmx.getAttributes(name, new String[] {"Paused", "InFlight"}).asList())
        .extracting(Attribute::getValue)
        .containsExactly(true, 0L);
    assertThat(jmx.getMBeanInfo(name).getAttributes()).hasSize(13);
    queue.close();
    assertThat(jmx.isRegistered(name)).isFalse();
  }

  @Test
  void aRateIsKept() {
    MessageQueue<Integer> queue = builder().rate(50, Duration.ofSeconds(1)).open(CLUSTER);
    publish(queue, 20);
    long began = System.nanoTime();
    CountDownLatch all = new CountDownLatch(20);
    queue.listen(message -> all.countDown(), Listen.concurrency(4));
    Await.until("all", () -> all.getCount() == 0);
    long millis = (System.nanoTime() - began) / 1_000_000;
    assertThat(millis).as("20 messages at 50 a second, less a burst of 5").isGreaterThan(250);
  }

  @Test
  void aListenerHandlesAsManyAtATimeAsItSays() {
    MessageQueue<Integer> queue = queue();
    CountDownLatch three = new CountDownLatch(3);
    CountDownLatch gate = new CountDownLatch(1);
    Set<Integer> most = ConcurrentHashMap.newKeySet();
    AtomicInteger now = new AtomicInteger();
    queue.listen(
        message -> {
          most.add(now.incrementAndGet());
          three.countDown();
          gate.await();
          now.decrementAndGet();
        },
        Listen.concurrency(3));
    publish(queue, 10);
    Await.until("all to come in", () -> queue.size() == 10);
    Await.until("three at a time", () -> three.getCount() == 0);
    assertThat(queue.stats().inFlight()).isEqualTo(6);
    gate.countDown();
    Await.until("an empty queue", () -> queue.size() == 0);
    assertThat(most).containsOnly(1, 2, 3);
  }

  @Test
  void closingReleasesWhoWaitsAndGivesBackWhatWasNotBegun() {
    MessageQueue<Integer> queue = builder().capacity(4, WhenFull.BLOCK).open(CLUSTER);
    MessageQueue<Integer> other = MessageQueue.named(queue.name(), Integer.class).open(CLUSTER);
    CountDownLatch gate = new CountDownLatch(1);
    CountDownLatch begun = new CountDownLatch(1);
    queue.listen(
        message -> {
          begun.countDown();
          gate.await();
        },
        Listen.concurrency(1).prefetch(4));
    IntStream.range(0, 4).forEach(queue::publish);
    Await.until("all out", () -> other.stats().inFlight() == 4 && begun.getCount() == 0);
    Waiter receiving = new Waiter(() -> String.valueOf(queue.receive(Duration.ofHours(1))));
    Waiter publishing =
        new Waiter(
            () -> {
              queue.publish(4);
              return "";
            });
    receiving.awaitWaiting();
    publishing.awaitWaiting();
    queue.close();
    queue.close();
    assertThatThrownBy(receiving.result::join)
        .hasCauseInstanceOf(IllegalStateException.class)
        .hasMessageContaining("was closed here while somebody waited to receive");
    assertThatThrownBy(publishing.result::join)
        .hasCauseInstanceOf(IllegalStateException.class)
        .hasMessageContaining("was closed here while somebody waited to publish")
        .hasMessageContaining("may come in");
    assertThatThrownBy(() -> queue.publish(1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed here")
        .hasMessageContaining("open it again");
    Message<Integer> back = Objects.requireNonNull(other.receive(SOON));
    assertThat(back.body()).as("the first that was not begun").isEqualTo(1);
    assertThat(back.attempt()).isEqualTo(1);
    gate.countDown();
  }

  /** A call on a thread of its own. */
  private static final class Waiter {
    final CompletableFuture<String> result = new CompletableFuture<>();
    private final Thread thread;

    Waiter(Supplier<String> call) {
      thread =
          new Thread(
              () -> {
                try {
                  result.complete(call.get());
                } catch (RuntimeException | Error e) {
                  result.completeExceptionally(e);
                }
              });
      thread.setDaemon(true);
      thread.start();
    }

    void awaitWaiting() {
      Await.until(
          "its waiting",
          () ->
              thread.getState() == Thread.State.WAITING
                  || thread.getState() == Thread.State.TIMED_WAITING);
    }
  }

  /**
   * The race: 1. two messages are handed out; 2. the listener that gets the second closes, and its
   * unsubscribing waits behind the turn that brings them; 3. the second comes.
   */
  @Test
  void aMessageThatComesWhileItsListenerClosesGoesBack() {
    MessageQueue<Integer> queue = queue();
    QueueNode node = node(queue);
    queue.pause();
    AtomicReference<Registration> listening = new AtomicReference<>();
    AtomicLong closing = new AtomicLong();
    closing.set(
        node.subscribe(
            1,
            null,
            new QueueNode.Listener() {
              @Override
              public void take(Packet.Delivery delivery) {
                Objects.requireNonNull(listening.get()).close();
                node.settle(delivery.tag(), Packet.Verdict.HANDLED, "", -1);
                node.unsubscribe(closing.get());
              }

              @Override
              public void leave(String why) {}
            }));
    listening.set(queue.listen(message -> {}));
    queue.publish(1);
    queue.publish(2);
    queue.resume();
    Await.until("the first", () -> queue.stats().handled() == 1);
    assertThat(queue.stats().inFlight()).isZero();
    assertThat(queue.stats().waiting()).isEqualTo(1);
  }

  private static QueueNode node(MessageQueue<Integer> queue) {
    return CLUSTER.unwrap(Node.class).feature(QueueFeature.class).queue(queue.name());
  }

  /** The race: 1. a waiting thread is interrupted; 2. a message comes; 3. it stops waiting. */
  @Test
  void aMessageThatComesWhileAnInterruptedReceiveEndsGoesBack() {
    MessageQueue<Integer> queue = queue();
    Receiving<Integer> receiving = new Receiving<>(node(queue), Integer.class, null);
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> receiving.await(60_000))
        .isInstanceOf(QueueException.class)
        .hasMessageContaining("no message was taken");
    assertThat(Thread.interrupted()).isTrue();
    queue.publish(7);
    Await.until(
        "its coming", () -> queue.stats().redelivered() > 0 || queue.stats().inFlight() > 0);
    receiving.close();
    assertThat(take(queue)).isEqualTo(7);
  }

  /** What hangs on one future waits for another that ends in the same turn. */
  @Test
  void whatHangsOnAFutureMayWaitForAnother() {
    MessageQueue<Integer> queue = queue();
    CountDownLatch gate = new CountDownLatch(1);
    CountDownLatch inTurn = new CountDownLatch(1);
    CompletableFuture<Void> turn =
        CompletableFuture.runAsync(
            () ->
                node(queue)
                    .publish(
                        Traits.PLAIN,
                        new byte[0],
                        failure -> {
                          inTurn.countDown();
                          awaitQuietly(gate);
                        }));
    awaitQuietly(inTurn);
    List<CompletableFuture<Void>> futures =
        IntStream.range(0, 5).mapToObj(queue::publishAsync).toList();
    List<CompletableFuture<Void>> ends = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      CompletableFuture<Void> next = futures.get(i + 1);
      ends.add(futures.get(i).thenAccept(done -> next.join()));
    }
    gate.countDown();
    turn.join();
    Await.until("their ends", () -> ends.stream().allMatch(CompletableFuture::isDone));
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aHandlerThatIsInterruptedHasFailed() {
    MessageQueue<Integer> queue =
        builder().attempts(3).backoff(Duration.ZERO, Duration.ZERO).open(CLUSTER);
    Registration listening =
        queue.listen(
            message -> {
              if (message.body() == 1) {
                Thread.currentThread().interrupt();
                throw new InterruptedException("as ever");
              }
              assertThat(Thread.currentThread().isInterrupted()).isFalse();
            });
    queue.publish(1);
    queue.publish(2);
    Await.until("a dead letter", () -> queue.deadLetters().size() == 1);
    assertThat(queue.deadLetters().browse().findFirst().orElseThrow().cause())
        .contains("3 attempts")
        .contains("as ever");
    Await.until("the other", () -> queue.stats().handled() == 1);
    assertThat(queue.stats().redelivered()).isEqualTo(2);
    listening.close();
  }

  @Test
  void theLongestDurationsAreForEver() {
    Duration ever = Duration.ofMillis(Long.MAX_VALUE);
    MessageQueue<Integer> queue =
        builder().backoff(ever, Duration.ofSeconds(Long.MAX_VALUE)).open(CLUSTER);
    queue.publish(1, Publish.normal().timeToLive(ever));
    queue.publish(2, Publish.normal().delay(ever));
    Message<Integer> message = Objects.requireNonNull(queue.receive(ever));
    assertThat(message.body()).isEqualTo(1);
    message.nack(Duration.ofSeconds(Long.MAX_VALUE));
    assertThat(queue.receive(Duration.ofMillis(50))).isNull();
    assertThat(queue.size()).isEqualTo(2);
  }

  @Test
  void otherOptionsAreRefusedAndBothAreShown() {
    MessageQueue<Integer> queue = builder().attempts(5).open(CLUSTER);
    QueueBuilder<Integer> others = MessageQueue.named(queue.name(), Integer.class).attempts(6);
    assertThatThrownBy(() -> others.open(CLUSTER))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("attempts=6")
        .hasMessageContaining("attempts=5");
    assertThat(MessageQueue.named(queue.name(), Integer.class).open(CLUSTER).size()).isZero();
  }

  @Test
  @SuppressWarnings({"NullAway", "unchecked", "rawtypes", "CheckReturnValue"})
  void badInputIsRefusedBeforeAnythingChanges() {
    MessageQueue<Integer> queue = builder().maxMessageBytes(100).open(CLUSTER);
    MessageQueue<String> texts = MessageQueue.named(queue.name(), String.class).open(CLUSTER);
    assertThatThrownBy(() -> queue.publish(null))
        .isInstanceOf(NullPointerException.class)
        .hasMessageContaining("body");
    assertThatThrownBy(() -> texts.publish("x".repeat(101)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("it takes 100")
        .hasMessageContaining("maxMessageBytes");
    assertThatThrownBy(() -> ((MessageQueue) queue).publish("text"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("java.lang.Integer");
    MessageQueue<Object> objects = MessageQueue.named("objects", Object.class).open(CLUSTER);
    assertThatThrownBy(() -> objects.publish(new Object() {}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("cross the wire");
    assertThatThrownBy(() -> Publish.normal().delay(Duration.ofSeconds(-1)))
        .hasMessageContaining("PT-1S");
    assertThatThrownBy(() -> Publish.priority(10)).hasMessageContaining("0 to 9");
    assertThatThrownBy(() -> MessageQueue.named(" ", String.class)).hasMessageContaining("blank");
    MessageHandler<Integer> handler = message -> {};
    queue.listen(handler);
    assertThatThrownBy(() -> queue.listen(handler))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("listens to queue '" + queue.name() + "' already");
    assertThat(queue.stats().published()).isZero();
  }
}
