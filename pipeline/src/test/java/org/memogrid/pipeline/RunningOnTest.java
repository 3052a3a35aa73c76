/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Cluster;
import org.memogrid.queue.MessageQueue;
import org.memogrid.testkit.Await;

/**
 * Values that run on to the next step, on a member that is alone. Whether a certain one does is not
 * said: some go through the queue all the same. So each test goes on until it has seen one that
 * did.
 */
class RunningOnTest {
  private static final Cluster CLUSTER = Cluster.local();
  private static final AtomicInteger NAMES = new AtomicInteger();
  private static final Duration TICK = Duration.ofMillis(1);

  @AfterAll
  static void close() {
    CLUSTER.close();
  }

  private static PipelineBuilder<Integer, Integer, Integer> pipeline() {
    return Pipeline.<Integer, Integer>named("on" + NAMES.incrementAndGet()).backoff(TICK, TICK);
  }

  private static <T extends @Nullable Object> T get(CompletableFuture<T> future) throws Exception {
    return future.get(60, TimeUnit.SECONDS);
  }

  private static Throwable failure(CompletableFuture<?> future) throws Exception {
    try {
      throw new AssertionError("it ended with " + get(future));
    } catch (ExecutionException failed) {
      return java.util.Objects.requireNonNull(failed.getCause());
    }
  }

  private static void go(Pipeline<Integer, Integer> p, int count) throws Exception {
    List<Submission<Integer>> all = new ArrayList<>();
    for (int n = 0; n < count; n++) {
      all.add(p.submit(n));
    }
    for (Submission<Integer> each : all) {
      var unused = get(each);
    }
  }

  private static MessageQueue<byte[]> queue(Pipeline<Integer, Integer> p, String step) {
    return MessageQueue.named("pipeline/" + p.name() + "/" + step, byte[].class).open(CLUSTER);
  }

  /** Brings values through until some have run on to the step. */
  private static void warm(Pipeline<Integer, Integer> p, String step) {
    try (MessageQueue<byte[]> queue = queue(p, step)) {
      Await.until(
          "values that run on",
          () -> {
            long before = queue.stats().published();
            go(p, 200);
            return queue.stats().published() - before < 100;
          });
    }
  }

  /** The dead letter as the step's queue has it, if its value ran on to the step. */
  private static boolean ranOn(Pipeline<Integer, Integer> p, Predicate<Envelope.Before> how) {
    try (MessageQueue<byte[]> queue = queue(p, "second")) {
      Await.until("the dead letter", () -> queue.deadLetters().size() == 1);
      byte[] body = queue.deadLetters().browse().toList().get(0).message().body();
      return how.test(Envelope.decode(body).before());
    }
  }

  @Test
  void valuesRunOnToAStepWhoseRunsAreShortButToOneThatIsQueued() throws Exception {
    try (Pipeline<Integer, Integer> p =
            pipeline()
                .step("one", n -> n)
                .step("two", n -> n)
                .step("three", n -> n, Step.plain().queued())
                .start(CLUSTER);
        MessageQueue<byte[]> two = queue(p, "two");
        MessageQueue<byte[]> three = queue(p, "three")) {
      warm(p, "two");
      long values = p.stats().get(0).runs();
      assertThat(two.stats().published()).isLessThan(values);
      assertThat(three.stats().published()).isEqualTo(values);
      assertThat(p.stats()).allSatisfy(step -> assertThat(step.runs()).isEqualTo(values));
      assertThat(p.stats()).allSatisfy(step -> assertThat(step.failures()).isZero());
      Await.until(
          "nothing under way",
          () -> p.stats().stream().allMatch(step -> step.inFlight() == 0 && step.depth() == 0));
    }
  }

