/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import javax.management.JMX;
import javax.management.ObjectName;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Registration;
import org.memogrid.cluster.Cluster;
import org.memogrid.internal.node.Node;
import org.memogrid.queue.MessageQueue;
import org.memogrid.queue.QueueFullException;
import org.memogrid.testkit.Await;

/** What a pipeline offers, on a member that is alone. */
class PipelineTest {
  private static final Cluster CLUSTER = Cluster.local();
  private static final AtomicInteger NAMES = new AtomicInteger();
  private static final Duration TICK = Duration.ofMillis(1);

  @AfterAll
  static void close() {
    CLUSTER.close();
  }

  private static <I extends @Nullable Object, O extends @Nullable Object>
      PipelineBuilder<I, I, O> pipeline() {
    return Pipeline.<I, O>named("p" + NAMES.incrementAndGet()).backoff(TICK, TICK);
  }

  private static <T extends @Nullable Object> T get(CompletableFuture<T> future) throws Exception {
    return future.get(60, TimeUnit.SECONDS);
  }

  private static Throwable failure(CompletableFuture<?> future) {
    Throwable thrown = catchThrowable(() -> get(future));
    return thrown instanceof ExecutionException wrapped
        ? Objects.requireNonNull(wrapped.getCause())
        : thrown;
  }

  private static Pipeline<String, String> reverse(String name) {
    return Pipeline.<String, String>named(name)
        .step("seq", text -> new ArrayList<>(List.of(text.split(""))))
        .step(
            "reverse",
            letters -> {
              Collections.reverse(letters);
              return letters;
            },
            Step.concurrency(10).timeout(Duration.ofSeconds(20)))
        .step("apply-str", letters -> String.join("", letters))
        .concurrency(5)
        .start(CLUSTER);
  }

  @Test
  void aValueGoesThroughTheStepsInOrder() throws Exception {
    try (Pipeline<String, String> reverse = reverse("reverse-a-string")) {
      Submission<String> ham = reverse.submit("ham");
      assertThat(get(ham)).isEqualTo("mah");
      assertThat(reverse.steps()).containsExactly("seq", "reverse", "apply-str");
      assertThat(get(reverse.result(ham.id()))).isEqualTo("mah");
    }
  }

  @Test
  void aPipelineIsAStepOfAnother() throws Exception {
    try (Pipeline<String, String> reverse = reverse("reverse-inside");
        Pipeline<String, String> embiggen =
            PipelineTest.<String, String>pipeline()
                .step("reverse", reverse)
                .step("upper", text -> text.toUpperCase(Locale.ROOT))
                .step("mark", text -> "¡" + text + "!")
                .start(CLUSTER)) {
      assertThat(get(embiggen.submit("tiucsib"))).isEqualTo("¡BISCUIT!");
    }
  }

  @Test
  @SuppressWarnings("NullAway") // which does not know that a type argument may be nullable
  void nullIsAValueOnTheWayAndAtTheEnd() throws Exception {
    try (Pipeline<@Nullable String, @Nullable String> p =
        PipelineTest.<@Nullable String, @Nullable String>pipeline()
            .step("null", text -> text)
            .step("again", text -> text)
            .start(CLUSTER)) {
      Submission<@Nullable String> none = p.submit(null);
      assertThat(get(none)).isNull();
      assertThat(get(p.result(none.id()))).isNull();
    }
  }

  @Test
  void anErrorHandlerSkipsTheStepThatFailed() throws Exception {
    Queue<String> skipped = new ConcurrentLinkedQueue<>();
    try (Pipeline<String, String> p =
        PipelineTest.<String, String>pipeline()
            .step(
                "retrieve-a-url",
                url -> {
                  if (url.startsWith("bad")) {
                    throw new UncheckedIOException(new IOException("no route"));
                  }
                  return url + " retrieved";
                })
            .step("process-url-contents", text -> text + ", processed")
            .onError(
                (error, value, step) -> {
                  skipped.add(step.pipeline() + " " + step.currentStep() + " " + value);
                  return Recovery.jump(step.nextStep(), value);
                })
            .start(CLUSTER)) {
      assertThat(get(p.submit("good"))).isEqualTo("good retrieved, processed");
      assertThat(get(p.submit("bad"))).isEqualTo("bad, processed");
      assertThat(skipped).containsExactly(p.name() + " retrieve-a-url bad");
    }
  }

