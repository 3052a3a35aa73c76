/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Mode;
import org.memogrid.memo.Memo;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeContext;
import org.memogrid.testkit.NodeProcess;
import org.memogrid.testkit.ProcessCluster;

/**
 * A memo over JVMs of their own: one run for all, and what becomes of the callers when the member
 * that computes or the key's home is killed half-way, or stands still for longer than the others
 * wait. The function waits at a gate of its member until the test lets it pass.
 */
class MemoFaultTest {
  private static final int STAMPEDE = 64;
  private static final ProcessCluster CLUSTER = ProcessCluster.of(0);
  private static final List<Run> RUNS = new CopyOnWriteArrayList<>();

  private record Run(String node, String key) {}

  @BeforeEach
  void threeNodes() {
    List<NodeProcess> spares = new ArrayList<>();
    for (int missing = CLUSTER.nodes().size(); missing < 3; missing++) {
      spares.add(CLUSTER.spare());
    }
    for (NodeProcess node : spares) {
      CLUSTER.join(node);
      node.onEvent("runs", key -> RUNS.add(new Run(node.name(), String.valueOf(key))));
    }
  }

  @AfterAll
  static void end() {
    CLUSTER.close();
  }

  @Test
  void aStampedeOfSixtyFourCallersRunsTheFunctionOnce() {
    stampede(4);
    CLUSTER.leave(CLUSTER.node(2));
    stampede(4);
  }

  private static void stampede(int rounds) {
    CLUSTER.nodes().forEach(MemoFaultTest::openGate);
    int nodes = CLUSTER.nodes().size();
    for (int round = 0; round < rounds; round++) {
      for (Mode mode : List.of(Mode.REPLICATED, Mode.DISTRIBUTED)) {
        String key = "stampede-" + nodes + "-" + round;
        RUNS.removeIf(run -> run.key().equals(key));
        List<CompletableFuture<List<String>>> calls = new ArrayList<>();
        for (int i = 0; i < nodes; i++) {
          int callers = STAMPEDE / nodes + (i < STAMPEDE % nodes ? 1 : 0);
          calls.add(CLUSTER.node(i).callAsync(there -> atOnce(callers, memo(there, mode), key)));
        }
        List<String> answers = new ArrayList<>();
        for (CompletableFuture<List<String>> call : calls) {
          Await.until("the answers", call::isDone);
          answers.addAll(call.join());
        }
        assertThat(answers).hasSize(STAMPEDE).containsOnly("value of " + key);
        assertThat(runs(key)).as("%s over %d members", mode, nodes).hasSize(1);
      }
    }
    CLUSTER.nodes().forEach(MemoFaultTest::shutGate);
  }

