/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.TimeZone;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import javax.management.ObjectName;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Cluster;
import org.memogrid.testkit.Await;

/** A job on one member whose clock the test sets. */
class JobTest {
  private static final Duration MINUTE = Duration.ofMinutes(1);

  private final TestClock clock = new TestClock("2026-03-02T10:00:00Z");
  private final List<String> fired = new CopyOnWriteArrayList<>();
  private final AtomicInteger running = new AtomicInteger();
  private final AtomicInteger most = new AtomicInteger();
  private Cluster cluster;

  @BeforeEach
  void join() {
    cluster = Cluster.local();
    clock.of(cluster);
  }

  @AfterEach
  void leave() {
    cluster.close();
  }

  private void note(JobContext context) {
    fired.add(context.scheduledAt().toString());
  }

  private JobBuilder job() {
    return Job.named("ajob", this::note);
  }

  /** The firings so far, once there are that many; fails if there are more. */
  private void awaitFired(String... instants) {
    Await.untilAsserted("firings", () -> assertThat(fired).containsExactly(instants));
  }

  /** Comes after all that this member had to do for the job. */
  private void awaitDone(Job job) {
    Await.until(job + " is at rest", () -> job.status() != JobStatus.RUNNING);
  }

  private void tickEach(Duration step, int times, Job job) {
    for (int i = 0; i < times; i++) {
      int before = fired.size();
      clock.tick(step);
      Await.until("a firing", () -> fired.size() > before);
      awaitDone(job);
    }
  }

  @Test
  void firesByCron() {
    Job job = job().cron("*/20 * * * * ?").zone("UTC").start(cluster);
    awaitFired("2026-03-02T10:00:00Z");
    awaitDone(job);
    tickEach(Duration.ofSeconds(20), 2, job);
    awaitFired("2026-03-02T10:00:00Z", "2026-03-02T10:00:20Z", "2026-03-02T10:00:40Z");
    assertThat(job.next()).isEqualTo("2026-03-02T10:01:00Z");
  }

  @Test
  void firesTheLastTimeOfItsYearsAndIsFinished() {
    Job job = job().cron("0 0 12 3 3 ? 2026").zone("Europe/Berlin").start(cluster);
    assertThat(job.next()).isEqualTo("2026-03-03T11:00:00Z");
    clock.set("2026-03-03T11:00:00Z");
    Await.until("finished", () -> job.status() == JobStatus.FINISHED);
    assertThat(job.next()).isNull();
    awaitFired("2026-03-03T11:00:00Z");
  }

  @Test
  void firesByCronOfUnix() {
    Job job = job().cron("30 10 * * *").zone("UTC").start(cluster);
    assertThat(job.next()).isEqualTo("2026-03-02T10:30:00Z");
    clock.tick(MINUTE.multipliedBy(30));
    awaitFired("2026-03-02T10:30:00Z");
  }

  @Test
  void firesEverySoOftenFromNowOn() {
    Job job = job().every(MINUTE).start(cluster);
    awaitFired("2026-03-02T10:00:00Z");
    awaitDone(job);
    tickEach(MINUTE, 2, job);
    awaitFired("2026-03-02T10:00:00Z", "2026-03-02T10:01:00Z", "2026-03-02T10:02:00Z");
  }

  @Test
  void firesOnceInAWhileAndIsFinished() {
    Job job = job().in(MINUTE).start(cluster);
    assertThat(job.status()).isEqualTo(JobStatus.SCHEDULED);
    tickEach(MINUTE, 1, job);
    Await.until("finished", () -> job.status() == JobStatus.FINISHED);
    clock.tick(Duration.ofDays(400));
    Job again = job().in(MINUTE).start(cluster);
    assertThat(again.status()).as("a finished one stays finished").isEqualTo(JobStatus.FINISHED);
    assertThat(again.next()).isNull();
    awaitFired("2026-03-02T10:01:00Z");
  }

  @Test
  void firesAtAnInstantAndThenAgainUntilTheEnd() {
    Instant start = Instant.parse("2026-03-02T12:00:00Z");
    Job job =
        job()
            .at(start)
            .every(MINUTE.multipliedBy(60))
            .until(Instant.parse("2026-03-02T13:59:59Z"))
            .start(cluster);
    tickEach(MINUTE.multipliedBy(120), 1, job);
    tickEach(MINUTE.multipliedBy(60), 1, job);
    clock.tick(MINUTE.multipliedBy(600));
    Await.until("finished", () -> job.status() == JobStatus.FINISHED);
    awaitFired("2026-03-02T12:00:00Z", "2026-03-02T13:00:00Z");
  }