  @Test
  void anErrorHandlerGetsTheValueAsItCame() throws Exception {
    try (Pipeline<List<Integer>, List<Integer>> p =
        PipelineTest.<List<Integer>, List<Integer>>pipeline()
            .<List<Integer>>step(
                "reverse in place",
                list -> {
                  Collections.reverse(list);
                  throw new IllegalStateException("and then fail");
                })
            .step("end", list -> list)
            .onError((error, value, step) -> Recovery.jump(step.nextStep(), value))
            .start(CLUSTER)) {
      assertThat(get(p.submit(new ArrayList<>(List.of(1, 2, 3))))).containsExactly(1, 2, 3);
    }
  }

  @Test
  void aStepsOwnHandlerComesFirstAndMayHaltOrRethrow() throws Exception {
    AtomicInteger attempts = new AtomicInteger();
    try (Pipeline<String, String> p =
        PipelineTest.<String, String>pipeline()
            .step(
                "retrieve",
                url -> {
                  if (url.equals("unstable") && attempts.incrementAndGet() > 2) {
                    return "third time";
                  }
                  throw new IllegalStateException(url);
                },
                Step.plain()
                    .onError(
                        (error, value, step) -> {
                          if ("gone".equals(value)) {
                            return Recovery.halt();
                          }
                          throw (Exception) error;
                        }))
            .onError((error, value, step) -> Recovery.complete("the pipeline's handler"))
            .start(CLUSTER)) {
      assertThat(get(p.submit("unstable"))).isEqualTo("third time");
      assertThat(failure(p.submit("gone")))
          .isInstanceOf(PipelineHaltedException.class)
          .hasMessageContaining(p.name())
          .hasMessageContaining("'retrieve'");
    }
  }

  @Test
  void tenAttemptsThenADeadLetterThatAnswersAgainWhenItIsPutBack() throws Exception {
    AtomicInteger attempts = new AtomicInteger();
    AtomicBoolean mended = new AtomicBoolean();
    try (Pipeline<Integer, Integer> p =
        PipelineTest.<Integer, Integer>pipeline()
            .step("first", n -> n + 1)
            .step(
                "second",
                (n, step) -> {
                  assertThat(step.attempt()).isEqualTo(attempts.incrementAndGet());
                  if (!mended.get()) {
                    throw new IllegalStateException("no " + n);
                  }
                  return n * 10;
                })
            .start(CLUSTER)) {
      Submission<Integer> seven = p.submit(7);
      Throwable failure = failure(seven);
      assertThat(failure)
          .isInstanceOf(StepFailedException.class)
          .hasMessageContaining(p.name())
          .hasMessageContaining("'second'")
          .hasRootCauseInstanceOf(IllegalStateException.class)
          .hasRootCauseMessage("no 8");
      assertThat(((StepFailedException) failure).step()).isEqualTo("second");
      assertThat(((StepFailedException) failure).attempts()).isEqualTo(10);
      assertThat(attempts).hasValue(10);
      Await.until("the dead letter", () -> p.deadLetters().list().size() == 1);
      DeadSteps.DeadStep dead = p.deadLetters().list().get(0);
      assertThat(dead.id()).isEqualTo(seven.id());
      assertThat(dead.step()).isEqualTo("second");
      assertThat(dead.value()).isEqualTo(8);
      assertThat(dead.attempts()).isEqualTo(10);
      assertThat(dead.cause()).contains("no 8");
      mended.set(true);
      attempts.set(0);
      assertThat(p.deadLetters().redrive("somebody else's")).isFalse();
      assertThat(p.deadLetters().redrive(seven.id())).isTrue();
      assertThat(get(p.result(seven.id()))).as("its new end").isEqualTo(80);
      assertThat(p.deadLetters().list()).isEmpty();
    }
  }

