/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.memogrid.queue.MessageQueue;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeContext;
import org.memogrid.testkit.NodeProcess;
import org.memogrid.testkit.ProcessCluster;

/** A queue over JVMs of their own, which are killed, stopped, restarted and joined. */
class QueueFaultTest {
  private final QueueRecords records = new QueueRecords();
  private final ProcessCluster cluster = ProcessCluster.of(0);

  @AfterEach
  void end() {
    cluster.close();
  }

  private NodeProcess start(NodeProcess spare) {
    records.follow(spare);
    return cluster.join(spare);
  }

  private void start(int nodes) {
    List<NodeProcess> spares = IntStream.range(0, nodes).mapToObj(i -> cluster.spare()).toList();
    spares.forEach(this::start);
  }

  private static MessageQueue<Integer> queue(NodeContext there, String name) {
    return there.kept(
        "queue-" + name, () -> MessageQueue.named(name, Integer.class).open(there.cluster()));
  }

  private static void listen(NodeProcess node, String name) {
    node.run(there -> QueueLoad.listen(there, queue(there, name), 0));
  }

  /** Publishes numbers at a pace at which everybody has room, as a clock would. */
  private void publishOneByOne(NodeProcess producer, String name, int from, int to) {
    for (int n = from; n < to; n++) {
      int number = n;
      producer.run(there -> queue(there, name).publish(number));
      Await.until(number + " to be handled", () -> records.handled().containsKey(number));
    }
  }

  /**
   * Publishes until the dispatcher knows that so many members listen: they have told it, no more.
   */
  private void warmUp(NodeProcess producer, int from, int listeners) {
    int next = from;
    while (shares(from, next).size() < listeners) {
      publishOneByOne(producer, "turns", next, next + 1);
      next++;
    }
  }

  /** Who handled how many of the numbers. */
  private Map<String, List<Integer>> shares(int from, int to) {
    Map<String, List<Integer>> shares = new TreeMap<>();
    records
        .handled()
        .subMap(from, to)
        .forEach((n, by) -> shares.computeIfAbsent(by, node -> new ArrayList<>()).add(n));
    return shares;
  }

  @Test
  void twoNodesTakeTurnsOneTakesAllAndAThirdTakesAThird() {
    start(2);
    NodeProcess producer = cluster.node(0);
    cluster.nodes().forEach(node -> listen(node, "turns"));
    NodeProcess spare = cluster.spare();
    NodeProcess another = cluster.spare();
    warmUp(producer, 1_000, 2);
    publishOneByOne(producer, "turns", 0, 20);
    assertThat(shares(0, 20).values())
        .as("one the even, one the odd numbers")
        .containsExactlyInAnyOrder(
            IntStream.range(0, 10).mapToObj(i -> 2 * i).toList(),
            IntStream.range(0, 10).mapToObj(i -> 2 * i + 1).toList());

    // Else what it handled last is handled again: its acknowledgement is on its way.
    Await.until(
        "all are acknowledged", () -> producer.call(there -> queue(there, "turns").size()) == 0);
    cluster.kill(cluster.node(1));
    publishOneByOne(producer, "turns", 20, 30);
    assertThat(shares(20, 30)).containsOnlyKeys(producer.name());

    listen(start(spare), "turns");
    warmUp(producer, 2_000, 2);
    publishOneByOne(producer, "turns", 30, 50);
    assertThat(shares(30, 50).values()).allSatisfy(its -> assertThat(its).hasSize(10));

    listen(start(another), "turns");
    warmUp(producer, 3_000, 3);
    publishOneByOne(producer, "turns", 50, 80);
    assertThat(shares(50, 80)).hasSize(3);
    assertThat(shares(50, 80).values()).allSatisfy(its -> assertThat(its).hasSize(10));
    assertThat(records.duplicates()).isZero();
  }

  @Test
  void handlersThatFailNowAndThenAreGivenTheirMessagesAgainInOrderAndCounted() {
    start(2);
    for (NodeProcess node : cluster.nodes()) {
      String named = node.name();
      node.run(
          there -> {
            QueueLoad.listenAndFail(there, queue(there, "failing"), 2);
            QueueLoad.produce(there, queue(there, "failing"), named);
          });
    }
    Await.until("work", () -> records.handled().size() > 1_000 && records.failures() > 30);
    finish("failing");
    System.out.println("failing: " + records.summary());
    records.checkAttempts();
    assertThat(records.duplicates()).isZero();
    assertThat(records.deadLetters()).isEmpty();
  }