  @Test
  void firesSoOftenAndCountsOn() {
    Job job = job().every(MINUTE).limit(3).start(cluster);
    Await.until("the first", () -> fired.size() == 1);
    awaitDone(job);
    job.close();
    Job again = job().every(MINUTE).limit(3).start(cluster);
    tickEach(MINUTE, 2, again);
    Await.until("finished", () -> again.status() == JobStatus.FINISHED);
    clock.tick(MINUTE.multipliedBy(60));
    awaitFired("2026-03-02T10:00:00Z", "2026-03-02T10:01:00Z", "2026-03-02T10:02:00Z");
    assertThat(again.stats().fired()).isEqualTo(3);
  }

  @Test
  void whatPassedWhileNobodyWasThereFiresOnce() {
    Job job = job().every(MINUTE).start(cluster);
    awaitFired("2026-03-02T10:00:00Z");
    job.close();
    clock.tick(MINUTE.multipliedBy(90).plusSeconds(30));
    Job again = job().every(MINUTE).start(cluster);
    awaitFired("2026-03-02T10:00:00Z", "2026-03-02T11:30:00Z");
    awaitDone(again);
    assertThat(again.stats().missed()).isEqualTo(89);
    Await.until("it is told", () -> again.history().size() == 3);
    assertThat(again.history())
        .filteredOn(firing -> firing.outcome() == Firing.Outcome.MISSED)
        .singleElement()
        .satisfies(
            firing ->
                assertThat(firing.error())
                    .isEqualTo("89 from 2026-03-02T10:01:00Z to 2026-03-02T11:29:59.999Z"));
  }

  @Test
  void whatPassedWhileNobodyWasThereIsSkippedIfThatIsAskedFor() {
    JobBuilder skipping = job().every(MINUTE).misfire(Misfire.SKIP);
    Job job = skipping.start(cluster);
    awaitFired("2026-03-02T10:00:00Z");
    job.close();
    clock.tick(MINUTE.multipliedBy(90).plusSeconds(30));
    Job again = skipping.start(cluster);
    Await.until("let go", () -> again.stats().missed() == 90);
    assertThat(again.next()).isEqualTo("2026-03-02T11:31:00Z");
    clock.tick(MINUTE.dividedBy(2).plusSeconds(5));
    awaitFired("2026-03-02T10:00:00Z", "2026-03-02T11:31:00Z");
  }

  @Test
  void whatPassedWhileNobodyWasThereFiresEachIfThatIsAskedFor() {
    JobBuilder all = job().every(MINUTE).misfire(Misfire.fireAll(3));
    Job job = all.start(cluster);
    awaitFired("2026-03-02T10:00:00Z");
    job.close();
    clock.tick(MINUTE.multipliedBy(5));
    Job again = all.start(cluster);
    awaitFired(
        "2026-03-02T10:00:00Z",
        "2026-03-02T10:03:00Z",
        "2026-03-02T10:04:00Z",
        "2026-03-02T10:05:00Z");
    assertThat(again.stats().missed()).isEqualTo(2);
  }

  @Test
  void aYearOfMissedSecondsIsNoWork() {
    Job job = job().cron("* * * * * ?").zone("Europe/Berlin").start(cluster);
    Await.until("the first", () -> fired.size() == 1);
    job.close();
    clock.tick(Duration.ofDays(365));
    Job again = job().cron("* * * * * ?").zone("Europe/Berlin").start(cluster);
    awaitFired("2026-03-02T10:00:00Z", "2027-03-02T10:00:00Z");
    assertThat(again.stats().missed()).isEqualTo(1_000);
  }

  @Test
  void theHistoryIsOfTheLastHundred() {
    Job job = job().every(MINUTE).misfire(Misfire.fireAll(200)).start(cluster);
    awaitFired("2026-03-02T10:00:00Z");
    awaitDone(job);
    clock.tick(MINUTE.multipliedBy(104));
    Await.until("all have fired", () -> fired.size() == 105);
    Instant last = Instant.parse("2026-03-02T11:44:00Z");
    Await.until(
        "the last is in the history",
        () -> job.history().get(job.history().size() - 1).scheduledAt().equals(last));
    assertThat(job.history()).hasSize(100);
    assertThat(job.history().get(0).scheduledAt())
        .as("the sixth")
        .isEqualTo("2026-03-02T10:05:00Z");
  }

