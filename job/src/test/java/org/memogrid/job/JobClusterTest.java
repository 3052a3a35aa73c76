/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.FencingToken;
import org.memogrid.cluster.Cluster;
import org.memogrid.internal.node.Node;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.TestCluster;

/** A job on several members of this JVM whose clock the test sets. */
class JobClusterTest {
  private static final Duration MINUTE = Duration.ofMinutes(1);

  private final TestClock clock = new TestClock("2026-03-02T10:00:00Z");
  private final List<Start> starts = new CopyOnWriteArrayList<>();

  private record Start(String node, Instant at, long number, int attempt, FencingToken token) {}

  private void note(JobContext context) {
    note(context, context.token());
  }

  private void note(JobContext context, FencingToken token) {
    starts.add(
        new Start(
            context.member().name(),
            context.scheduledAt(),
            context.number(),
            context.attempt(),
            token));
  }

  private JobBuilder job() {
    return Job.named("ajob", this::note).every(MINUTE);
  }

  private List<Job> startOnAll(TestCluster cluster, JobBuilder builder) {
    List<Job> jobs = new ArrayList<>();
    for (Cluster node : cluster.nodes()) {
      clock.of(node);
      jobs.add(builder.start(node));
    }
    return jobs;
  }

  private void awaitHolder(List<Job> jobs) {
    Await.untilAsserted(
        "all know the holder and its turn",
        () ->
            assertThat(jobs)
                .allSatisfy(
                    job -> {
                      assertThat(Objects.requireNonNull(job.holder()).name())
                          .isEqualTo(lastStart().node());
                      assertThat(job.token()).isEqualTo(lastStart().token());
                    }));
  }

  private void tickAndAwait(int firings) {
    clock.tick(MINUTE);
    Await.until(firings + " firings", () -> starts.size() >= firings);
  }

  private static int indexOf(TestCluster cluster, String name) {
    for (int i = 0; i < cluster.nodes().size(); i++) {
      if (cluster.node(i).self().name().equals(name)) {
        return i;
      }
    }
    throw new AssertionError(name);
  }

  private Start lastStart() {
    return starts.get(starts.size() - 1);
  }

  @Test
  void firesOnceInTheClusterAndCountsOnWhenItsMemberLeavesOrDies() {
    try (TestCluster cluster = TestCluster.of(3)) {
      List<Job> jobs = startOnAll(cluster, job().limit(6));
      Await.until("the first", () -> starts.size() == 1);
      awaitHolder(jobs);
      tickAndAwait(2);
      FencingToken first = lastStart().token();
      cluster.leave(indexOf(cluster, lastStart().node()));
      tickAndAwait(3);
      assertThat(lastStart().token()).isGreaterThan(first);
      tickAndAwait(4);
      cluster.crash(indexOf(cluster, lastStart().node()));
      tickAndAwait(5);
      clock.of(cluster.join());
      job().limit(6).start(cluster.node(1));
      tickAndAwait(6);
      clock.tick(MINUTE.multipliedBy(100));
      Job last = job().limit(6).start(cluster.node(0));
      Await.until("finished", () -> last.status() == JobStatus.FINISHED);
    }
    assertThat(starts).extracting(Start::number).containsExactly(1L, 2L, 3L, 4L, 5L, 6L);
    assertThat(starts).extracting(Start::at).doesNotHaveDuplicates().isSorted();
    assertThat(starts).extracting(Start::node).hasSizeGreaterThan(2);
  }

  @Test
  void isSteeredFromAnyMember() {
    try (TestCluster cluster = TestCluster.of(2)) {
      List<Job> jobs = startOnAll(cluster, job());
      Await.until("the first", () -> starts.size() == 1);
      Job holder = jobs.get(indexOf(cluster, lastStart().node()));
      Job other = jobs.get(1 - indexOf(cluster, lastStart().node()));
      other.pause();
      Await.until("paused", () -> holder.status() == JobStatus.PAUSED);
      clock.tick(MINUTE.multipliedBy(5));
      other.triggerNow();
      Await.until("it ran because it was told to", () -> starts.size() == 2);
      other.resume();
      tickAndAwait(3);
      other.reschedule(Schedule.every(MINUTE.multipliedBy(10)).startingIn(MINUTE));
      Await.untilAsserted(
          "the holder knows", () -> assertThat(holder.schedule()).isEqualTo(other.schedule()));
      tickAndAwait(4);
      assertThat(lastStart().number()).isEqualTo(1);
      for (Job each : jobs) { // written beside the firing
        Await.untilAsserted("all have the history", () -> assertThat(each.history()).hasSize(4));
      }
      assertThat(holder.history()).isEqualTo(other.history());
      other.unschedule();
      Await.until("gone", () -> holder.status() == JobStatus.UNSCHEDULED);
      clock.tick(MINUTE.multipliedBy(20));
      assertThatThrownBy(holder::pause).hasMessageContaining("ajob");
      Job again = Job.named("ajob", this::note).in(MINUTE).start(cluster.node(0));
      tickAndAwait(5);
      assertThat(again.schedule()).hasToString("in(PT1M)");
      assertThat(starts).hasSize(5);
    }
  }