  /**
   * It neither dispatches nor listens. The listeners are much slower than it, also on a machine on
   * which it is slow itself: their windows are full.
   */
  @Test
  void aKilledProducerTakesNothingWithItAndNobodyHasMoreThanItsWindow() {
    start(3);
    String name = nameDispatchedBy(cluster.node(0));
    for (NodeProcess node : cluster.nodes().subList(0, 2)) {
      node.run(there -> QueueLoad.listenLater(there, queue(there, name), 100));
    }
    NodeProcess producer = cluster.node(2);
    String named = producer.name();
    producer.run(there -> QueueLoad.produce(there, queue(there, name), named));
    Await.until("work", () -> records.acknowledged() > 200);
    records.killed(producer);
    cluster.kill(producer);
    finish(name);
    System.out.println("producer: " + records.summary());
    assertThat(records.duplicates()).isZero();
    assertThat(records.fullest()).as("the window of a listener, and full").isEqualTo(4);
  }

  @Test
  @Tag("long")
  void membersThatJoinUnderLoadLoseNothingAndHandNothingOutTwice() {
    start(2);
    cluster.nodes().forEach(node -> work(node, "joining"));
    List<NodeProcess> spares = IntStream.range(0, 3).mapToObj(i -> cluster.spare()).toList();
    for (NodeProcess spare : spares) {
      int before = records.handled().size();
      Await.until("work", () -> records.handled().size() > before + 100);
      work(start(spare), "joining");
    }
    finish("joining");
    System.out.println("joining: " + records.summary());
    assertThat(records.duplicates()).isZero();
  }

  @Test
  @Tag("long")
  void killsLoseNoAcknowledgedMessage() {
    kills(20);
  }

  @Test
  @Tag("long")
  void aHundredKillsLoseNoAcknowledgedMessage() {
    kills(100);
  }

  private void kills(int kills) {
    long seed = Long.getLong("memogrid.test.seed", System.nanoTime());
    System.out.println(kills + " kills, -Dmemogrid.test.seed=" + seed);
    Random random = new Random(seed);
    start(3);
    cluster.nodes().forEach(node -> work(node, "kills"));
    NodeProcess spare = cluster.spare();
    for (int i = 0; i < kills; i++) {
      // What one publish returned for, two members hold, and all that came before it.
      cluster.node(0).run(there -> queue(there, "kills").publish(-1));
      long pause = random.nextInt(150);
      Await.until("a moment", new Moment(pause)::hasCome);
      NodeProcess victim = cluster.node(random.nextInt(cluster.nodes().size()));
      records.killed(victim);
      cluster.kill(victim);
      NodeProcess next = spare;
      spare = cluster.spare();
      work(start(next), "kills");
    }
    finish("kills");
    System.out.println(records.summary());
  }

  /** Some time from now. */
  private record Moment(long at) {
    Moment(long at) {
      this.at = System.nanoTime() + Duration.ofMillis(at).toNanos();
    }

    boolean hasCome() {
      return System.nanoTime() - at >= 0;
    }
  }

  private static void work(NodeProcess node, String name) {
    String named = node.name();
    node.run(
        there -> {
          QueueLoad.listen(there, queue(there, name), 3);
          QueueLoad.listenLater(there, queue(there, name), 3);
          QueueLoad.produce(there, queue(there, name), named);
        });
  }

  private void finish(String name) {
    cluster.nodes().forEach(node -> node.run(QueueLoad::stop));
    NodeProcess any = cluster.node(0);
    Await.until(
        "an empty queue",
        Duration.ofMinutes(2),
        () -> any.call(there -> queue(there, name).size()) == 0);
    // What a node told before it answers is here when it has answered.
    cluster.nodes().forEach(node -> node.run(there -> {}));
    records.dead(
        any.call(
            there ->
                new ArrayList<>(
                    queue(there, name)
                        .deadLetters()
                        .browse()
                        .map(letter -> letter.message().body())
                        .toList())));
    records.check();
  }

