/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Partitions;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeContext;
import org.memogrid.testkit.NodeProcess;
import org.memogrid.testkit.ProcessCluster;

/**
 * Durable jobs in files, over JVMs of their own, of which first one is killed, then all others at
 * once, and which come back in another order. Each start is told here.
 */
@Timeout(300)
final class DurableJobProcessTest {
  private static final String OFTEN = "often";
  private static final String ONCE = "once";
  private static final String LOST = "lost";
  private static final String AGAIN = "again";

  @TempDir Path directory;

  private final List<Start> starts = new CopyOnWriteArrayList<>();

  private record Start(String job, long at, long number, int attempt, long token) {
    static Start heard(String told) {
      String[] parts = told.split(" ", -1);
      return new Start(
          parts[0],
          Long.parseLong(parts[1]),
          Long.parseLong(parts[2]),
          Integer.parseInt(parts[3]),
          Long.parseLong(parts[4]));
    }
  }

  private List<Start> of(String job) {
    return starts.stream().filter(start -> start.job.equals(job)).toList();
  }

  private void awaitMore(int firings) {
    int before = of(OFTEN).size();
    Await.until(firings + " more firings", () -> of(OFTEN).size() >= before + firings);
  }

  @Test
  void whatWasDecidedStandsThoughAllAreKilled() {
    try (ProcessCluster cluster =
        ProcessCluster.of(3, builder -> builder.partitions(Partitions.CONSISTENT))) {
      List<NodeProcess> next = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        next.add(cluster.spare());
      }
      cluster.nodes().forEach(node -> startJobs(node, true));
      Await.until("the first", () -> Stream.of(ONCE, LOST, AGAIN).noneMatch(j -> of(j).isEmpty()));
      awaitMore(5);
      NodeProcess early = cluster.node(1);
      cluster.kill(early); // its files are older than those of the others
      awaitMore(5);
      Await.until("it is over", () -> status(cluster.node(0), ONCE) == JobStatus.FINISHED);
      killAtOnce(cluster);
      long former = starts.stream().mapToLong(Start::token).max().orElseThrow();
      int before = of(OFTEN).size();
      int attempts = of(AGAIN).size();

      int all = starts.size();
      startJobs(cluster.join(next.get(0)), false);
      assertThat(next.get(0).call(DurableJobProcessTest::missing)).isNotEmpty();
      assertThat(starts).hasSize(all);
      for (NodeProcess process : next.subList(1, 3)) {
        startJobs(cluster.join(process), false);
      }
      Await.until("they go on", () -> of(OFTEN).size() >= before + 5);
      Await.until("it is run again", () -> of(AGAIN).size() > attempts);
      NodeProcess last = next.get(2);
      Await.until("that is over", () -> status(last, AGAIN) == JobStatus.FINISHED);
      Await.until("that is lost", () -> status(last, LOST) == JobStatus.FINISHED);
      assertThat(status(last, ONCE)).isEqualTo(JobStatus.FINISHED);
      cluster.nodes().forEach(NodeProcess::kill);
      check(former, before);
    }
  }

  private void check(long former, int before) {
    List<Start> often = of(OFTEN);
    assertThat(often).extracting(Start::at).doesNotHaveDuplicates().isSorted();
    assertThat(often)
        .extracting(Start::number)
        .doesNotHaveDuplicates()
        .isSorted()
        .isSubsetOf(LongStream.rangeClosed(1, often.size() + 2L).boxed().toList()); // two killed
    assertThat(often.subList(before, often.size())).allMatch(start -> start.token > former);
    assertThat(of(ONCE)).hasSize(1);
    assertThat(of(LOST)).hasSize(1);
    assertThat(of(AGAIN)).extracting(Start::at).containsOnly(of(AGAIN).get(0).at);
    assertThat(of(AGAIN)).extracting(Start::attempt).doesNotHaveDuplicates().isSorted();
    assertThat(of(AGAIN).size()).isBetween(2, 3);
  }

  private static void killAtOnce(ProcessCluster cluster) {
    CompletableFuture.allOf(
            cluster.nodes().stream()
                .map(node -> CompletableFuture.runAsync(node::kill))
                .toArray(CompletableFuture<?>[]::new))
        .join();
    cluster.nodes().forEach(cluster::kill);
  }

  /**
   * Has them run there.
   *
   * @param hangs whether what is to be lost does not end
   */
  private void startJobs(NodeProcess process, boolean hangs) {
    process.onEvent("starts", told -> starts.add(Start.heard(String.valueOf(told))));
    String files = directory.toString();
    process.run(
        node -> {
          boolean unused = node.kept("hangs", () -> hangs);
          Persist persist = Persist.file(Path.of(files));
          start(node, OFTEN, b -> b.every(Duration.ofMillis(150)).persist(persist));
          for (String name : List.of(ONCE, LOST, AGAIN)) {
            WhenLost whenLost = name.equals(AGAIN) ? WhenLost.RERUN : WhenLost.SKIP;
            start(node, name, b -> b.in(Duration.ofMillis(1)).whenLost(whenLost).persist(persist));
          }
        });
  }

  private static List<String> missing(NodeContext node) {
    return List.copyOf(job(node, OFTEN).missing());
  }

  private static JobStatus status(NodeProcess process, String job) {
    return process.call(node -> job(node, job).status());
  }

  // ---- in the other JVM

  private interface Options {
    void on(JobBuilder builder);
  }

  private static void start(NodeContext node, String name, Options options) {
    JobBuilder builder = Job.named(name, context -> fire(node, context));
    options.on(builder);
    Job unused = node.kept(name, () -> builder.start(node.cluster()));
  }

  private static void fire(NodeContext node, JobContext context) throws InterruptedException {
    node.emit(
        "starts",
        context.name()
            + " "
            + context.scheduledAt().toEpochMilli()
            + " "
            + context.number()
            + " "
            + context.attempt()
            + " "
            + context.token().number());
    boolean mayHang = context.name().equals(LOST) || context.name().equals(AGAIN);
    if (mayHang && node.kept("hangs", () -> false)) {
      new CountDownLatch(1).await(); // until it is killed
    }
  }

  private static Job job(NodeContext node, String name) {
    return node.kept(
        name,
        () -> {
          throw new IllegalStateException(name + " was not started");
        });
  }
}
