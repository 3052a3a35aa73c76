/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.FencedException;
import org.memogrid.cache.Mode;
import org.memogrid.daemon.Daemon;
import org.memogrid.daemon.DaemonContext;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeContext;
import org.memogrid.testkit.NodeProcess;
import org.memogrid.testkit.ProcessCluster;

/**
 * A counter that keeps its number in a cache, as a daemon over JVMs of their own: its member is
 * killed, or stopped for longer than the others wait and then goes on.
 */
class DaemonFaultTest {
  private static final int KILLS = 3;

  private final List<Step> steps = new CopyOnWriteArrayList<>();
  private final List<Step> refused = new CopyOnWriteArrayList<>();
  private final List<Step> ended = new CopyOnWriteArrayList<>();
  private ProcessCluster cluster;

  /** What a turn told, and when it was heard here. */
  private record Step(String node, long turn, int number, long heardAt) {
    static Step heard(String node, String told) {
      String[] parts = told.split(" ", -1);
      return new Step(
          node, Long.parseLong(parts[0]), Integer.parseInt(parts[1]), System.nanoTime());
    }
  }

  @BeforeEach
  void threeNodes() {
    cluster = ProcessCluster.of(0);
    List<NodeProcess> spares = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      spares.add(cluster.spare());
    }
    spares.forEach(this::join);
  }

  private void join(NodeProcess node) {
    cluster.join(node);
    node.onEvent("steps", told -> steps.add(Step.heard(node.name(), String.valueOf(told))));
    node.onEvent("refused", told -> refused.add(Step.heard(node.name(), String.valueOf(told))));
    node.onEvent("ended", told -> ended.add(Step.heard(node.name(), String.valueOf(told))));
    node.run(
        there ->
            there.kept(
                "daemon",
                () ->
                    Daemon.named("counter", context -> count(there, context))
                        .start(there.cluster())));
  }

  @AfterEach
  void end() {
    cluster.close();
  }

  /** Runs in the node's JVM. */
  private static void count(NodeContext there, DaemonContext context) throws InterruptedException {
    Cache<String, Integer> numbers = there.cluster().cache("numbers", Mode.REPLICATED);
    long turn = context.token().number();
    int next = 0;
    do {
      Integer last = numbers.get("counter");
      next = last == null ? 1 : last + 1;
      try {
        numbers.putFenced("counter", next, context.token());
      } catch (FencedException e) {
        there.emit("refused", turn + " " + next);
        return;
      }
      there.emit("steps", turn + " " + next);
    } while (context.sleep(Duration.ofMillis(20)));
    there.emit("ended", turn + " " + next);
  }

  @Test
  void anotherGoesOnWithTheNextNumberWhenTheMemberIsKilled() {
    for (int kill = 0; kill < KILLS; kill++) {
      int before = steps.size();
      Await.until("twenty steps more", () -> steps.size() > before + 20);
      NodeProcess holder = byName(steps.get(steps.size() - 1).node());
      long killedAt = System.nanoTime();
      cluster.kill(holder);
      Await.until(
          "a step of another than " + holder, () -> !lastStep().node().equals(holder.name()));
      Step first = firstOfTheLastTurn();
      System.out.printf(
          "killed %s: %s went on %d ms later%n",
          holder.name(), first.node(), (first.heardAt() - killedAt) / 1_000_000);
      join(cluster.spare());
    }
    assertOneAtATime();
  }

  @Test
  void aMemberThatWasStoppedForLongIsNotActiveWhenItGoesOn() {
    Await.until("twenty steps", () -> steps.size() > 20);
    NodeProcess holder = byName(lastStep().node());
    long turn = lastStep().turn();
    Step successor;
    holder.pause();
    try {
      Await.until(
          "a step of another than " + holder,
          Duration.ofSeconds(60),
          () -> !lastStep().node().equals(holder.name()));
      successor = firstOfTheLastTurn();
    } finally {
      holder.resume();
    }
    Await.until(
        "the end of the old turn",
        () ->
            ended.stream().anyMatch(step -> step.turn() == turn)
                || refused.stream().anyMatch(step -> step.turn() == turn));
    assertThat(steps.stream().filter(step -> step.turn() == turn))
        .as("steps of the old turn, told late or not, are from before the successor's first")
        .allSatisfy(step -> assertThat(step.number()).isLessThan(successor.number()));
    cluster.awaitMembers();
    int before = steps.size();
    Await.until("twenty steps more", () -> steps.size() > before + 20);
    assertOneAtATime();
    assertThat(lastStep().node()).as("who runs it keeps it").isEqualTo(successor.node());
  }

  /**
   * In the order of the numbers, which rise by one, turns never go back. Where a turn ends, a
   * number may be missing: it was written by a member that was lost before it could tell.
   */
  private void assertOneAtATime() {
    List<Step> steps = this.steps.stream().sorted(Comparator.comparingInt(Step::number)).toList();
    for (int i = 1; i < steps.size(); i++) {
      Step before = steps.get(i - 1);
      Step now = steps.get(i);
      int most = now.turn() == before.turn() ? 1 : 2;
      assertThat(now.number() - before.number()).as("%s, then %s", before, now).isBetween(1, most);
      assertThat(now.turn()).as("%s, then %s", before, now).isGreaterThanOrEqualTo(before.turn());
    }
  }

  private Step lastStep() {
    return steps.get(steps.size() - 1);
  }

  /** The first step of the turn that the last step is of. */
  private Step firstOfTheLastTurn() {
    long turn = lastStep().turn();
    return steps.stream().filter(step -> step.turn() == turn).findFirst().orElseThrow();
  }

  private NodeProcess byName(String name) {
    return cluster.nodes().stream().filter(n -> n.name().equals(name)).findFirst().orElseThrow();
  }
}