  /** The night in which Berlin has no time from two to three. */
  @Test
  void aTimeThatTheClockLeavesOutIsSkippedIfThatIsAskedFor() {
    JobBuilder skipping = job().cron("0 30 2 * * ?").zone("Europe/Berlin").gap(Gap.SKIP);
    clock.set("2026-03-28T12:00:00Z");
    Job job = skipping.start(cluster);
    assertThat(job.next()).isEqualTo("2026-03-30T00:30:00Z");
    job.close();
    Job again = skipping.start(cluster); // as it is read from the store
    assertThat(again.schedule()).hasToString("cron(0 30 2 * * ?) zone(Europe/Berlin) gap(SKIP)");
    clock.set("2026-03-29T01:00:05Z");
    assertThat(again.next()).isEqualTo("2026-03-30T00:30:00Z");
    clock.set("2026-03-30T00:30:00Z");
    awaitFired("2026-03-30T00:30:00Z");
  }

  /** Of who schedules it: it does not change with the zone of who looks at it. */
  @Test
  void theZoneIsThatOfTheMemberUnlessItSaysAnother() {
    TimeZone before = TimeZone.getDefault();
    try {
      TimeZone.setDefault(TimeZone.getTimeZone("Asia/Kolkata"));
      Job job = job().cron("0 30 2 * * ?").start(cluster);
      TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
      assertThat(job.schedule()).hasToString("cron(0 30 2 * * ?) zone(Asia/Kolkata)");
      assertThat(job.next()).isEqualTo("2026-03-02T21:00:00Z");
    } finally {
      TimeZone.setDefault(before);
    }
  }

  private void hold(CountDownLatch until) throws InterruptedException {
    most.accumulateAndGet(running.incrementAndGet(), Math::max);
    try {
      until.await();
    } finally {
      running.decrementAndGet();
    }
  }

  @Test
  void doesNotOverlapItself() {
    CountDownLatch go = new CountDownLatch(1);
    Job job =
        Job.named(
                "slow",
                context -> {
                  note(context);
                  hold(go);
                })
            .every(MINUTE)
            .start(cluster);
    Await.until("it runs", () -> running.get() == 1);
    assertThat(job.status()).isEqualTo(JobStatus.RUNNING);
    clock.tick(MINUTE.multipliedBy(5));
    go.countDown();
    awaitFired("2026-03-02T10:00:00Z", "2026-03-02T10:05:00Z");
    assertThat(most).hasValue(1);
  }

  @Test
  void overlapsItselfIfThatIsAllowed() {
    CountDownLatch go = new CountDownLatch(1);
    Job.named("slow", context -> hold(go)).every(MINUTE).allowConcurrent().start(cluster);
    Await.until("one runs", () -> running.get() == 1);
    clock.tick(MINUTE);
    Await.until("two run", () -> running.get() == 2);
    go.countDown();
  }

  @Test
  void aPausedOneDoesNotFireAndMakesUpForNothing() {
    Job job = job().every(MINUTE).start(cluster);
    awaitFired("2026-03-02T10:00:00Z");
    awaitDone(job);
    job.pause();
    assertThat(job.status()).isEqualTo(JobStatus.PAUSED);
    assertThat(job.next()).isNull();
    clock.tick(MINUTE.multipliedBy(10).plusSeconds(30));
    job.resume();
    assertThat(job.next()).isEqualTo("2026-03-02T10:11:00Z");
    clock.tick(MINUTE);
    awaitFired("2026-03-02T10:00:00Z", "2026-03-02T10:11:00Z");
    assertThat(job.stats().missed()).isZero();
  }

  @Test
  void isToldToRun() {
    Job job = job().cron("0 0 0 1 1 ?").zone("UTC").start(cluster);
    job.pause();
    job.triggerNow();
    job.triggerNow();
    awaitFired("2026-03-02T10:00:00Z", "2026-03-02T10:00:00.001Z");
    assertThat(job.stats().fired()).isZero();
    Await.until("both are noted", () -> job.stats().runs() == 2);
  }

  /** It is asked for in the millisecond of an instant of the schedule, before that one or after. */
  @Test
  void firingsAreToldApartByInstantAndNumber() {
    List<String> keys = new CopyOnWriteArrayList<>();
    Job job =
        Job.named("ajob", c -> keys.add(c.scheduledAt() + " " + c.number()))
            .every(MINUTE)
            .start(cluster);
    job.triggerNow();
    Await.until("both ran", () -> keys.size() == 2);
    assertThat(keys).containsExactlyInAnyOrder("2026-03-02T10:00:00Z 1", "2026-03-02T10:00:00Z 0");
  }

