/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.memogrid.pipeline.Lone.awaitGate;
import static org.memogrid.pipeline.Lone.failure;
import static org.memogrid.pipeline.Lone.get;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Cluster;
import org.memogrid.testkit.Await;

/** Who waits for which ends of values, and what may hang on them. */
class PipelineEndsTest {
  private static final Cluster CLUSTER = Cluster.local();

  @AfterAll
  static void close() {
    CLUSTER.close();
  }

  /**
   * 1. Two values end in one turn, and one thread completes both. 2. What depends on the first
   * waits for the second. 3. The thread that would complete the second is the one that waits.
   */
  @Test
  void whatDependsOnOneEndMayWaitForAnother() throws Exception {
    try (Pipeline<Integer, Integer> p =
        Lone.<Integer, Integer>pipeline().step("one", n -> n).concurrency(4).start(CLUSTER)) {
      for (int round = 0; round < 200; round++) {
        List<Submission<Integer>> all = IntStream.range(0, 8).mapToObj(n -> p.submit(n)).toList();
        List<CompletableFuture<Void>> dependents = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
          Submission<Integer> next = all.get(i + 1);
          dependents.add(all.get(i).thenAccept(v -> assertThat(next.join()).isEqualTo(v + 1)));
        }
        for (CompletableFuture<Void> each : dependents) {
          get(each);
        }
      }
    }
  }

  /**
   * 1. Nothing depends on it when its thread looks. 2. Now something does, and waits for another.
   */
  @Test
  void whatIsAttachedAtTheLastMomentMayWaitForAnotherEnd() throws Exception {
    Map<String, Runnable> attach = new ConcurrentHashMap<>();
    AtomicReference<CountDownLatch> gate = new AtomicReference<>(new CountDownLatch(1));
    try (Pipeline<Integer, Integer> p =
        Lone.<Integer, Integer>pipeline()
            .step(
                "one",
                n -> {
                  awaitGate(Objects.requireNonNull(gate.get()));
                  return n;
                })
            .concurrency(4)
            .start(CLUSTER)) {
      p.onProgress(
          progress -> {
            Runnable its = attach.get(progress.id());
            if (is(progress, "ENDED") && its != null) {
              its.run();
            }
          });
      for (int round = 0; round < 50; round++) {
        gate.set(new CountDownLatch(1));
        List<Submission<Integer>> all = IntStream.range(0, 8).mapToObj(n -> p.submit(n)).toList();
        CountDownLatch dependents = new CountDownLatch(7);
        for (int i = 0; i < 7; i++) {
          Submission<Integer> its = all.get(i);
          Submission<Integer> next = all.get(i + 1);
          attach.put(
              its.id(),
              () -> {
                var unused =
                    its.thenAccept(
                        v -> {
                          assertThat(next.join()).isEqualTo(v + 1);
                          dependents.countDown();
                        });
              });
        }
        Objects.requireNonNull(gate.get()).countDown();
        assertThat(dependents.await(20, TimeUnit.SECONDS)).isTrue();
      }
    }
  }

  @Test
  void whoSubmitsWithOneIdGetsOneResult() throws Exception {
    AtomicInteger runs = new AtomicInteger();
    try (Pipeline<Integer, Integer> p =
        Lone.<Integer, Integer>pipeline()
            .step("count", n -> runs.incrementAndGet())
            .start(CLUSTER)) {
      Submit options = Submit.plain().id("order-7");
      Submission<Integer> first = p.submit(1, options);
      Submission<Integer> second = p.submit(1, options);
      assertThat(get(first)).isEqualTo(1);
      assertThat(get(second)).isEqualTo(1);
      assertThat(get(p.submit(1, options))).isEqualTo(1);
      assertThat(get(p.result("order-7"))).isEqualTo(1);
      assertThat(runs).hasValue(1);
    }
  }

  /** Its entry by another step is another queue, which knows nothing of the first. */
  @Test
  void aValueWhoseEndIsKnownIsNotSubmittedAgain() throws Exception {
    AtomicInteger runs = new AtomicInteger();
    try (Pipeline<Integer, Integer> p =
        Lone.<Integer, Integer>pipeline()
            .step("first", n -> n)
            .step("count", n -> runs.incrementAndGet())
            .start(CLUSTER)) {
      assertThat(get(p.submit(1, Submit.plain().id("order-8")))).isEqualTo(1);
      assertThat(get(p.submit(1, Submit.at("count").id("order-8")))).isEqualTo(1);
      // The step is handed no other value before what may have been submitted twice.
      assertThat(get(p.submit(1, Submit.at("count")))).isEqualTo(2);
    }
  }

  @Test
  void whoJoinsWithADeadlineEndsItsOwnWaitingAlone() throws Exception {
    CountDownLatch gate = new CountDownLatch(1);
    try (Pipeline<Integer, Integer> p =
        Lone.<Integer, Integer>pipeline()
            .step(
                "hold",
                n -> {
                  awaitGate(gate);
                  return n + 1;
                })
            .start(CLUSTER)) {
      Submit options = Submit.plain().id("order-9");
      Submission<Integer> first = p.submit(1, options);
      Await.until("it is at work", () -> p.stats().get(0).inFlight() == 1);
      Submission<Integer> joined = p.submit(1, options.deadline(Duration.ofMillis(30)));
      assertThat(failure(joined)).isInstanceOf(TimeoutException.class);
      gate.countDown();
      assertThat(get(first)).isEqualTo(2);
      assertThat(get(p.result("order-9"))).isEqualTo(2);
    }
  }

  @Test
  void aResultThatNobodyKnowsEndsInTime() {
    try (Pipeline<Integer, Integer> p =
        Lone.<Integer, Integer>pipeline().step("one", n -> n).start(CLUSTER)) {
      assertThat(failure(p.result("nobody's", Duration.ofMillis(50))))
          .isInstanceOf(TimeoutException.class)
          .hasMessageContaining("nobody's")
          .hasMessageContaining(p.name());
      assertThat(p.underWay()).isZero();
    }
  }

  private static boolean is(Progress progress, String kind) {
    return progress.kind().name().equals(kind);
  }
}