  @Test
  void anotherScheduleForTheNameReplacesItEverywhere() {
    try (TestCluster cluster = TestCluster.of(2)) {
      List<Job> jobs = startOnAll(cluster, job());
      Await.until("the first", () -> starts.size() == 1);
      clock.tick(Duration.ofSeconds(1)); // this very instant has fired
      job().limit(2).start(cluster.node(0));
      Await.until("it begins anew", () -> starts.size() == 2);
      assertThat(lastStart().number()).isEqualTo(1);
      Await.untilAsserted(
          "the other knows",
          () -> assertThat(jobs.get(1).schedule()).hasToString("every(PT1M) limit(2)"));
    }
  }

  private void holdOnItsFirstMember(JobContext context, AtomicBoolean held, CountDownLatch until)
      throws InterruptedException {
    note(context);
    if (held.compareAndSet(false, true)) {
      while (context.isActive() && !until.await(10, TimeUnit.MILLISECONDS)) {
        // as long as its member lives
      }
    }
  }

  private void loseAFiring(WhenLost whenLost, int starts) {
    CountDownLatch never = new CountDownLatch(1);
    AtomicBoolean held = new AtomicBoolean();
    try (TestCluster cluster = TestCluster.of(2)) {
      JobBuilder builder =
          Job.named("ajob", context -> holdOnItsFirstMember(context, held, never))
              .every(MINUTE)
              .whenLost(whenLost);
      List<Job> jobs = startOnAll(cluster, builder);
      Await.until("it runs", () -> this.starts.size() == 1);
      int holder = indexOf(cluster, lastStart().node());
      Job other = jobs.get(1 - holder);
      assertThat(other.status()).isEqualTo(JobStatus.RUNNING);
      cluster.crash(holder);
      Await.until(
          "it is known to be lost",
          () -> other.history().stream().anyMatch(f -> f.outcome() == Firing.Outcome.LOST));
      Await.until("all starts", () -> this.starts.size() == starts);
      tickAndAwait(starts + 1);
      never.countDown();
    }
  }

  @Test
  void aFiringThatWasLostWithItsMemberIsNotRunAgain() {
    loseAFiring(WhenLost.SKIP, 1);
    assertThat(starts).extracting(Start::at).doesNotHaveDuplicates();
  }

  @Test
  void aFiringThatWasLostWithItsMemberIsRunAgainIfThatIsAskedFor() {
    loseAFiring(WhenLost.RERUN, 2);
    assertThat(starts.get(1).at()).isEqualTo(starts.get(0).at());
    assertThat(starts).extracting(Start::attempt).containsExactly(1, 2, 1);
    assertThat(starts).extracting(Start::number).containsExactly(1L, 1L, 2L);
  }

  @Test
  void aClockThatIsAheadIsWarnedOf() {
    TestClock later = new TestClock("2026-03-02T10:00:00.700Z");
    try (TestCluster cluster = TestCluster.of(2)) {
      clock.of(cluster.node(0));
      later.of(cluster.node(1));
      CountDownLatch go = new CountDownLatch(1);
      JobTask task =
          context -> {
            note(context);
            if (context.number() == 2) {
              go.await();
            }
          };
      Job.named("ajob", task).every(MINUTE).start(cluster.node(1));
      Await.until("it fires", () -> starts.size() == 1);
      Job.named("ajob", task).every(MINUTE).start(cluster.node(0));
      later.tick(MINUTE);
      clock.tick(MINUTE);
      JobFeature here = cluster.node(0).unwrap(Node.class).feature(JobFeature.class);
      Await.until("a warning", () -> here.ahead().contains(cluster.node(1).self()));
      JobFeature there = cluster.node(1).unwrap(Node.class).feature(JobFeature.class);
      assertThat(there.ahead()).isEmpty();
      go.countDown();
    }
  }

  @Test
  void onEveryNodeEachFiresForItself() {
    try (TestCluster cluster = TestCluster.of(2)) {
      FencingToken none = new FencingToken("none", 0, "none"); // there is no turn to prove
      JobTask task = context -> note(context, none);
      List<Job> jobs = startOnAll(cluster, Job.named("ajob", task).every(MINUTE).onEveryNode());
      Await.until("both", () -> starts.size() == 2);
      jobs.get(0).pause();
      Await.until("at rest", () -> jobs.get(0).status() == JobStatus.PAUSED);
      Await.until("at rest", () -> jobs.get(1).status() == JobStatus.SCHEDULED);
      tickAndAwait(3);
      assertThat(lastStart().node()).isEqualTo(cluster.node(1).self().name());
      assertThat(jobs.get(0).status()).isEqualTo(JobStatus.PAUSED);
    }
  }

  @Test
  void manyAreSpreadOverTheMembers() {
    try (TestCluster cluster = TestCluster.of(2)) {
      cluster.nodes().forEach(clock::of);
      for (int i = 0; i < 40; i++) {
        String name = "job" + i;
        cluster.nodes().forEach(node -> Job.named(name, this::note).in(MINUTE).start(node));
      }
      tickAndAwait(40);
      assertThat(starts).extracting(Start::node).contains("n0", "n1");
      clock.tick(MINUTE);
      assertThat(starts).hasSize(40);
    }
  }
}