  @Test
  void getsAnotherSchedule() {
    Job job = job().cron("0 0 0 1 1 ?").zone("UTC").start(cluster);
    job.reschedule(Schedule.every(MINUTE).startingIn(MINUTE).limit(1));
    assertThat(job.schedule()).hasToString("every(PT1M) in(PT1M) limit(1)");
    clock.tick(MINUTE);
    awaitFired("2026-03-02T10:01:00Z");
    Await.until("finished", () -> job.status() == JobStatus.FINISHED);
    Schedule over = Schedule.cron("0 0 0 1 1 ? 2025").zone("Europe/Berlin");
    assertThatThrownBy(() -> job.reschedule(over))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("ajob")
        .hasMessageContaining("2025");
  }

  /** Its only instant fired; the same instant with other policies is the same instant. */
  @Test
  void anInstantThatHasFiredDoesNotFireAgainForAnotherSchedule() {
    Instant at = Instant.parse("2026-03-02T10:00:00Z");
    Job first = job().at(at).start(cluster);
    Await.until("finished", () -> first.status() == JobStatus.FINISHED);
    clock.tick(MINUTE);
    Job again = job().at(at).misfire(Misfire.fireAll(3)).start(cluster);
    Await.until("finished", () -> again.status() == JobStatus.FINISHED);
    again.reschedule(Schedule.every(MINUTE.multipliedBy(60)).startingAt(at));
    clock.tick(MINUTE.multipliedBy(59));
    awaitFired("2026-03-02T10:00:00Z", "2026-03-02T11:00:00Z");
  }

  @Test
  void anInstantThatHasFiredDoesNotFireAgainForAClockThatIsBehind() {
    Job job = job().cron("0 * * * * ?").zone("UTC").start(cluster);
    awaitFired("2026-03-02T10:00:00Z");
    awaitDone(job);
    clock.set("2026-03-02T09:59:30Z");
    job.reschedule(Schedule.cron("*/30 * * * * ?").zone("UTC"));
    assertThat(job.next()).isEqualTo("2026-03-02T10:00:30Z");
  }

  @Test
  void oneThatHasNotBegunIsReplacedByWhatComesBefore() {
    Job job = job().at(Instant.parse("2030-01-01T00:00:00Z")).start(cluster);
    job.reschedule(Schedule.every(MINUTE));
    awaitFired("2026-03-02T10:00:00Z");
  }

  @Test
  void aFiringThatEndsAfterItsJobWasTakenOutLeavesNoHistory() {
    CountDownLatch go = new CountDownLatch(1);
    Job job = Job.named("ajob", context -> hold(go)).every(MINUTE).start(cluster);
    Await.until("it runs", () -> running.get() == 1);
    job.unschedule();
    go.countDown();
    job.close();
    Job next = job().in(MINUTE).start(cluster);
    assertThat(next.history()).isEmpty();
  }

