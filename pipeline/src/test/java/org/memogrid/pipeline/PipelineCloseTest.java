/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.memogrid.pipeline.Lone.awaitGate;
import static org.memogrid.pipeline.Lone.failure;
import static org.memogrid.pipeline.Lone.get;

import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Cluster;
import org.memogrid.internal.node.Node;

/** What a pipeline that closes leaves behind. */
class PipelineCloseTest {
  private static final Cluster CLUSTER = Cluster.local();

  @AfterAll
  static void close() {
    CLUSTER.close();
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
        Lone.<Integer, Integer>pipeline()
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
    String name = "closing" + Lone.number();
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
    String name = "closed" + Lone.number();
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
}