  @Test
  void aDeadLetterWhoseDeadlineHasPassedStays() throws Exception {
    AtomicBoolean mended = new AtomicBoolean();
    try (Pipeline<Integer, Integer> p =
        PipelineTest.<Integer, Integer>pipeline()
            .step(
                "one",
                n -> {
                  if (!mended.get()) {
                    throw new IllegalStateException("not yet");
                  }
                  return n + 1;
                })
            .step("two", n -> n)
            .attempts(1)
            .start(CLUSTER)) {
      Duration limit = Duration.ofSeconds(4);
      long passed = System.nanoTime() + limit.plusMillis(100).toNanos();
      Submission<Integer> seven = p.submit(7, Submit.plain().deadline(limit));
      assertThat(failure(seven)).isInstanceOf(StepFailedException.class);
      Submission<Integer> eight = p.submit(8);
      assertThat(failure(eight)).isInstanceOf(StepFailedException.class);
      Await.until("the dead letters", () -> p.deadLetters().list().size() == 2);
      Await.until("the deadline", () -> System.nanoTime() - passed > 0);
      mended.set(true);
      assertThatThrownBy(() -> p.deadLetters().redrive(seven.id()))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining(p.name())
          .hasMessageContaining("'one'")
          .hasMessageContaining(seven.id())
          .hasMessageContaining("deadline");
      assertThat(p.deadLetters().redrive()).isEqualTo(1);
      assertThat(get(p.result(eight.id()))).isEqualTo(9);
      assertThat(failure(p.result(seven.id(), Duration.ofSeconds(20))))
          .as("the end of what was not put back is known as before")
          .isInstanceOf(StepFailedException.class);
      assertThat(p.deadLetters().list()).singleElement().extracting("id").isEqualTo(seven.id());
    }
  }

