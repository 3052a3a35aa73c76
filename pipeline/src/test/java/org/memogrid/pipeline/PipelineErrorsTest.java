/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.memogrid.pipeline.Lone.failure;
import static org.memogrid.pipeline.Lone.get;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Registration;
import org.memogrid.cluster.Cluster;
import org.memogrid.queue.MessageQueue;
import org.memogrid.testkit.Await;

/** What becomes of values on which steps fail. */
class PipelineErrorsTest {
  private static final Cluster CLUSTER = Cluster.local();

  @AfterAll
  static void close() {
    CLUSTER.close();
  }

  @Test
  void anErrorHandlerSkipsTheStepThatFailed() throws Exception {
    Queue<String> skipped = new ConcurrentLinkedQueue<>();
    try (Pipeline<String, String> p =
        Lone.<String, String>pipeline()
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
        Lone.<List<Integer>, List<Integer>>pipeline()
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
        Lone.<String, String>pipeline()
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
  void whatAHandlerTriesAgainIsNotedOnItsMessage() {
    String name = "noted" + Lone.number();
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
        Lone.<Integer, Integer>pipeline()
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

  @Test
  void tenAttemptsThenADeadLetterThatAnswersAgainWhenItIsPutBack() throws Exception {
    AtomicInteger attempts = new AtomicInteger();
    AtomicBoolean mended = new AtomicBoolean();
    try (Pipeline<Integer, Integer> p =
        Lone.<Integer, Integer>pipeline()
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
        Lone.<Integer, Integer>pipeline()
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

  @Test
  void aValueThatTheQueueGivesUpEndsToo() {
    String name = "buried" + Lone.number();
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
}
