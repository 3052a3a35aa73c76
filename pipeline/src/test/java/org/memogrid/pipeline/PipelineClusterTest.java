/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Cluster;
import org.memogrid.queue.QueueFullException;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.TestCluster;

/** Pipelines over members of this JVM. */
class PipelineClusterTest {
  private final TestCluster cluster =
      TestCluster.of(3, builder -> builder.allow("org.memogrid.pipeline.*"));

  @AfterEach
  void close() {
    cluster.close();
  }

  private static <T> T get(CompletableFuture<T> future) throws Exception {
    return future.get(60, TimeUnit.SECONDS);
  }

  private static PipelineBuilder<Integer, Integer, Integer> twoSteps(Queue<String> ran, String at) {
    return Pipeline.<Integer, Integer>named("two")
        .step(
            "add",
            n -> {
              ran.add("add on " + at);
              return n + 1;
            })
        .step(
            "double",
            n -> {
              ran.add("double on " + at);
              return n * 2;
            });
  }

  @Test
  void stepsRunOnAllMembersAndTheResultIsKnownOnEachAlsoWhenItsSubmitterIsLost() throws Exception {
    Queue<String> ran = new ConcurrentLinkedQueue<>();
    List<Pipeline<Integer, Integer>> all = new ArrayList<>();
    for (Cluster node : cluster.nodes()) {
      all.add(twoSteps(ran, node.self().name()).start(node));
    }
    List<Submission<Integer>> submitted = new ArrayList<>();
    Await.until(
        "steps on all members", // which may be slow to say that they have the steps
        () -> {
          for (int n = submitted.size(), to = n + 60; n < to; n++) {
            submitted.add(all.get(0).submit(n));
          }
          for (Submission<Integer> each : submitted) {
            var unused = get(each);
          }
          return Set.copyOf(ran)
              .containsAll(
                  Set.of("add on n0", "add on n1", "add on n2", "double on n1", "double on n2"));
        });
    int values = submitted.size();
    for (int n = 0; n < values; n++) {
      assertThat(get(submitted.get(n))).isEqualTo(2 * (n + 1));
    }
    assertThat(get(all.get(2).result(submitted.get(5).id()))).isEqualTo(12);
    assertThat(all.get(1).stats().get(1).runs()).isEqualTo(values);
    cluster.crash(0);
    for (int n = 0; n < values; n++) {
      assertThat(get(all.get(1).result(submitted.get(n).id()))).isEqualTo(2 * (n + 1));
    }
  }

