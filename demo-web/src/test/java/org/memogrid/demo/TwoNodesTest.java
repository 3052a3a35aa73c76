/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.memogrid.demo.DemoProcess.Answer;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.FreePorts;

/**
 * The demo's promise with two real JVMs and real HTTP: each value of t is computed once in the
 * cluster. The methods share the two nodes and use values of t of their own; the one that kills
 * comes last.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class TwoNodesTest {
  private static FreePorts ports;
  private static DemoProcess a;
  private static DemoProcess b;

  @BeforeAll
  static void startBothAtTheSameInstant() throws IOException {
    ports = FreePorts.take();
    a = node(0);
    b = node(1);
    a.awaitMembers(2);
    b.awaitMembers(2);
  }

  @AfterAll
  static void stop() {
    a.close();
    b.close();
    ports.close();
  }

  @Test
  @Order(1)
  void theFirstCallTakesItsTimeAndTheNextOnesAreAnsweredAtOnceOnBothNodes() throws Exception {
    Answer first = answer(a.get("/example/?t=2"));
    assertThat(first.body()).isEqualTo("value=3\n");
    assertThat(first.took()).isGreaterThanOrEqualTo(Duration.ofSeconds(2));
    for (DemoProcess node : List.of(a, b)) {
      Answer next = answer(node.get("/example/?t=2"));
      assertThat(next.body()).isEqualTo("value=3\n");
      assertThat(next.memo()).as("answered at once").isEqualTo("hit");
    }
    assertThat(a.runs(2) + b.runs(2)).isEqualTo(1);
  }

  @Test
  @Order(2)
  void callsOnBothNodesWhileTheFunctionRunsAreAnsweredWhenItEnds() throws Exception {
    List<CompletableFuture<Answer>> calls = new ArrayList<>();
    calls.add(a.get("/example/?t=3"));
    Await.until("the run for t=3", () -> a.runs(3) == 1);
    calls.add(b.get("/example/?t=3"));
    calls.add(a.get("/example/?t=3"));
    List<String> memos = new ArrayList<>();
    for (CompletableFuture<Answer> call : calls) {
      Answer answer = answer(call);
      assertThat(answer.body()).isEqualTo("value=4\n");
      memos.add(answer.memo());
    }
    assertThat(a.runs(3) + b.runs(3)).isEqualTo(1);
    assertThat(memos).containsExactly("run", "joined", "joined");
  }

  @Test
  @Order(3)
  void whenTheComputingNodeIsKilledTheOtherComputesAndItsCallersAreAnswered() throws Exception {
    long seed = System.nanoTime();
    Duration moment = Duration.ofMillis(500 + new Random(seed).nextInt(1500));
    System.out.println("kill after " + moment + ", seed " + seed);
    // Several keys, so that some have their home on the node that dies and some on the other.
    List<Integer> keys = List.of(4, 5, 6, 7);
    long started = System.nanoTime();
    for (int t : keys) {
      var dies = a.get("/example/?t=" + t);
      assertThat(dies).isNotDone();
    }
    Await.until("the runs", () -> keys.stream().allMatch(t -> a.runs(t) == 1));
    List<CompletableFuture<Answer>> calls = new ArrayList<>();
    for (int t : keys) {
      calls.add(b.get("/example/?t=" + t));
    }
    Await.until("the moment of the kill", () -> System.nanoTime() - started > moment.toNanos());
    a.kill();

    for (int t : keys) {
      Answer answer = answer(calls.get(keys.indexOf(t)));
      assertThat(answer.body()).isEqualTo("value=" + (t + 1) + "\n");
      assertThat(answer.status()).isEqualTo(200);
      assertThat(b.runs(t))
          .as("runs for t=%s on the other node", t)
          .isBetween(a.computed(t) ? 0L : 1L, 1L);
    }

    a = node(0);
    a.awaitMembers(2);
    for (int t : keys) {
      Answer answer = answer(a.get("/example/?t=" + t));
      assertThat(answer.body()).isEqualTo("value=" + (t + 1) + "\n");
      assertThat(answer.memo()).isEqualTo("hit");
      assertThat(a.runs(t)).as("runs for t=%s on the node that came back", t).isZero();
    }
    assertThat(keys).anyMatch(t -> b.runs(t) == 1);
  }

  @Test
  @Order(4)
  void aWaitingNodeThatIsKilledDisturbsNobody() throws Exception {
    List<Integer> keys = List.of(8, 9, 10);
    List<CompletableFuture<Answer>> calls = new ArrayList<>();
    for (int t : keys) {
      calls.add(b.get("/example/?t=" + t));
    }
    Await.until("the runs", () -> keys.stream().allMatch(t -> b.runs(t) == 1));
    for (int t : keys) {
      assertThat(a.get("/example/?t=" + t)).isNotDone();
    }
    a.kill();
    for (int t : keys) {
      assertThat(answer(calls.get(keys.indexOf(t))).body()).isEqualTo("value=" + (t + 1) + "\n");
      assertThat(b.runs(t)).isEqualTo(1);
    }
  }

  private static DemoProcess node(int number) throws IOException {
    int base = ports.base();
    return DemoProcess.start(
        base + 50 + number,
        "--node-name",
        "node-" + number,
        "--cluster-name",
        "two-nodes-" + base,
        "--cluster-port",
        Integer.toString(base));
  }

  private static Answer answer(CompletableFuture<Answer> call) throws Exception {
    return call.get(Await.LONG.toSeconds(), TimeUnit.SECONDS);
  }
}