  @Test
  void aListenerThatTakesLongHoldsUpNoFiring() {
    CountDownLatch go = new CountDownLatch(1);
    List<Instant> told = new CopyOnWriteArrayList<>();
    Job job =
        job()
            .every(MINUTE)
            .listen(
                (j, firing) -> {
                  try {
                    go.await();
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                  told.add(firing.scheduledAt());
                })
            .start(cluster);
    awaitFired("2026-03-02T10:00:00Z");
    awaitDone(job);
    clock.tick(MINUTE);
    awaitFired("2026-03-02T10:00:00Z", "2026-03-02T10:01:00Z");
    assertThat(told).isEmpty();
    go.countDown();
    Await.untilAsserted("all is told", () -> assertThat(told).hasSize(2).isSorted());
  }

  @Test
  void onEveryNodeATokenWouldProveNothing() {
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    Job.named(
            "each",
            context -> {
              try {
                cluster.<String, Integer>cache("c").putFenced("k", 1, context.token());
              } catch (IllegalStateException e) {
                thrown.set(e);
              }
            })
        .every(MINUTE)
        .onEveryNode()
        .start(cluster);
    Await.until("it has tried", () -> thrown.get() != null);
    assertThat(thrown.get()).hasMessageContaining("'each'").hasMessageContaining("every node");
  }

  @Test
  void isTakenOutOfTheScheduleEvenByItsOwnFiring() {
    List<Job> self = new ArrayList<>();
    CountDownLatch known = new CountDownLatch(1);
    Job job =
        Job.named(
                "last",
                context -> {
                  known.await();
                  self.get(0).unschedule();
                  self.get(0).close();
                  note(context);
                })
            .every(MINUTE)
            .start(cluster);
    self.add(job);
    known.countDown();
    awaitFired("2026-03-02T10:00:00Z");
    clock.tick(MINUTE.multipliedBy(10));
    Await.until("closed", () -> job.status() == JobStatus.CLOSED);
    assertThatThrownBy(job::pause).hasMessageContaining("closed");
    awaitFired("2026-03-02T10:00:00Z");
  }

  @Test
  void aFailureIsKeptAndTheJobGoesOn() {
    List<Firing> heard = new CopyOnWriteArrayList<>();
    Job job =
        Job.named(
                "frail",
                context -> {
                  if (context.number() == 1) {
                    throw new IllegalStateException("on purpose");
                  }
                })
            .every(MINUTE)
            .listen((j, firing) -> heard.add(firing))
            .start(cluster);
    Await.until("the first", () -> heard.size() == 1);
    awaitDone(job);
    clock.tick(MINUTE);
    Await.until("the second", () -> heard.size() == 2);
    assertThat(job.history()).isEqualTo(heard); // written before the listener is told
    assertThat(heard)
        .extracting(Firing::outcome)
        .containsExactly(Firing.Outcome.FAILED, Firing.Outcome.DONE);
    assertThat(heard.get(0).error()).contains("on purpose");
    assertThat(job.stats().failures()).isEqualTo(1);
  }

  @Test
  void aFiringThatGoesOnIsAwaitedThenInterrupted() {
    AtomicInteger interrupted = new AtomicInteger();
    Job job =
        Job.named(
                "stubborn",
                context -> {
                  running.incrementAndGet();
                  while (context.isActive()) {
                    Thread.onSpinWait();
                  }
                  try {
                    new CountDownLatch(1).await();
                  } catch (InterruptedException e) {
                    interrupted.incrementAndGet();
                  }
                })
            .every(MINUTE)
            .start(cluster);
    Await.until("it runs", () -> running.get() == 1);
    job.close();
    assertThat(interrupted).hasValue(1);
  }

  @Test
  void theSameNameAgainReplacesTheOldOne() {
    Job first = job().every(MINUTE).start(cluster);
    awaitFired("2026-03-02T10:00:00Z");
    Job second = job().every(MINUTE.multipliedBy(2)).start(cluster);
    assertThat(first.status()).isEqualTo(JobStatus.CLOSED);
    assertThat(second.schedule()).hasToString("every(PT2M)");
  }

  @Test
  void isNotStartedAnewByItsOwnFiring() {
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    Job job =
        Job.named(
                "self",
                context -> {
                  try {
                    Job.named("self", this::note).every(MINUTE).limit(2).start(cluster);
                  } catch (IllegalStateException e) {
                    thrown.set(e);
                  }
                })
            .every(MINUTE)
            .start(cluster);
    Await.until("it has tried", () -> thrown.get() != null);
    assertThat(thrown.get()).hasMessageContaining("'self'").hasMessageContaining("reschedule");
    assertThat(job.schedule()).hasToString("every(PT1M)");
  }

  @Test
  void isSeenAndSteeredInJmx() throws Exception {
    Job job = job().cron("0 0 12 * * ?").zone("UTC").start(cluster);
    var server = ManagementFactory.getPlatformMBeanServer();
    ObjectName name = new ObjectName("org.memogrid:type=Job,name=ajob");
    Await.until("a holder", () -> job.holder() != null);
    assertThat(server.getAttribute(name, "Status")).isEqualTo("SCHEDULED");
    assertThat(server.getAttribute(name, "Next")).isEqualTo("2026-03-02T12:00:00Z");
    assertThat(server.getAttribute(name, "Schedule")).isEqualTo("cron(0 0 12 * * ?) zone(UTC)");
    assertThat(server.getAttribute(name, "Holder"))
        .isEqualTo(Objects.requireNonNull(job.holder()).name());
    server.invoke(name, "pause", null, null);
    assertThat(server.getAttribute(name, "Status")).isEqualTo("PAUSED");
    server.invoke(name, "triggerNow", null, null);
    awaitFired("2026-03-02T10:00:00Z");
    server.invoke(name, "resume", null, null);
    assertThat(job.next()).isEqualTo("2026-03-02T12:00:00Z");
    job.close();
    assertThat(server.isRegistered(name)).isFalse();
  }
}