  /** Runs in the node's JVM. */
  private static List<String> atOnce(int callers, Memo<String, String> memo, String key)
      throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(callers);
    try {
      CyclicBarrier start = new CyclicBarrier(callers);
      List<Future<String>> calls = new ArrayList<>();
      for (int i = 0; i < callers; i++) {
        calls.add(
            threads.submit(
                () -> {
                  start.await();
                  return memo.apply(key);
                }));
      }
      List<String> answers = new ArrayList<>();
      for (Future<String> call : calls) {
        answers.add(call.get(60, TimeUnit.SECONDS));
      }
      return answers;
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void aFunctionRunsOnceForTheCallersOfAllMembers() {
    for (Mode mode : List.of(Mode.REPLICATED, Mode.DISTRIBUTED)) {
      String key = "once-" + mode;
      List<CompletableFuture<String>> calls = callAll(mode, key);
      Await.until("the run", () -> !runs(key).isEmpty());
      CLUSTER.nodes().forEach(MemoFaultTest::openGate);
      assertThat(calls).allSatisfy(call -> answers(call, key));
      assertThat(runs(key)).hasSize(1);
      assertThat(callAll(mode, key)).allSatisfy(call -> answers(call, key));
      assertThat(runs(key)).hasSize(1);
      CLUSTER.nodes().forEach(MemoFaultTest::shutGate);
    }
  }

  @Test
  void anotherComputesWhenTheLeaderIsKilled() {
    for (Mode mode : List.of(Mode.REPLICATED, Mode.DISTRIBUTED)) {
      threeNodes();
      String key = "leader-" + mode;
      List<NodeProcess> nodes = CLUSTER.nodes();
      List<CompletableFuture<String>> calls = callAll(mode, key);
      Await.until("the run", () -> !runs(key).isEmpty());
      NodeProcess leader = byName(runs(key).get(0).node());
      CLUSTER.kill(leader);
      CLUSTER.nodes().forEach(MemoFaultTest::openGate);
      for (int i = 0; i < nodes.size(); i++) {
        if (nodes.get(i) != leader) {
          answers(calls.get(i), key);
        }
      }
      assertThat(runs(key)).as("the lost run and one more").hasSize(2);
      CLUSTER.nodes().forEach(MemoFaultTest::shutGate);
    }
  }

  /** Of so many keys the killed member is home to some. */
  @Test
  void callersAreAnsweredWhenAHomeIsKilled() {
    List<String> keys = IntStream.range(0, 12).mapToObj(i -> "home-" + i).toList();
    NodeProcess home = CLUSTER.node(1);
    List<CompletableFuture<String>> calls = new ArrayList<>();
    for (String key : keys) {
      calls.add(call(CLUSTER.node(0), Mode.DISTRIBUTED, key));
      Await.until("the run of " + key, () -> !runs(key).isEmpty());
      calls.add(call(CLUSTER.node(2), Mode.DISTRIBUTED, key));
    }
    CLUSTER.kill(home);
    CLUSTER.awaitMembers();
    CLUSTER.nodes().forEach(MemoFaultTest::openGate);
    for (int i = 0; i < calls.size(); i++) {
      answers(calls.get(i), keys.get(i / 2));
    }
    for (String key : keys) {
      assertThat(runs(key)).as(key).hasSize(1);
    }
    CLUSTER.nodes().forEach(MemoFaultTest::shutGate);
  }

  private static List<CompletableFuture<String>> callAll(Mode mode, String key) {
    return CLUSTER.nodes().stream().map(node -> call(node, mode, key)).toList();
  }

  private static CompletableFuture<String> call(NodeProcess node, Mode mode, String key) {
    return node.callAsync(there -> memo(there, mode).apply(key));
  }

  private static Memo<String, String> memo(NodeContext there, Mode mode) {
    return there.kept(
        "memo-" + mode,
        () ->
            Memo.<String, String>builder("gated-" + mode, key -> compute(there, key))
                .mode(mode)
                .build(there.cluster()));
  }

  private static String compute(NodeContext there, String key) {
    there.emit("runs", key);
    pass(there);
    if (key.startsWith("stampede")) {
      takeTime();
    }
    return "value of " + key;
  }

  /** As long as a question to somebody who is slow: all have come by then. */
  private static void takeTime() {
    try {
      assertThat(new CountDownLatch(1).await(200, TimeUnit.MILLISECONDS)).isFalse();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void pass(NodeContext there) {
    try {
      if (!gate(there).await(60, TimeUnit.SECONDS)) {
        throw new IllegalStateException("the gate stays shut");
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static CountDownLatch gate(NodeContext there) {
    return there.kept("gate", () -> new CountDownLatch(1));
  }

  private static void openGate(NodeProcess node) {
    node.run(there -> gate(there).countDown());
  }

  private static void shutGate(NodeProcess node) {
    node.run(there -> there.forget("gate"));
  }

  private static void answers(CompletableFuture<String> call, String key) {
    Await.until("an answer for " + key, call::isDone);
    assertThat(call).isCompletedWithValue("value of " + key);
  }

  private static List<Run> runs(String key) {
    return RUNS.stream().filter(run -> run.key().equals(key)).toList();
  }

  private static NodeProcess byName(String name) {
    return CLUSTER.nodes().stream().filter(n -> n.name().equals(name)).findFirst().orElseThrow();
  }
}
