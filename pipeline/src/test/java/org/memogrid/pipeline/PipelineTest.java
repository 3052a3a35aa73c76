/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.memogrid.pipeline.Lone.awaitGate;
import static org.memogrid.pipeline.Lone.failure;
import static org.memogrid.pipeline.Lone.get;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import javax.management.JMX;
import javax.management.ObjectName;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Cluster;
import org.memogrid.queue.QueueFullException;
import org.memogrid.testkit.Await;

/** What a pipeline offers, on a member that is alone. */
class PipelineTest {
  private static final Cluster CLUSTER = Cluster.local();

  @AfterAll
  static void close() {
    CLUSTER.close();
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
            Lone.<String, String>pipeline()
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
        Lone.<@Nullable String, @Nullable String>pipeline()
            .step("null", text -> text)
            .step("again", text -> text)
            .start(CLUSTER)) {
      Submission<@Nullable String> none = p.submit(null);
      assertThat(get(none)).isNull();
      assertThat(get(p.result(none.id()))).isNull();
    }
  }

  @Test
  void aDeadlineEndsTheWaitingAndTheWork() throws Exception {
    CountDownLatch gate = new CountDownLatch(1);
    AtomicInteger second = new AtomicInteger();
    try (Pipeline<Integer, Integer> p =
        Lone.<Integer, Integer>pipeline()
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

  @Test
  void aFullPipelineRefusesAndJumpsBackAllTheSame() throws Exception {
    CountDownLatch gate = new CountDownLatch(1);
    try (Pipeline<Integer, Integer> p =
        Lone.<Integer, Integer>pipeline()
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
  void statsPictureProgressAndJmxShowTheSteps() throws Exception {
    Queue<Progress> heard = new ConcurrentLinkedQueue<>();
    AtomicInteger failures = new AtomicInteger();
    try (Pipeline<Integer, Integer> p =
        Lone.<Integer, Integer>pipeline()
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
