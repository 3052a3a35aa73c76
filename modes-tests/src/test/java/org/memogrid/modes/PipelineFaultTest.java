/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.memogrid.pipeline.Pipeline;
import org.memogrid.pipeline.Submission;
import org.memogrid.queue.MessageQueue;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeContext;
import org.memogrid.testkit.NodeProcess;
import org.memogrid.testkit.ProcessCluster;

/** A pipeline over JVMs of their own, which are killed and stopped while values are under way. */
class PipelineFaultTest {
  private static final String NAME = "faults";
  private static final int UNDER_WAY = 24;

  private final PipelineRecords records = new PipelineRecords();
  private final ProcessCluster cluster = ProcessCluster.of(0);

  @AfterEach
  void end() {
    cluster.close();
  }

  private void start(int nodes) {
    List<NodeProcess> spares = IntStream.range(0, nodes).mapToObj(i -> cluster.spare()).toList();
    spares.forEach(this::start);
  }

  private NodeProcess start(NodeProcess spare) {
    records.follow(spare);
    cluster.join(spare);
    spare.run(there -> there.<Pipeline<String, String>>kept(NAME, () -> pipeline(there)));
    return spare;
  }

  private static Pipeline<String, String> pipeline(NodeContext there) {
    AtomicInteger runs = new AtomicInteger();
    return Pipeline.<String, String>named(NAME)
        .step(
            "first",
            (value, step) -> {
              there.emit("begun", new PipelineRecords.Sent(value, step.id()));
              return value + " a";
            })
        .step(
            "slow",
            value -> {
              LockSupport.parkNanos(2_000_000);
              return value + " b";
            })
        // No two runs give the same: two ends of one value would be seen.
        .step(
            "last",
            value -> value + " by " + there.cluster().self().name() + runs.incrementAndGet())
        .concurrency(2)
        .backoff(Duration.ZERO, Duration.ofMillis(50))
        .start(there.cluster());
  }

  private static Pipeline<String, String> of(NodeContext there) {
    return there.kept(
        NAME,
        () -> {
          throw new IllegalStateException("not started");
        });
  }

  /** Submits until {@link #stop}, so many at a time. */
  private static void submit(NodeProcess node) {
    String named = node.name();
    node.run(
        there -> {
          Pipeline<String, String> pipeline = of(there);
          AtomicBoolean stopped = there.kept("stopped", AtomicBoolean::new);
          AtomicInteger open = there.kept("open", AtomicInteger::new);
          Semaphore room = new Semaphore(UNDER_WAY);
          Thread submitting =
              new Thread(
                  () -> {
                    for (int n = 0; !stopped.get(); n++) {
                      room.acquireUninterruptibly();
                      open.incrementAndGet();
                      String value = named + "-" + n;
                      Submission<String> submission = pipeline.submit(value);
                      there.emit("submitted", new PipelineRecords.Sent(value, submission.id()));
                      var unused =
                          submission.whenComplete(
                              (end, failure) -> {
                                there.emit(
                                    "ended",
                                    new PipelineRecords.End(
                                        value, failure == null ? end : "failed: " + failure));
                                open.decrementAndGet();
                                room.release();
                              });
                      LockSupport.parkNanos(4_000_000);
                    }
                  });
          submitting.setDaemon(true);
          submitting.start();
        });
  }

  private static void stop(NodeContext there) {
    there.kept("stopped", AtomicBoolean::new).set(true);
  }

  /** Waits for what is under way, and asks for the ends of what was submitted. */
  private void finish() {
    cluster.nodes().forEach(node -> node.run(PipelineFaultTest::stop));
    for (NodeProcess node : cluster.nodes()) {
      Await.until(
          "the callers of " + node + " to be answered",
          Duration.ofMinutes(2),
          () -> node.call(there -> there.kept("open", AtomicInteger::new).get()) == 0);
    }
    ArrayList<PipelineRecords.Sent> sent = new ArrayList<>(records.sent());
    for (NodeProcess node : cluster.nodes()) {
      records.found(node, node.call(there -> ends(of(there), sent)));
    }
    records.check();
    System.out.println(records.summary());
  }

  @SuppressWarnings("NonApiType") // serializable: it comes from another JVM
  private static ArrayList<PipelineRecords.End> ends(
      Pipeline<String, String> pipeline, List<PipelineRecords.Sent> sent) {
    List<CompletableFuture<String>> asked = new ArrayList<>();
    sent.forEach(each -> asked.add(pipeline.result(each.id(), Duration.ofSeconds(20))));
    ArrayList<PipelineRecords.End> ends = new ArrayList<>();
    for (int i = 0; i < sent.size(); i++) {
      ends.add(new PipelineRecords.End(sent.get(i).value(), end(asked.get(i))));
    }
    return ends;
  }

  private static String end(CompletableFuture<String> result) {
    try {
      return result.get(60, TimeUnit.SECONDS);
    } catch (Exception e) {
      return "unknown: " + e;
    }
  }

  private void someWork(int more) {
    int before = records.ends();
    Await.until(more + " more ends", Duration.ofMinutes(2), () -> records.ends() > before + more);
  }

  private static Random seeded(String what) {
    long seed = Long.getLong("memogrid.test.seed", System.nanoTime());
    System.out.println(what + ", -Dmemogrid.test.seed=" + seed);
    return new Random(seed);
  }

  @Test
  void workersDispatchersAndOriginsAreKilledAndEachValueHasOneEnd() {
    Random random = seeded("two kills");
    start(3);
    NodeProcess spare = cluster.spare();
    NodeProcess another = cluster.spare();
    cluster.nodes().forEach(PipelineFaultTest::submit);
    someWork(20 + random.nextInt(150));
    // The member that dispatches the slow step is a worker, and an origin, too.
    String dispatcher =
        cluster
            .node(0)
            .call(
                there -> {
                  try (MessageQueue<byte[]> queue =
                      MessageQueue.named("pipeline/" + NAME + "/slow", byte[].class)
                          .open(there.cluster())) {
                    return queue.stats().dispatcher();
                  }
                });
    kill(
        cluster.nodes().stream()
            .filter(node -> node.name().equals(dispatcher))
            .findFirst()
            .orElseThrow());
    submit(start(spare));
    someWork(20 + random.nextInt(150));
    kill(cluster.node(0));
    submit(start(another));
    someWork(100);
    finish();
    assertThat(records.orphans()).as("values whose callers were killed").isPositive();
  }

  private void kill(NodeProcess victim) {
    records.killed(victim);
    cluster.kill(victim);
  }

  @Test
  @Tag("long")
  void twentyKillsAndEachValueHasOneEnd() {
    Random random = seeded("20 kills");
    start(3);
    cluster.nodes().forEach(PipelineFaultTest::submit);
    for (int i = 0; i < 20; i++) {
      NodeProcess next = cluster.spare();
      someWork(20 + random.nextInt(100));
      kill(cluster.node(random.nextInt(cluster.nodes().size())));
      submit(start(next));
    }
    finish();
  }

  @Test
  void aMemberThatIsStoppedAndGoesOnAnswersItsCallers() {
    start(3);
    cluster.nodes().forEach(PipelineFaultTest::submit);
    someWork(100);
    NodeProcess stopped = cluster.node(2);
    NodeProcess other = cluster.node(0);
    records.suspected(stopped);
    stopped.pause();
    Await.until(
        "a view without it",
        () -> other.call(there -> there.cluster().membership().members().size()) == 2);
    someWork(100);
    stopped.resume();
    cluster.awaitMembers();
    someWork(100);
    finish();
    assertThat(records.endsOf(stopped)).isPositive();
  }
}