  @Test
  void aStepIsRunAsOftenAtATimeAsItSaysWithWhatRunsOnToIt() throws Exception {
    AtomicInteger now = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    try (Pipeline<Integer, Integer> p =
        pipeline()
            .step("one", n -> n, Step.concurrency(6))
            .step(
                "two",
                n -> {
                  most.accumulateAndGet(now.incrementAndGet(), Math::max);
                  for (int i = 0; i < 2_000; i++) {
                    Thread.onSpinWait();
                  }
                  now.decrementAndGet();
                  return n;
                },
                Step.concurrency(2))
            .start(CLUSTER)) {
      warm(p, "two");
      List<Submission<Integer>> all = new ArrayList<>();
      for (int n = 0; n < 2_000; n++) {
        all.add(p.submit(n, n % 2 == 0 ? Submit.plain() : Submit.at("two")));
      }
      for (int n = 0; n < 2_000; n++) {
        assertThat(get(all.get(n))).isEqualTo(n);
      }
      assertThat(most).hasValueLessThanOrEqualTo(2);
    }
  }

  /** A run that fails where its value ran on to is an attempt of that step, and no other's. */
  @Test
  void whatFailsAfterItRanOnHasTenAttemptsInAllAndIsADeadLetterOfItsStep() throws Exception {
    AtomicInteger attempts = new AtomicInteger();
    AtomicInteger firsts = new AtomicInteger();
    AtomicBoolean mended = new AtomicBoolean();
    try (Pipeline<Integer, Integer> p =
        pipeline()
            .step(
                "first",
                n -> {
                  firsts.addAndGet(n < 0 ? 1 : 0);
                  return n;
                })
            .step(
                "second",
                (n, step) -> {
                  if (n < 0 && !mended.get()) {
                    assertThat(step.attempt()).isEqualTo(attempts.incrementAndGet());
                    throw new IllegalStateException("no " + n);
                  }
                  return n;
                })
            .start(CLUSTER)) {
      boolean ranOn = false;
      while (!ranOn) {
        warm(p, "second");
        attempts.set(0);
        firsts.set(0);
        mended.set(false);
        Submission<Integer> fails = p.submit(-1);
        StepFailedException failure = (StepFailedException) failure(fails);
        assertThat(failure.step()).isEqualTo("second");
        assertThat(failure.attempts()).isEqualTo(10);
        assertThat(failure).hasRootCauseMessage("no -1");
        assertThat(attempts).hasValue(10);
        assertThat(firsts).hasValue(1);
        ranOn = ranOn(p, before -> before.attempts() == 1);
        assertThat(p.deadLetters().list())
            .singleElement()
            .satisfies(
                dead -> {
                  assertThat(dead.step()).isEqualTo("second");
                  assertThat(dead.attempts()).isEqualTo(10);
                  assertThat(dead.value()).isEqualTo(-1);
                  assertThat(dead.cause()).contains("no -1");
                });
        mended.set(true);
        assertThat(p.deadLetters().redrive(fails.id())).isTrue();
        assertThat(get(p.result(fails.id()))).isEqualTo(-1);
      }
    }
  }

  @Test
  @SuppressWarnings("FutureReturnValueIgnored") // the step awaits it
  void aFutureThatDoesNotEndInTimeAfterItsValueRanOnEndsTheValueWithoutAnotherAttempt()
      throws Exception {
    boolean ranOn = false;
    while (!ranOn) { // with another pipeline, for nothing runs on to a step that awaits futures
      AtomicInteger runs = new AtomicInteger();
      try (Pipeline<Integer, Integer> p =
          pipeline()
              .step("first", n -> n)
              .<Object>step(
                  "second",
                  n -> {
                    if (n >= 0) {
                      return n;
                    }
                    runs.incrementAndGet();
                    return new CompletableFuture<Integer>();
                  },
                  Step.plain().timeout(Duration.ofMillis(50)))
              .start(CLUSTER)) {
        warm(p, "second");
        Throwable failure = failure(p.submit(-1));
        assertThat(failure).isInstanceOf(StepTimeoutException.class);
        assertThat(failure).hasMessageContaining("'second'");
        ranOn = ranOn(p, before -> before.gaveUp() != null);
        assertThat(runs).hasValue(1);
        assertThat(p.deadLetters().list())
            .singleElement()
            .satisfies(
                dead -> {
                  assertThat(dead.step()).isEqualTo("second");
                  assertThat(dead.attempts()).isEqualTo(1);
                });
      }
    }
  }
}
