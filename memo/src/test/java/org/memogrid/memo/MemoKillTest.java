/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.FreePorts;
import org.memogrid.testkit.NodeContext;
import org.memogrid.testkit.NodeProcess;

/** Members in JVMs of their own, one of which is killed: nobody hangs, nobody runs in vain. */
@Timeout(180)
class MemoKillTest {
  private static final int KEYS = 8;

  private final FreePorts ports = FreePorts.take();
  private final List<NodeProcess> nodes = new ArrayList<>();
  private final Map<String, AtomicInteger> running = new ConcurrentHashMap<>();

  @AfterEach
  void end() {
    nodes.forEach(NodeProcess::close);
    ports.close();
  }

  @Test
  void aWaiterComputesInThePlaceOfALeaderThatIsKilled() throws Exception {
    aWaiterComputesInThePlaceOfALeaderThatIsKilled(Mode.DISTRIBUTED);
  }

  @Test
  @Tag("long")
  void alsoWhereNothingIsStored() throws Exception {
    aWaiterComputesInThePlaceOfALeaderThatIsKilled(Mode.INVALIDATED);
  }

  /** Some of the keys have the killed one for their home, too. */
  private void aWaiterComputesInThePlaceOfALeaderThatIsKilled(Mode mode) throws Exception {
    start(mode);
    NodeProcess leader = nodes.get(1);
    NodeProcess waiter = nodes.get(2);
    callAll(leader);
    Await.until("all runs", () -> runsOn(leader) == KEYS);
    List<CompletableFuture<String>> waiting = callAll(waiter);
    Await.until("all to wait", () -> waiter.call(MemoKillTest::waiting) == KEYS);

    leader.kill();

    Await.until("other runs", () -> runsOn(waiter) == KEYS);
    waiter.run(node -> latch(node).countDown());
    for (int key = 0; key < KEYS; key++) {
      assertThat(waiting.get(key).get(30, TimeUnit.SECONDS))
          .isEqualTo(key + " by " + waiter.name());
    }
    assertThat(runsOn(waiter)).isEqualTo(KEYS);
    if (mode == Mode.DISTRIBUTED) {
      assertThat(nodes.get(0).call(MemoKillTest::results))
          .allMatch(result -> result.endsWith(waiter.name()));
    }
  }

  @Test
  void aRunOutlivesTheHomeOfItsKey() throws Exception {
    aRunOutlivesTheHomeOfItsKey(Mode.REPLICATED);
  }

  @Test
  @Tag("long")
  void alsoWhereFewHoldIt() throws Exception {
    aRunOutlivesTheHomeOfItsKey(Mode.DISTRIBUTED);
  }

  /** The run goes on under the new home, and nobody runs beside it. */
  private void aRunOutlivesTheHomeOfItsKey(Mode mode) throws Exception {
    start(mode);
    NodeProcess home = nodes.get(1);
    NodeProcess leader = nodes.get(2);
    NodeProcess waiter = nodes.get(0);
    List<CompletableFuture<String>> computing = callAll(leader);
    Await.until("all runs", () -> runsOn(leader) == KEYS);
    List<CompletableFuture<String>> waiting = callAll(waiter);
    Await.until("all to wait", () -> waiter.call(MemoKillTest::waiting) == KEYS);

    home.kill();

    Await.until(
        "a view of two",
        () -> waiter.call(node -> node.cluster().membership().members().size()) == 2);
    leader.run(node -> latch(node).countDown());
    for (int key = 0; key < KEYS; key++) {
      String expected = key + " by " + leader.name();
      assertThat(computing.get(key).get(30, TimeUnit.SECONDS)).isEqualTo(expected);
      assertThat(waiting.get(key).get(30, TimeUnit.SECONDS)).isEqualTo(expected);
    }
    assertThat(runsOn(leader)).isEqualTo(KEYS);
    assertThat(runsOn(waiter)).isZero();
    assertThat(waiter.call(MemoKillTest::results))
        .allMatch(result -> result.endsWith(leader.name()));
  }

  private void start(Mode mode) {
    int port = ports.base();
    for (String name : List.of("a", "b", "c")) {
      NodeProcess node = NodeProcess.start(name);
      AtomicInteger runs = running.computeIfAbsent(name, n -> new AtomicInteger());
      node.onEvent("runs", key -> runs.incrementAndGet());
      nodes.add(node);
    }
    for (NodeProcess node : nodes) {
      String name = node.name();
      node.run(
          context -> {
            context.join(Cluster.builder().name("memo-kill").nodeName(name).port(port));
            var unused =
                context.kept(
                    "memo",
                    () ->
                        Memo.<Integer, String>builder(
                                "slow",
                                key -> {
                                  context.emit("runs", key);
                                  await(latch(context));
                                  return key + " by " + name;
                                })
                            .mode(mode)
                            .build(context.cluster()));
          });
    }
  }

  private static List<CompletableFuture<String>> callAll(NodeProcess node) {
    List<CompletableFuture<String>> calls = new ArrayList<>();
    for (int key = 0; key < KEYS; key++) {
      int own = key;
      calls.add(node.callAsync(context -> memo(context).apply(own)));
    }
    return calls;
  }

  private int runsOn(NodeProcess node) {
    AtomicInteger runs = running.get(node.name());
    return runs == null ? 0 : runs.get();
  }

  // ---- in the other JVM

  private static List<String> results(NodeContext node) {
    List<String> results = new ArrayList<>();
    for (int key = 0; key < KEYS; key++) {
      results.add(memo(node).apply(key));
    }
    return results;
  }

  private static int waiting(NodeContext node) {
    return ((MemoHandle<Integer, String>) memo(node)).waiting();
  }

  private static Memo<Integer, String> memo(NodeContext node) {
    return node.kept("memo", MemoKillTest::missing);
  }

  private static CountDownLatch latch(NodeContext node) {
    return node.kept("latch", () -> new CountDownLatch(1));
  }

  private static Memo<Integer, String> missing() {
    throw new IllegalStateException("not started");
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(Duration.ofMinutes(2).toSeconds(), TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
