/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.memogrid.pipeline.Lone.failure;
import static org.memogrid.pipeline.Lone.get;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Cluster;
import org.memogrid.testkit.Await;

/** Ways of values that are not straight: futures, fan-outs, jumps. */
class PipelineWaysTest {
  private static final Cluster CLUSTER = Cluster.local();

  @AfterAll
  static void close() {
    CLUSTER.close();
  }

  @Test
  void noMoreFuturesAreAwaitedThanTheStepSays() throws Exception {
    Queue<CompletableFuture<Integer>> open = new ConcurrentLinkedQueue<>();
    AtomicInteger asked = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    try (Pipeline<Integer, Integer> p =
        Lone.<Integer, Integer>pipeline()
            .stepAsync(
                "ask",
                n -> {
                  CompletableFuture<Integer> later = new CompletableFuture<>();
                  open.add(later);
                  most.accumulateAndGet(open.size(), Math::max);
                  asked.incrementAndGet();
                  return later;
                },
                Step.plain().awaiting(5).timeout(Duration.ofMinutes(1)))
            .start(CLUSTER)) {
      List<Submission<Integer>> all = IntStream.range(0, 40).mapToObj(n -> p.submit(n)).toList();
      for (int n = 0; n < 40; n++) {
        int before = Math.min(40, n + 5);
        Await.until("as many as may be", () -> asked.get() == before);
        Objects.requireNonNull(open.poll()).complete(1);
      }
      for (Submission<Integer> each : all) {
        assertThat(get(each)).isEqualTo(1);
      }
      assertThat(most).hasValue(5);
    }
    assertThatThrownBy(() -> Step.plain().awaiting(0)).hasMessageContaining("awaits");
    assertThatThrownBy(() -> Step.plain().awaiting(100_001)).hasMessageContaining("100000");
  }

  @Test
  void aFutureIsAwaitedWithoutAThread() throws Exception {
    Queue<CompletableFuture<Integer>> open = new ConcurrentLinkedQueue<>();
    try (Pipeline<Integer, Integer> p =
        Lone.<Integer, Integer>pipeline()
            .stepAsync(
                "ask",
                n -> {
                  CompletableFuture<Integer> later = new CompletableFuture<>();
                  open.add(later);
                  return later;
                })
            .step("double", n -> n * 2)
            .stepTimeout(Duration.ofMinutes(1))
            .start(CLUSTER)) {
      List<Submission<Integer>> all = IntStream.range(0, 300).mapToObj(n -> p.submit(n)).toList();
      Await.until("all asked by one thread", () -> open.size() == 300);
      open.forEach(later -> later.complete(21));
      for (Submission<Integer> each : all) {
        assertThat(get(each)).isEqualTo(42);
      }
    }
  }

  @Test
  void aFutureThatDoesNotEndInTimeEndsTheValueUnlessTheHandlerSaysOtherwise() throws Exception {
    try (Pipeline<String, String> p =
        Lone.<String, String>pipeline()
            .step("plain", text -> text)
            .stepAsync(
                "never",
                text -> new CompletableFuture<String>(),
                Step.plain().timeout(Duration.ofMillis(20)))
            .stepAsync(
                "handled",
                text -> new CompletableFuture<String>(),
                Step.concurrency(2)
                    .timeout(Duration.ofMillis(20))
                    .onError(
                        (error, value, step) ->
                            Recovery.complete(error.getClass().getSimpleName())))
            .start(CLUSTER)) {
      Throwable late = failure(p.submit("x"));
      assertThat(late)
          .isInstanceOf(StepTimeoutException.class)
          .hasMessageContaining(p.name())
          .hasMessageContaining("'never'");
      assertThat(((StepTimeoutException) late).attempts()).isEqualTo(1);
      Await.until("the dead letter", () -> p.deadLetters().list().size() == 1);
      CompletableFuture<?> handled = p.submit("x", Submit.at("handled"));
      assertThat((Object) get(handled)).isEqualTo("StepTimeoutException");
    }
  }

  @Test
  void aFanOutIsJoinedInOrderAndItsFirstFailureFailsTheValue() throws Exception {
    try (Pipeline<List<Integer>, Integer> p =
        Lone.<List<Integer>, Integer>pipeline()
            .fanOut("split", list -> list)
            .step(
                "square",
                n -> {
                  if (n == 13) {
                    throw new IllegalStateException("thirteen");
                  }
                  return n * n;
                },
                Step.concurrency(8)
                    .onError(
                        (error, value, step) -> {
                          if (step.attempt() < 2) {
                            return Recovery.retry(Duration.ZERO);
                          }
                          return Recovery.fail(error);
                        }))
            .fanOut("twice", n -> List.of(n, n))
            .step("minus", n -> -n)
            .join("sum", two -> two.get(0) + two.get(1))
            .join("fold", all -> all.stream().reduce(7, (a, b) -> a * 31 + b))
            .start(CLUSTER)) {
      List<Integer> numbers = IntStream.range(0, 12).boxed().toList();
      int expected = numbers.stream().map(n -> -2 * n * n).reduce(7, (a, b) -> a * 31 + b);
      assertThat(get(p.submit(numbers))).isEqualTo(expected);
      assertThat(get(p.submit(List.of()))).isEqualTo(7);
      Throwable failure = failure(p.submit(List.of(1, 13, 2)));
      assertThat(failure).isInstanceOf(StepFailedException.class).hasRootCauseMessage("thirteen");
      assertThat(((StepFailedException) failure).attempts()).isEqualTo(2);
      assertThatThrownBy(() -> p.submit(List.of(), Submit.at("square")))
          .hasMessageContaining("fan-out");
    }
  }

  @Test
  void stepsJumpAndCyclesEnd() throws Exception {
    AtomicInteger runs = new AtomicInteger();
    try (Pipeline<Integer, Integer> p =
        Lone.<Integer, Integer>pipeline()
            .step("halve", n -> n / 2)
            .step(
                "again",
                (n, step) -> {
                  runs.incrementAndGet();
                  if (n > 4) {
                    step.goTo("halve");
                  } else if (n == 0) {
                    step.goTo("again");
                  } else if (n == 4) {
                    step.goTo(StepContext.END);
                  }
                  return n;
                })
            .step("negate", n -> -n)
            .maxJumps(20)
            .start(CLUSTER)) {
      assertThat(get(p.submit(24))).isEqualTo(-3);
      assertThat(get(p.submit(64))).isEqualTo(4);
      assertThat(get(p.submit(3, Submit.at("negate")))).isEqualTo(-3);
      runs.set(0);
      assertThat(failure(p.submit(0)))
          .isInstanceOf(StepFailedException.class)
          .hasMessageContaining(p.name())
          .hasMessageContaining("'again'")
          .hasMessageContaining("more than 20 times");
      assertThat(runs).hasValue(21);
    }
  }

  @Test
  void aCycleEndsAfterAHundredJumpsUnlessSaidOtherwise() {
    AtomicInteger runs = new AtomicInteger();
    try (Pipeline<Integer, Integer> p =
        Lone.<Integer, Integer>pipeline()
            .step(
                "again",
                (n, step) -> {
                  runs.incrementAndGet();
                  step.goTo("again");
                  return n;
                })
            .start(CLUSTER)) {
      assertThat(failure(p.submit(0))).hasMessageContaining("more than 100 times");
      assertThat(runs).hasValue(101);
    }
  }
}
