/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.TestTiming;
import org.memogrid.internal.engine.Timing;
import org.memogrid.modes.Counter.End;
import org.memogrid.modes.Counter.Step;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeProcess;
import org.memogrid.testkit.ProcessCluster;

/**
 * A counter that keeps its number in a cache, as a daemon over JVMs of their own: its member is
 * killed, leaves, or is stopped for longer than the others wait and then goes on.
 */
class DaemonFaultTest {
  /** Far more than the half second that it takes on a machine that has nothing else to do. */
  private static final Duration SOON = Duration.ofSeconds(20);

  /**
   * By which members are found to be gone where nothing else tells; long on a slow machine, too.
   */
  private static final Duration SILENCE = Duration.ofSeconds(15);

  private static final Duration BEFORE_SILENCE = Duration.ofSeconds(12);

  private static final Duration LINGERING = Duration.ofMillis(300);

  private final Counter counter = new Counter();
  private ProcessCluster cluster;

  @BeforeEach
  void threeNodes() {
    cluster =
        ProcessCluster.of(
            0,
            builder ->
                TestTiming.timing(
                    builder, Timing.DEFAULT.withSilence(SILENCE, Duration.ofSeconds(1))));
    List<NodeProcess> spares = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      spares.add(cluster.spare());
    }
    spares.forEach(this::join);
  }

  private void join(NodeProcess node) {
    cluster.join(node);
    counter.start(node, LINGERING);
  }

  @AfterEach
  void end() {
    cluster.close();
  }

  private void awaitMore(int steps) {
    int before = counter.steps.size();
    Await.until(steps + " steps more", Await.LONG, () -> counter.steps.size() > before + steps);
  }

  private NodeProcess holder() {
    String name = counter.last().node();
    return cluster.nodes().stream().filter(n -> n.name().equals(name)).findFirst().orElseThrow();
  }

  /** The holder is killed, then the oldest member, which places names, then both in one. */
  @Test
  void anotherGoesOnWithTheNextNumberWhenTheMemberIsKilled() {
    long seed = new Random().nextLong();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    List<Duration> all = new ArrayList<>();
    for (int kill = 0; kill < 4; kill++) {
      awaitMore(1 + random.nextInt(40));
      NodeProcess holder = holder();
      NodeProcess victim = kill % 2 == 0 ? holder : cluster.node(0);
      long turn = counter.last().turn();
      long killedAt = System.nanoTime();
      cluster.kill(victim);
      if (victim == holder) {
        Await.until("a later turn", Await.LONG, () -> counter.last().turn() > turn);
        Step first = counter.firstOfTheLastTurn();
        Duration took = Duration.ofNanos(first.began() - killedAt);
        System.out.printf(
            "killed %s: %s went on %d ms later%n", victim.name(), first.node(), took.toMillis());
        assertThat(took).isLessThan(SOON);
        all.add(took);
      } else {
        awaitMore(20);
        assertThat(counter.last().turn()).as("who lives goes on").isEqualTo(turn);
      }
      join(cluster.spare());
    }
    assertThat(all)
        .as("the fastest: who dies is missed at once, not by its silence")
        .anySatisfy(took -> assertThat(took).isLessThan(BEFORE_SILENCE));
    counter.assertOneAtATime();
    counter.assertDisjointToTheEnd();
    assertThat(counter.refused).as("writes that were refused").isEmpty();
  }

  @Test
  void aMemberThatLeavesHandsOverInOrder() {
    awaitMore(20);
    NodeProcess holder = holder();
    long turn = counter.last().turn();
    cluster.leave(holder);
    Await.until("a later turn", Await.LONG, () -> counter.last().turn() > turn);
    Duration gap =
        Duration.ofNanos(counter.firstOfTheLastTurn().began() - counter.lastOf(turn).began());
    System.out.printf("%s left: %d ms without a step%n", holder.name(), gap.toMillis());
    assertThat(gap).isLessThan(BEFORE_SILENCE);
    assertThat(counter.ended).as("it was told to end").anyMatch(end -> end.turn() == turn);
    awaitMore(20);
    counter.assertOneAtATime();
    counter.assertDisjointToTheEnd();
    assertThat(counter.refused).as("writes that were refused").isEmpty();
  }

  /** As in a deployment: each leaves, and one joins in its place, one after another. */
  @Test
  void goesOnThroughARollingRestart() {
    List<NodeProcess> spares = List.of(cluster.spare(), cluster.spare(), cluster.spare());
    for (NodeProcess spare : spares) {
      awaitMore(10);
      cluster.leave(cluster.node(0));
      join(spare);
    }
    awaitMore(20);
    assertThat(spares).extracting(NodeProcess::name).contains(counter.last().node());
    counter.assertOneAtATime();
    counter.assertDisjointToTheEnd();
    assertThat(counter.refused).as("writes that were refused").isEmpty();
  }

  @Test
  void aMemberThatWasStoppedForLongIsNotActiveWhenItGoesOn() {
    awaitMore(20);
    NodeProcess holder = holder();
    long turn = counter.last().turn();
    Step successor;
    AtomicBoolean alone = new AtomicBoolean();
    Alone.onAlone(holder, () -> alone.set(true));
    holder.pause();
    try {
      Await.until("a later turn", Await.LONG, () -> counter.last().turn() > turn);
      successor = counter.firstOfTheLastTurn();
    } finally {
      holder.resume();
    }
    Await.until(
        "the end of the old turn",
        Await.LONG,
        () -> counter.ended.stream().anyMatch(end -> end.turn() == turn));
    cluster.awaitMembers();
    if (alone.get()) { // on a slow machine it may take the others for lost when it goes on
      System.out.println(holder + " was a side of its own, which may run it, too");
      return;
    }
    assertThat(counter.ended)
        .as("it is not active, and its token is refused")
        .filteredOn(end -> end.turn() == turn)
        .extracting(End::node, End::active, End::accepted)
        .containsExactly(tuple(holder.name(), false, false));
    assertThat(counter.steps.stream().filter(step -> step.turn() == turn))
        .as("steps of the old turn, told late or not, are from before the successor's first")
        .allSatisfy(step -> assertThat(step.number()).isLessThan(successor.number()));
    awaitMore(20);
    counter.assertOneAtATime();
    counter.assertDisjoint();
    assertThat(counter.last().node()).as("who runs it keeps it").isEqualTo(successor.node());
  }
}