  /**
   * 1. Two values end in one turn, and one thread completes both. 2. What depends on the first
   * waits for the second. 3. The thread that would complete the second is the one that waits.
   */
  @Test
  void whatDependsOnOneEndMayWaitForAnother() throws Exception {
    try (Pipeline<Integer, Integer> p =
        PipelineTest.<Integer, Integer>pipeline()
            .step("one", n -> n)
            .concurrency(4)
            .start(CLUSTER)) {
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
        PipelineTest.<Integer, Integer>pipeline()
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
  void noMoreFuturesAreAwaitedThanTheStepSays() throws Exception {
    Queue<CompletableFuture<Integer>> open = new ConcurrentLinkedQueue<>();
    AtomicInteger asked = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    try (Pipeline<Integer, Integer> p =
        PipelineTest.<Integer, Integer>pipeline()
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
        PipelineTest.<Integer, Integer>pipeline()
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
        PipelineTest.<String, String>pipeline()
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
        PipelineTest.<List<Integer>, Integer>pipeline()
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
        PipelineTest.<Integer, Integer>pipeline()
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
        PipelineTest.<Integer, Integer>pipeline()
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

  @Test
  void aDeadlineEndsTheWaitingAndTheWork() throws Exception {
    CountDownLatch gate = new CountDownLatch(1);
    AtomicInteger second = new AtomicInteger();
    try (Pipeline<Integer, Integer> p =
        PipelineTest.<Integer, Integer>pipeline()
            .step(
                "hold",
                n -> {
                  awaitGate(gate);
                  return n;
                })
            .step("second", n -> second.incrementAndGet())
            .start(CLUSTER)) {
      Submission<Integer> late = p.submit(1, Submit.plain().deadline(Duration.ofMillis(30)));
      assertThat(failure(late)).isInstanceOf(TimeoutException.class).hasMessageContaining(p.name());
      gate.countDown();
      assertThat(get(p.submit(2))).isEqualTo(1);
      assertThat(failure(p.result(late.id()))).isInstanceOf(TimeoutException.class);
    }
  }

  private static void awaitGate(CountDownLatch gate) {
    try {
      assertThat(gate.await(60, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aFullPipelineRefusesAndJumpsBackAllTheSame() throws Exception {
    CountDownLatch gate = new CountDownLatch(1);
    try (Pipeline<Integer, Integer> p =
        PipelineTest.<Integer, Integer>pipeline()
            .step("in", n -> n)
            .step(
                "slow",
                (n, step) -> {
                  awaitGate(gate);
                  if (n < 1_000) {
                    step.goTo("in");
                  }
                  return n + 1_000;
                })
            .capacity(3)
            .start(CLUSTER)) {
      List<Submission<Integer>> taken = new ArrayList<>();
      Throwable refused = null;
      for (int n = 0; n < 100 && refused == null; n++) {
        Submission<Integer> next = p.submit(n);
        int before = taken.size();
        Await.until("it is in or refused", () -> next.isDone() || inside(p) > before);
        if (next.isDone()) {
          refused = failure(next);
        } else {
          taken.add(next);
        }
      }
      taken.removeIf(CompletableFuture::isCompletedExceptionally);
      assertThat(refused).isInstanceOf(QueueFullException.class).hasMessageContaining(p.name());
      assertThat(taken).hasSizeBetween(3, 8);
      gate.countDown();
      for (Submission<Integer> each : taken) {
        assertThat(get(each)).isBetween(2_000, 2_100);
      }
    }
  }

  private static long inside(Pipeline<?, ?> p) {
    return p.stats().stream().mapToLong(step -> step.depth() + step.inFlight()).sum();
  }

  @Test
  void whoSubmitsWithOneIdGetsOneResult() throws Exception {
    AtomicInteger runs = new AtomicInteger();
    try (Pipeline<Integer, Integer> p =
        PipelineTest.<Integer, Integer>pipeline()
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
        PipelineTest.<Integer, Integer>pipeline()
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
        PipelineTest.<Integer, Integer>pipeline()
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
  void aValueThatTheQueueGivesUpEndsToo() {
    String name = "buried" + NAMES.incrementAndGet();
    try (Pipeline<Integer, Integer> p =
            Pipeline.<Integer, Integer>named(name)
                .step("poison", n -> n)
                .submitOnly()
                .start(CLUSTER);
        MessageQueue<byte[]> queue =
            MessageQueue.named("pipeline/" + name + "/poison", byte[].class).open(CLUSTER)) {
      Submission<Integer> seven = p.submit(7);
      Registration rejects = queue.listen(message -> message.reject("nobody wants it"));
      Throwable failure = failure(seven);
      assertThat(failure)
          .isInstanceOf(StepFailedException.class)
          .hasMessageContaining("'poison'")
          .hasMessageContaining("nobody wants it");
      rejects.close();
    }
  }

  @Test
  void pipelinesOfAClusterThatClosesWaitForTheirStepsTogether() {
    CountDownLatch never = new CountDownLatch(1);
    CountDownLatch begun = new CountDownLatch(6);
    Cluster own = Cluster.local();
    for (int i = 0; i < 6; i++) {
      Pipeline<Integer, Integer> p =
          Pipeline.<Integer, Integer>named("stuck" + i)
              .step(
                  "stuck",
                  n -> {
                    begun.countDown();
                    awaitGate(never);
                    return n;
                  })
              .start(own);
      var unused = p.submit(i);
    }
    awaitGate(begun);
    long before = System.nanoTime();
    own.unwrap(Node.class).feature(PipelineFeature.class).stop();
    // Three seconds each, one after the other, would be eighteen.
    assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(15));
    never.countDown();
    own.close();
  }

  @Test
  void closingReleasesWhoWaits() {
    Pipeline<Integer, Integer> p =
        PipelineTest.<Integer, Integer>pipeline()
            .stepAsync("never", n -> new CompletableFuture<Integer>())
            .start(CLUSTER);
    Submission<Integer> waiting = p.submit(1);
    CompletableFuture<Integer> asking = p.result("nobody's");
    p.close();
    p.close();
    assertThat(failure(waiting)).isInstanceOf(CancellationException.class);
    assertThat(failure(asking)).isInstanceOf(CancellationException.class);
    assertThatThrownBy(() -> p.submit(2))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(p.name());
  }

  @Test
  void whatAStepIsAtWorkOnWhenThePipelineClosesGoesOn() throws Exception {
    String name = "closing" + NAMES.incrementAndGet();
    AtomicInteger runs = new AtomicInteger();
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch gate = new CountDownLatch(1);
    Pipeline<Integer, Integer> p =
        Pipeline.<Integer, Integer>named(name)
            .step(
                "work",
                n -> {
                  runs.incrementAndGet();
                  begun.countDown();
                  awaitGate(gate);
                  return n + 1;
                })
            .step("end", n -> n * 10)
            .start(CLUSTER);
    Submission<Integer> left = p.submit(1);
    assertThat(begun.await(60, TimeUnit.SECONDS)).isTrue();
    CompletableFuture<Void> closing = CompletableFuture.runAsync(p::close);
    assertThat(failure(left)).isInstanceOf(CancellationException.class);
    gate.countDown();
    get(closing);
    try (Pipeline<Integer, Integer> again =
        Pipeline.<Integer, Integer>named(name)
            .step("work", n -> n + 1)
            .step("end", n -> n * 10)
            .start(CLUSTER)) {
      assertThat(get(again.result(left.id()))).isEqualTo(20);
    }
    assertThat(runs).hasValue(1);
  }

  /** That it ended too late is no fault of the step. */
  @Test
  void whatEndsAfterAPipelineHasClosedIsNoAttempt() throws Exception {
    String name = "closed" + NAMES.incrementAndGet();
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch gate = new CountDownLatch(1);
    Pipeline<Integer, Integer> p =
        Pipeline.<Integer, Integer>named(name)
            .step(
                "work",
                n -> {
                  begun.countDown();
                  awaitGate(gate);
                  return n;
                })
            .step("end", n -> n)
            .start(CLUSTER);
    Submission<Integer> left = p.submit(1);
    awaitGate(begun);
    p.close();
    gate.countDown();
    try (Pipeline<Integer, Integer> again =
        Pipeline.<Integer, Integer>named(name)
            .step("work", (n, step) -> step.attempt())
            .step("end", n -> n)
            .start(CLUSTER)) {
      assertThat(get(again.result(left.id()))).as("its attempt").isEqualTo(1);
    }
  }

  @Test
  void aResultThatNobodyKnowsEndsInTime() {
    try (Pipeline<Integer, Integer> p =
        PipelineTest.<Integer, Integer>pipeline().step("one", n -> n).start(CLUSTER)) {
      assertThat(failure(p.result("nobody's", Duration.ofMillis(50))))
          .isInstanceOf(TimeoutException.class)
          .hasMessageContaining("nobody's")
          .hasMessageContaining(p.name());
      assertThat(p.underWay()).isZero();
    }
  }

  // ---- bad input

  record Unlisted(int n) {}

  @Test
  void badDefinitionsAreRefused() {
    String name = "bad" + NAMES.incrementAndGet();
    assertThatThrownBy(() -> Pipeline.<String, String>named(" "))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Pipeline.<String, String>named(name).start(CLUSTER))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(name)
        .hasMessageContaining("no steps");
    assertThatThrownBy(
            () -> Pipeline.<String, String>named(name).step("a", s -> s).step("a", s -> s))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(name)
        .hasMessageContaining("'a'");
    assertThatThrownBy(
            () ->
                Pipeline.<String, String>named(name)
                    .fanOut("split", s -> List.of(s))
                    .start(CLUSTER))
        .hasMessageContaining("join");
    assertThatThrownBy(() -> Pipeline.<String, String>named(name).join("j", l -> ""))
        .hasMessageContaining("fan-out");
    assertThatThrownBy(() -> Pipeline.<String, String>named(name).concurrency(0))
        .hasMessageContaining(name);
    assertThatThrownBy(() -> Pipeline.<String, String>named(name).stepTimeout(Duration.ZERO))
        .hasMessageContaining(name);
    try (Pipeline<String, String> p =
        Pipeline.<String, String>named(name).step("a", s -> s).start(CLUSTER)) {
      assertThatThrownBy(
              () -> Pipeline.<String, String>named(name).step("a", s -> s).start(CLUSTER))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining(name);
      assertThatThrownBy(() -> p.submit("x", Submit.at("b")))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(name)
          .hasMessageContaining("'b'")
          .hasMessageContaining("[a]");
    }
    Pipeline.<String, String>named(name).step("a", s -> s).start(CLUSTER).close();
  }

  @Test
  void whatCannotGoOnEndsAtOnceNamingPipelineAndStep() {
    try (Pipeline<Object, Object> p =
        PipelineTest.<Object, Object>pipeline()
            .step("make", n -> n.equals(1) ? new Unlisted(1) : n)
            .step(
                "jump",
                (n, step) -> {
                  if (n.equals(2)) {
                    step.goTo("nowhere");
                  }
                  throw new IllegalStateException("for the handler");
                },
                Step.plain().onError((error, value, step) -> Recovery.jump("nowhere", value)))
            .start(CLUSTER)) {
      assertThat(failure(p.submit(1)))
          .isInstanceOf(StepFailedException.class)
          .hasMessageContaining(p.name())
          .hasMessageContaining("'make'")
          .hasMessageContaining("Unlisted");
      assertThat(failure(p.submit(2)))
          .isInstanceOf(StepFailedException.class)
          .hasMessageContaining("'jump'")
          .hasMessageContaining("nowhere")
          .hasMessageContaining("[make, jump]");
      assertThat(failure(p.submit(3)))
          .isInstanceOf(StepFailedException.class)
          .hasMessageContaining("nowhere")
          .hasMessageContaining("for the handler")
          .hasRootCauseMessage("for the handler");
      assertThatThrownBy(() -> p.submit(new Unlisted(2)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(p.name())
          .hasMessageContaining("'make'");
      assertThat(p.underWay()).isZero();
    }
  }

  @Test
  void whatAHandlerTriesAgainIsNotedOnItsMessage() {
    String name = "noted" + NAMES.incrementAndGet();
    try (Pipeline<Integer, Integer> p =
            Pipeline.<Integer, Integer>named(name)
                .<Integer>step(
                    "fail",
                    n -> {
                      throw new IllegalStateException("the step's");
                    })
                .attempts(2)
                .onError((error, value, step) -> Recovery.retry(Duration.ZERO))
                .start(CLUSTER);
        MessageQueue<byte[]> queue =
            MessageQueue.named("pipeline/" + name + "/fail", byte[].class).open(CLUSTER)) {
      assertThat(failure(p.submit(1))).isInstanceOf(StepFailedException.class);
      Await.until("the dead letter", () -> queue.deadLetters().size() == 1);
      assertThat(queue.deadLetters().browse().toList().get(0).history())
          .allSatisfy(attempt -> assertThat(attempt.error()).contains("the step's"));
    }
  }

  @Test
  void aHandlerThatThrowsOrSaysNothingIsAsNone() {
    AtomicInteger asked = new AtomicInteger();
    try (Pipeline<Integer, Integer> p =
        PipelineTest.<Integer, Integer>pipeline()
            .<Integer>step(
                "fail",
                n -> {
                  throw new IllegalStateException("the step's");
                })
            .attempts(3)
            .onError(
                (error, value, step) -> {
                  asked.incrementAndGet();
                  throw new IllegalArgumentException("the handler's");
                })
            .start(CLUSTER)) {
      assertThat(failure(p.submit(1)))
          .isInstanceOf(StepFailedException.class)
          .hasMessageContaining("the step's")
          .hasMessageContaining("the handler's")
          .hasRootCauseMessage("the step's");
      assertThat(asked).hasValue(3);
    }
  }

  // ---- watching

  @Test
  void statsPictureProgressAndJmxShowTheSteps() throws Exception {
    Queue<Progress> heard = new ConcurrentLinkedQueue<>();
    AtomicInteger failures = new AtomicInteger();
    try (Pipeline<Integer, Integer> p =
        PipelineTest.<Integer, Integer>pipeline()
            .step(
                "flaky",
                n -> {
                  if (failures.incrementAndGet() == 1) {
                    throw new IllegalStateException("once");
                  }
                  return n;
                })
            .step("done", n -> n)
            .start(CLUSTER)) {
      p.onProgress(heard::add);
      for (int n = 0; n < 20; n++) {
        assertThat(get(p.submit(n))).isEqualTo(n);
      }
      Await.until("the last end", () -> heard.stream().filter(h -> is(h, "ENDED")).count() == 20);
      assertThat(heard.stream().filter(h -> is(h, "SUBMITTED"))).hasSize(20);
      String first = Objects.requireNonNull(heard.peek()).id();
      assertThat(heard.stream().filter(h -> h.id().equals(first)).map(h -> h.kind().name()))
          .startsWith("SUBMITTED", "BEGUN")
          .endsWith("ENDED");
      assertThat(get(p.result(first))).isEqualTo(0);
      assertThat(heard.stream().filter(h -> is(h, "ENDED"))).as("a result is no end").hasSize(20);
      assertThat(heard.stream().filter(h -> is(h, "BEGUN"))).hasSize(41);
      assertThat(heard.stream().filter(h -> is(h, "DONE"))).hasSize(40);
      assertThat(heard.stream().filter(h -> is(h, "FAILED")))
          .singleElement()
          .satisfies(h -> assertThat(h.error()).hasMessage("once"));
      StepStats flaky = p.stats().get(0);
      assertThat(flaky.name()).isEqualTo("flaky");
      assertThat(flaky.runs()).isEqualTo(21);
      assertThat(flaky.failures()).isEqualTo(1);
      assertThat(flaky.slow()).isGreaterThanOrEqualTo(flaky.median());
      assertThat(p.describe()).contains(p.name(), "flaky", "failed 1 of 21", "done", "/s");
      ObjectName name =
          new ObjectName(
              "org.memogrid:type=Pipeline,member="
                  + ObjectName.quote(CLUSTER.self().name())
                  + ",name="
                  + ObjectName.quote(p.name()));
      var server = ManagementFactory.getPlatformMBeanServer();
      PipelineMXBean bean = JMX.newMXBeanProxy(server, name, PipelineMXBean.class);
      assertThat(bean.getRuns()).isEqualTo(Map.of("flaky", 21L, "done", 20L));
      assertThat(bean.getFailures()).containsEntry("flaky", 1L);
      assertThat(bean.getPicture()).contains("flaky");
    }
    assertThat(
            ManagementFactory.getPlatformMBeanServer()
                .queryNames(new ObjectName("org.memogrid:type=Pipeline,*"), null))
        .isEmpty();
  }

  private static boolean is(Progress progress, String kind) {
    return progress.kind().name().equals(kind);
  }
}