  /** All that may be in a step hold there until all have come; one more would be seen. */
  @Test
  void eachNodeWorksOnAsManyValuesAsAStepSays() throws Exception {
    CountDownLatch full = new CountDownLatch(3 * (5 + 10));
    AtomicIntegerArray most = new AtomicIntegerArray(2 * 3);
    AtomicIntegerArray now = new AtomicIntegerArray(2 * 3);
    List<Pipeline<Integer, Integer>> all = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      int node = i;
      all.add(
          Pipeline.<Integer, Integer>named("wide")
              .step("five", n -> hold(n, 2 * node, now, most, full))
              .step("ten", n -> hold(n, 2 * node + 1, now, most, full), Step.concurrency(10))
              .concurrency(5)
              .start(cluster.node(i)));
    }
    List<Submission<Integer>> submitted = new ArrayList<>();
    for (int n = 0; n < 120; n++) {
      submitted.add(all.get(0).submit(n, Submit.at(n % 2 == 0 ? "five" : "ten")));
    }
    for (int n = 0; n < 120; n++) {
      assertThat(get(submitted.get(n))).isEqualTo(n);
    }
    for (int i = 0; i < 3; i++) {
      assertThat(most.get(2 * i)).as("in the step with 5 on node %s", i).isEqualTo(5);
      assertThat(most.get(2 * i + 1)).as("in the step with 10 on node %s", i).isEqualTo(10);
    }
  }

  private static int hold(
      int n, int at, AtomicIntegerArray now, AtomicIntegerArray most, CountDownLatch full) {
    most.accumulateAndGet(at, now.incrementAndGet(at), Math::max);
    full.countDown();
    try {
      assertThat(full.await(60, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    } finally {
      now.decrementAndGet(at);
    }
    return n;
  }

  @Test
  void limitsThatDifferAreRefused() {
    Pipeline<Integer, Integer> here =
        Pipeline.<Integer, Integer>named("limits").step("a", n -> n).start(cluster.node(0));
    assertThatThrownBy(
            () ->
                Pipeline.<Integer, Integer>named("limits")
                    .step("a", n -> n)
                    .maxJumps(7)
                    .start(cluster.node(1)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("'limits'")
        .hasMessageContaining("maxJumps 7")
        .hasMessageContaining("maxJumps 100");
    here.close();
  }

  @Test
  void aMemberThatSubmitsOnlyRunsNoStepAndOtherDefinitionsAreRefused() throws Exception {
    Queue<String> ran = new ConcurrentLinkedQueue<>();
    Pipeline<Integer, Integer> worker = twoSteps(ran, "worker").start(cluster.node(0));
    Pipeline<Integer, Integer> caller = twoSteps(ran, "caller").submitOnly().start(cluster.node(1));
    assertThat(get(caller.submit(1))).isEqualTo(4);
    assertThat(ran).containsExactly("add on worker", "double on worker");
    assertThatThrownBy(
            () ->
                Pipeline.<Integer, Integer>named("two")
                    .step("double", n -> n * 2)
                    .start(cluster.node(2)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("'two'")
        .hasMessageContaining("here double")
        .hasMessageContaining("there add, double");
    assertThat(get(twoSteps(ran, "late").start(cluster.node(2)).submit(2))).isEqualTo(6);
    assertThat(worker.underWay()).isZero();
  }

  @Test
  void theWorkOfAMemberThatIsCutOffIsDoneByOthersAndAnswersTheCaller() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    Set<Integer> stuck = ConcurrentHashMap.newKeySet();
    List<Pipeline<Integer, Integer>> all = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      boolean sticks = i == 2;
      all.add(
          Pipeline.<Integer, Integer>named("cut")
              .step("first", n -> n)
              .step(
                  "sticky",
                  n -> {
                    if (sticks) {
                      stuck.add(n);
                      try {
                        never.await();
                      } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                      }
                    }
                    return n + 100;
                  })
              .start(cluster.node(i)));
    }
    List<Submission<Integer>> submitted = new ArrayList<>();
    for (int n = 0; n < 30; n++) {
      submitted.add(all.get(0).submit(n));
    }
    Await.until("work that is stuck", () -> !stuck.isEmpty());
    cluster.crash(2);
    for (int n = 0; n < 30; n++) {
      assertThat(get(submitted.get(n))).isEqualTo(n + 100);
    }
    never.countDown();
  }

  /**
   * 1. Two members have a part. 2. Both are lost at once. 3. The last one that comes finds a hole.
   */
  @Test
  void whoseElementsMayBeLostIsToldSo() {
    cluster.join();
    CountDownLatch never = new CountDownLatch(1);
    AtomicInteger others = new AtomicInteger();
    Pipeline<Integer, Integer> p =
        Pipeline.<Integer, Integer>named("parts")
            .fanOut("split", n -> java.util.stream.IntStream.range(0, n).boxed().toList())
            .step(
                "part",
                n -> {
                  if (n == 0) {
                    awaitOpen(never);
                  } else {
                    others.incrementAndGet();
                  }
                  return n;
                },
                Step.concurrency(2))
            .join("sum", List::size)
            .start(cluster.node(0));
    Submission<Integer> waiting = p.submit(20);
    Await.until("all other parts", () -> others.get() == 19);
    cluster.crash(2, 3);
    assertThatThrownBy(() -> get(waiting))
        .cause()
        .isInstanceOf(PipelineException.class)
        .hasMessageContaining("'parts'")
        .hasMessageContaining("may be gone")
        .hasMessageContaining(waiting.id());
    never.countDown();
  }

  private static void awaitOpen(CountDownLatch gate) {
    try {
      assertThat(gate.await(60, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  record Price(String currency, long cents) {}

  @Test
  void recordsGoFromMemberToMember() throws Exception {
    Set<String> made = ConcurrentHashMap.newKeySet();
    Set<String> got = ConcurrentHashMap.newKeySet();
    List<Pipeline<Integer, List<Price>>> all = new ArrayList<>();
    for (Cluster node : cluster.nodes()) {
      String at = node.self().name();
      all.add(
          Pipeline.<Integer, List<Price>>named("records")
              .step(
                  "price",
                  n -> {
                    made.add(at);
                    return new Price("EUR", n);
                  })
              .step(
                  "twice",
                  price -> {
                    got.add(at);
                    return List.of(price, new Price(price.currency(), 2 * price.cents()));
                  })
              .start(node));
    }
    List<Submission<List<Price>>> submitted = new ArrayList<>();
    for (int n = 0; n < 60; n++) {
      submitted.add(all.get(n % 3).submit(n));
    }
    for (int n = 0; n < 60; n++) {
      assertThat(get(submitted.get(n)))
          .containsExactly(new Price("EUR", n), new Price("EUR", 2L * n));
    }
    assertThat(made).hasSizeGreaterThan(1);
    assertThat(got).hasSizeGreaterThan(1);
  }

  @Test
  void aStepThatIsFullOnAllMembersHoldsUpSubmitOnEach() throws Exception {
    CountDownLatch gate = new CountDownLatch(1);
    List<Pipeline<Integer, Integer>> all = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      all.add(
          Pipeline.<Integer, Integer>named("full")
              .step("in", n -> n)
              .step(
                  "slow",
                  n -> {
                    awaitOpen(gate);
                    return n + 1;
                  })
              .capacity(3)
              .start(cluster.node(i)));
    }
    List<Submission<Integer>> taken = new ArrayList<>();
    boolean[] refused = new boolean[2];
    for (int n = 0; n < 100 && !(refused[0] && refused[1]); n++) {
      Submission<Integer> next = all.get(n % 2).submit(n);
      int before = taken.size();
      Await.until("it is in or refused", () -> next.isDone() || inside(all.get(0)) > before);
      if (next.isDone()) {
        assertThatThrownBy(() -> get(next)).hasCauseInstanceOf(QueueFullException.class);
        refused[n % 2] = true;
      } else {
        taken.add(next);
      }
    }
    assertThat(refused).containsExactly(true, true);
    taken.removeIf(CompletableFuture::isCompletedExceptionally);
    assertThat(taken).hasSizeBetween(3, 8);
    gate.countDown();
    for (Submission<Integer> each : taken) {
      assertThat(get(each)).isBetween(1, 100);
    }
  }

  private static long inside(Pipeline<?, ?> p) {
    return p.stats().stream().mapToLong(step -> step.depth() + step.inFlight()).sum();
  }

  @Test
  void aFanOutIsJoinedOverMembers() throws Exception {
    AtomicInteger parts = new AtomicInteger();
    List<Pipeline<Integer, String>> all = new ArrayList<>();
    for (Cluster node : cluster.nodes()) {
      all.add(
          Pipeline.<Integer, String>named("fan")
              .fanOut("split", n -> java.util.stream.IntStream.range(0, n).boxed().toList())
              .step(
                  "part",
                  n -> {
                    parts.incrementAndGet();
                    return "p" + n;
                  },
                  Step.concurrency(3))
              .join("join", list -> String.join("", list))
              .start(node));
    }
    List<Submission<String>> submitted = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      submitted.add(all.get(i % 3).submit(12));
    }
    for (Submission<String> each : submitted) {
      assertThat(get(each)).isEqualTo("p0p1p2p3p4p5p6p7p8p9p10p11");
    }
    assertThat(parts).hasValue(120);
    Await.until(
        "all parts to be forgotten",
        () -> cluster.node(0).<String, byte[]>cache("pipeline-parts").size() == 0);
  }
}
