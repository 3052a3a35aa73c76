/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.memogrid.job.Firing;
import org.memogrid.job.Job;
import org.memogrid.job.JobContext;
import org.memogrid.job.JobStatus;
import org.memogrid.job.Misfire;
import org.memogrid.job.WhenLost;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeContext;
import org.memogrid.testkit.NodeProcess;
import org.memogrid.testkit.ProcessCluster;

/**
 * Two finite jobs over JVMs of their own, whose members are killed, leave and come back. Each start
 * is told here; afterwards none is there twice, none is missing, and there are as many as the limit
 * says. One job lets go of a firing that was lost with its member, one runs it again.
 */
class JobFaultTest {
  private static final String ONCE = "once";
  private static final String AGAIN = "again";
  private static final int LIMIT = 100;
  private static final Duration PERIOD = Duration.ofMillis(100);

  private final List<Start> starts = new CopyOnWriteArrayList<>();
  private ProcessCluster cluster;

  private record Start(
      String job, String node, long instant, long number, int attempt, long heardAt) {
    static Start heard(String node, String told) {
      String[] parts = told.split(" ", -1);
      return new Start(
          parts[0],
          node,
          Long.parseLong(parts[1]),
          Long.parseLong(parts[2]),
          Integer.parseInt(parts[3]),
          System.nanoTime());
    }
  }

  @BeforeEach
  void threeNodes() {
    cluster = ProcessCluster.of(0);
    List<NodeProcess> spares = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      spares.add(cluster.spare());
    }
    spares.forEach(this::join);
  }

  @AfterEach
  void end() {
    cluster.close();
  }

  private void join(NodeProcess node) {
    cluster.join(node);
    node.onEvent("starts", told -> starts.add(Start.heard(node.name(), String.valueOf(told))));
    node.run(
        there -> {
          start(there, ONCE, WhenLost.SKIP);
          start(there, AGAIN, WhenLost.RERUN);
        });
  }

  /** Runs in the node's JVM. */
  private static void start(NodeContext there, String name, WhenLost whenLost) {
    Job unused =
        there.kept(
            name,
            () ->
                Job.named(name, context -> tell(there, context))
                    .every(PERIOD)
                    .limit(LIMIT)
                    .misfire(Misfire.fireAll(10_000))
                    .whenLost(whenLost)
                    .start(there.cluster()));
  }

  private static void tell(NodeContext there, JobContext context) {
    there.emit(
        "starts",
        context.name()
            + " "
            + context.scheduledAt().toEpochMilli()
            + " "
            + context.number()
            + " "
            + context.attempt());
  }

  private NodeProcess holder(String job) {
    Start last = starts.stream().filter(s -> s.job().equals(job)).reduce((a, b) -> b).orElseThrow();
    return cluster.nodes().stream()
        .filter(n -> n.name().equals(last.node()))
        .findFirst()
        .orElseGet(() -> cluster.node(0));
  }

  private void awaitMore(int firings) {
    int before = starts.size();
    Await.until(firings + " firings more", () -> starts.size() >= before + firings);
  }

  @Test
  void eachInstantFiresOnceThoughMembersAreKilledAndLeave() {
    long seed = new Random().nextLong();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    awaitMore(10);
    int kills = 0;
    for (String job : List.of(ONCE, AGAIN)) {
      NodeProcess holder = holder(job);
      long killedAt = System.nanoTime();
      cluster.kill(holder);
      kills++;
      Await.until(
          "a firing elsewhere",
          () -> starts.stream().anyMatch(s -> s.job().equals(job) && s.heardAt() > killedAt));
      System.out.printf("killed %s: %d ms without a firing of '%s'%n", holder, gap(job), job);
      join(cluster.spare());
      awaitMore(1 + random.nextInt(10));
    }
    NodeProcess leaving = holder(ONCE);
    cluster.leave(leaving);
    awaitMore(4);
    System.out.printf("%s left: %d ms without a firing of '%s'%n", leaving, gap(ONCE), ONCE);
    awaitEnd(ONCE);
    awaitEnd(AGAIN);

    Map<Long, Long> once = startsByInstant(ONCE);
    assertThat(once.values()).as("starts per instant").containsOnly(1L);
    assertThat(startsByInstant(AGAIN)).as("instants").hasSize(LIMIT);
    assertThat(
            starts.stream()
                .filter(s -> s.job().equals(AGAIN))
                .collect(Collectors.groupingBy(s -> s.instant() + "#" + s.attempt()))
                .values())
        .as("starts per attempt")
        .allSatisfy(each -> assertThat(each).hasSize(1));
    Set<Long> missing = missing(ONCE);
    assertThat(missing).as("not heard of, and not known to be lost").isSubsetOf(lost(ONCE));
    assertThat(missing.size()).as("at most the firing of each kill").isLessThanOrEqualTo(kills);
    assertThat(missing(AGAIN)).isEmpty();
  }

  /** The longest time between two starts of late. */
  private long gap(String job) {
    List<Long> heard =
        starts.stream().filter(s -> s.job().equals(job)).map(Start::heardAt).sorted().toList();
    long longest = 0;
    for (int i = Math.max(1, heard.size() - 10); i < heard.size(); i++) {
      longest = Math.max(longest, heard.get(i) - heard.get(i - 1));
    }
    return longest / 1_000_000;
  }

  private void awaitEnd(String job) {
    Await.until(
        "the end of " + job,
        () ->
            cluster
                .node(0)
                .call(there -> there.<Job>kept(job, () -> null).status() == JobStatus.FINISHED));
  }

  private Map<Long, Long> startsByInstant(String job) {
    Map<Long, Long> counted = new HashMap<>();
    starts.stream()
        .filter(s -> s.job().equals(job))
        .forEach(s -> counted.merge(s.instant(), 1L, Long::sum));
    return counted;
  }

  /** Instants are as far apart as the period, from the first on, and as many as the limit says. */
  private Set<Long> missing(String job) {
    Map<Long, Long> started = startsByInstant(job);
    long first =
        starts.stream()
            .filter(s -> s.job().equals(job))
            .mapToLong(s -> s.instant() - (s.number() - 1) * PERIOD.toMillis())
            .min()
            .orElseThrow();
    Set<Long> missing = new TreeSet<>();
    for (int i = 0; i < LIMIT; i++) {
      missing.add(first + i * PERIOD.toMillis());
    }
    assertThat(missing).as("instants of the schedule").containsAll(started.keySet());
    missing.removeAll(started.keySet());
    return missing;
  }

  private Set<Long> lost(String job) {
    return cluster
        .node(0)
        .call(
            there ->
                new TreeSet<>(
                    Objects.requireNonNull(there.<Job>kept(job, () -> null)).history().stream()
                        .filter(firing -> firing.outcome() == Firing.Outcome.LOST)
                        .map(firing -> firing.scheduledAt().toEpochMilli())
                        .toList()));
  }
}
