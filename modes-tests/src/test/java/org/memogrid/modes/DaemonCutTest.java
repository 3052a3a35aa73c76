/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.memogrid.cluster.Partitions;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NetLab;

/** Three hosts of which the one that runs a daemon with a quorum is cut off or deaf for a while. */
@Execution(ExecutionMode.CONCURRENT) // it waits for failure detectors
class DaemonCutTest {
  private static final int QUORUM = 2;

  private final Counter counter = new Counter();

  private void awaitMore(int steps) {
    int before = counter.steps.size();
    Await.until(steps + " steps more", Await.LONG, () -> counter.steps.size() > before + steps);
  }

  @Test
  void withAQuorumOneRunsAtATimeThoughItsMemberIsCutOff() {
    oneRunsAtATimeThough(lab -> lab.cut(3));
  }

  /** The others hear it, and it does not hear that they agree. */
  @Test
  void withAQuorumOneRunsAtATimeThoughItsMemberIsDeaf() {
    oneRunsAtATimeThough(lab -> lab.deafen(3));
  }

  private void oneRunsAtATimeThough(Consumer<NetLab> fault) {
    try (Hosts hosts = new Hosts(Partitions.AVAILABLE)) {
      for (int host = Hosts.COUNT; host >= 1; host--) { // 3 first: any two may agree on one of them
        counter.start(hosts.node(host), QUORUM, "host3");
        awaitMore(1);
      }
      awaitMore(20);
      assertThat(counter.last().node()).isEqualTo(hosts.node(3).name());
      long turn = counter.last().turn();
      fault.accept(hosts.lab());
      Await.until("a later turn", Await.LONG, () -> counter.last().turn() > turn);
      Await.until(
          "the end of the old one",
          Await.LONG,
          () -> counter.ended.stream().anyMatch(end -> end.turn() == turn));
      Duration gap =
          Duration.ofNanos(counter.firstOfTheLastTurn().began() - counter.lastOf(turn).began());
      System.out.printf("host 3 cut off or deaf: %d ms without a step%n", gap.toMillis());
      String successor = counter.last().node();
      hosts.lab().heal(3);
      hosts.awaitWhole();
      awaitMore(20);
      if (!stoodStill(hosts)) { // then it loses its turn, and the next is for the preferred one
        assertThat(counter.last().node()).as("who runs it keeps it").isEqualTo(successor);
      }
      counter.assertDisjoint();
    }
  }

  private static boolean stoodStill(Hosts hosts) {
    return IntStream.rangeClosed(1, Hosts.COUNT)
        .anyMatch(host -> hosts.node(host).hasLogged("this member stood still"));
  }
}
