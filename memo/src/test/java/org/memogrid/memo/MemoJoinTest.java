/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.TestTiming;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.TestCluster;

/** Members that come while a run goes on, and after; a cluster that closes under its callers. */
@Timeout(300)
class MemoJoinTest {
  private static final int KEYS = 16;

  private final AtomicInteger runs = new AtomicInteger();
  private final CountDownLatch goOn = new CountDownLatch(1);

  private static TestCluster cluster(int nodes) {
    return TestCluster.of(nodes, node -> TestTiming.timing(node, TestTiming.ONE_AFTER_ANOTHER));
  }

  private Memo<Integer, String> slow(Mode mode, Cluster node) {
    return Memo.<Integer, String>builder(
            "slow",
            key -> {
              runs.incrementAndGet();
              await(goOn);
              return "result " + key;
            })
        .mode(mode)
        .build(node);
  }

  /** Some of the keys have the joiner for their new home. */
  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void aJoinerWaitsForTheRunThatGoesOnAndFindsTheResult(Mode mode) throws Exception {
    try (TestCluster members = cluster(1)) {
      Memo<Integer, String> first = slow(mode, members.node(0));
      List<CompletableFuture<String>> calls = callAll(first);
      Await.until("all runs", () -> runs.get() == KEYS);

      Memo<Integer, String> joiner = slow(mode, members.join());
      calls.addAll(callAll(joiner));
      Await.until("all to wait", () -> ((MemoHandle<?, ?>) joiner).waiting() == KEYS);
      goOn.countDown();
      for (int i = 0; i < calls.size(); i++) {
        assertThat(get(calls.get(i))).isEqualTo("result " + i % KEYS);
      }
      assertThat(runs).hasValue(KEYS);

      Memo<Integer, String> late = slow(mode, members.join());
      for (int key = 0; key < KEYS; key++) {
        assertThat(late.apply(key)).isEqualTo("result " + key);
      }
      assertThat(runs).hasValue(KEYS);
      assertThat(late.stats().runs()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource
  void whenTheClusterClosesAllItsCallersAreReleased(Mode mode) throws Exception {
    try (TestCluster members = cluster(2)) {
      Cluster closing = members.node(1);
      Memo<Integer, String> other = slow(mode, members.node(0));
      Memo<Integer, String> memo = slow(mode, closing);
      Memo<Integer, String> leader = mode == Mode.LOCAL ? memo : other;
      List<CompletableFuture<String>> computing = callAll(leader);
      Await.until("all runs", () -> runs.get() == KEYS);
      List<CompletableFuture<String>> waiting = callAll(memo);
      for (int key = 0; key < KEYS; key++) {
        int own = key;
        waiting.add(CompletableFuture.supplyAsync(() -> memo.apply(own), Threads::start));
      }
      int all = waiting.size() + (mode == Mode.LOCAL ? KEYS : 0);
      Await.until("all to wait", () -> ((MemoHandle<?, ?>) memo).waiting() == all);

      members.leave(1);

      for (Future<String> waiter : waiting) {
        assertThat(catchThrowable(() -> get(waiter)).getCause())
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("the cluster was closed on n1");
      }
      assertThatThrownBy(() -> memo.apply(0)).isInstanceOf(IllegalStateException.class);
      goOn.countDown();
      for (int key = 0; key < KEYS; key++) {
        CompletableFuture<String> call = computing.get(key);
        if (mode == Mode.LOCAL) { // of the member that left: its callers were released, too
          assertThat(catchThrowable(() -> get(call)).getCause())
              .isInstanceOf(IllegalStateException.class)
              .hasMessageContaining("the cluster was closed on n1");
        } else {
          assertThat(get(call)).isEqualTo("result " + key);
        }
      }
      assertThat(runs).hasValue(KEYS);
    }
  }

  private static List<CompletableFuture<String>> callAll(Memo<Integer, String> memo) {
    List<CompletableFuture<String>> calls = new ArrayList<>();
    for (int key = 0; key < KEYS; key++) {
      calls.add(memo.async(key));
    }
    return calls;
  }

  private static String get(Future<String> future) throws Exception {
    return future.get(30, TimeUnit.SECONDS);
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** A thread for each that waits. */
  private static final class Threads {
    static void start(Runnable task) {
      Thread thread = new Thread(task, "caller");
      thread.setDaemon(true);
      thread.start();
    }
  }
}