  @Test
  @Tag("long")
  void nothingIsHandedOutTwiceWhenOnlyTheDispatcherIsKilled() {
    start(3);
    NodeProcess spare = cluster.spare();
    for (int round = 0; round < 2; round++) {
      String name = nameDispatchedBy(cluster.node(round));
      NodeProcess dispatcher = cluster.node(round);
      List<NodeProcess> others = new ArrayList<>(cluster.nodes());
      others.remove(dispatcher);
      others.forEach(node -> work(node, name));
      Await.until("some work", () -> records.handled().size() > 200);
      cluster.kill(dispatcher);
      int before = records.handled().size();
      Await.until("more work", () -> records.handled().size() > before + 200);
      finish(name);
      assertThat(records.duplicates()).isZero();
      records.clear();
      if (round == 0) {
        start(spare);
      }
    }
  }

  private String nameDispatchedBy(NodeProcess node) {
    for (int i = 0; ; i++) {
      String name = "dispatched-" + i + "-" + node.name();
      String by = node.call(there -> queue(there, name).stats().dispatcher());
      if (by.equals(node.name())) {
        return name;
      }
    }
  }

  @Test
  void aMessageThatKillsItsConsumerThriceIsADeadLetterAndTheOthersAreHandled() {
    start(2);
    NodeProcess last = cluster.node(0);
    last.run(there -> queue(there, "poison").pause());
    last.run(
        there -> {
          for (int n = 0; n < 10; n++) {
            queue(there, "poison").publish(n == 4 ? QueueLoad.POISON : n);
          }
        });
    List<NodeProcess> spares = List.of(cluster.spare(), cluster.spare());
    NodeProcess victim = cluster.node(1);
    last.run(there -> queue(there, "poison").resume());
    for (int i = 0; i < 3; i++) {
      NodeProcess dying = victim;
      var unused =
          dying.callAsync(
              there -> {
                QueueLoad.listen(there, queue(there, "poison"), 0);
                return "";
              });
      Await.until("its end", () -> !dying.isAlive());
      cluster.kill(dying);
      if (i < 2) {
        victim = start(spares.get(i));
      }
    }
    Await.until(
        "a dead letter",
        () -> last.call(there -> queue(there, "poison").deadLetters().size()) == 1);
    listen(last, "poison");
    Await.until("all others", () -> records.handled().size() == 9);
    String cause =
        last.call(
            there ->
                queue(there, "poison").deadLetters().browse().findFirst().orElseThrow().cause());
    assertThat(cause).contains("3 members that were lost");
  }

  @Test
  @Tag("long")
  void aMemberThatIsStoppedAndGoesOnLosesNothing() {
    start(3);
    cluster.nodes().forEach(node -> work(node, "stopped"));
    Await.until("some work", () -> records.handled().size() > 100);
    String dispatcher = cluster.node(0).call(there -> queue(there, "stopped").stats().dispatcher());
    NodeProcess stopped =
        cluster.nodes().stream().filter(n -> n.name().equals(dispatcher)).findFirst().orElseThrow();
    NodeProcess other =
        cluster.nodes().stream().filter(n -> n != stopped).findFirst().orElseThrow();
    records.suspected(stopped);
    stopped.pause();
    Await.until(
        "a view without it",
        () -> other.call(there -> there.cluster().membership().members().size()) == 2);
    int before = records.handled().size();
    Await.until("work without it", () -> records.handled().size() > before + 100);
    stopped.resume();
    cluster.awaitMembers();
    finish("stopped");
    System.out.println("stopped and resumed: " + records.summary());
  }

  @Test
  @Tag("long")
  void aRollingRestartUnderLoadLosesNothing() {
    start(3);
    cluster.nodes().forEach(node -> work(node, "rolling"));
    for (int i = 0; i < 3; i++) {
      NodeProcess next = cluster.spare();
      NodeProcess old = cluster.node(0);
      old.run(QueueLoad::stop);
      cluster.leave(old);
      work(start(next), "rolling");
    }
    finish("rolling");
    System.out.println("rolling restart: " + records.summary());
    assertThat(new TreeSet<>(records.deadLetters())).isEmpty();
  }
}
