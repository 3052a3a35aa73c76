/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.memogrid.cluster.Cluster;
import org.memogrid.job.Job;

/**
 * Ten thousand jobs on one member: how late they fire, each every ten seconds, a thousand a second;
 * what they cost while none is due; how late the last is if all are due at once. Beside a scheduled
 * thread pool of the JDK's in the same JVM, which notes nothing and asks nobody: the floor.
 */
final class Jobs implements Bench.Suite {
  private static final int JOBS = 10_000;
  private static final Duration PERIOD = Duration.ofSeconds(10);
  private static final Duration IDLE = Duration.ofSeconds(20);
  private static final String POOL = "JDK scheduled pool";

  /** How late firings were, in milliseconds. */
  private static final class Lateness {
    private final ConcurrentLinkedQueue<Long> millis = new ConcurrentLinkedQueue<>();
    private volatile boolean counts;

    void note(long dueAt) {
      if (counts) {
        millis.add(System.currentTimeMillis() - dueAt);
      }
    }

    double percentile(double part) {
      long[] all = millis.stream().mapToLong(Long::longValue).sorted().toArray();
      if (all.length < JOBS) {
        throw new IllegalStateException("only " + all.length + " firings");
      }
      return all[(int) Math.min(all.length - 1L, Math.round(all.length * part))];
    }

    @Override
    public String toString() {
      return millis.size() + " firings " + List.of(percentile(0.5), percentile(0.99));
    }
  }

  @Override
  public List<Row> run(boolean quick) {
    int rounds = quick ? 1 : 3;
    double poolSpread = pool(rounds).percentile(0.99);
    double poolIdle = idlePool();
    List<Row> rows = new ArrayList<>();
    rows.add(
        row("10,000 jobs, 1,000 a second: p99 lateness", POOL, "-", poolSpread, "ms", poolSpread));
    rows.add(row("10,000 jobs, none due: CPU", POOL, "-", poolIdle, "% of a core", poolIdle));
    try (Cluster alone = Cluster.local()) {
      measure(alone, "one member", rounds, poolSpread, poolIdle, rows);
    }
    return rows;
  }

  private static void measure(
      Cluster cluster, String mode, int rounds, double spread, double idle, List<Row> rows) {
    String us = "memogrid";
    rows.add(row("10,000 jobs, none due: CPU", us, mode, idleJobs(cluster), "% of a core", idle));
    Lateness late = jobs(cluster, rounds);
    rows.add(
        row(
            "10,000 jobs, 1,000 a second: p99 lateness",
            us,
            mode,
            late.percentile(0.99),
            "ms",
            spread));
    rows.add(
        row("10,000 jobs due at once: the last fires after", us, mode, burst(cluster), "ms", 0));
  }

  private static Row row(
      String benchmark, String system, String mode, double value, String unit, double floor) {
    return new Row(
        benchmark,
        system,
        mode,
        1,
        value,
        unit,
        floor == 0 ? 0 : value / floor,
        floor == 0 ? "-" : POOL);
  }

  // ---- ours

  private static Lateness jobs(Cluster cluster, int rounds) {
    Lateness late = new Lateness();
    Instant first = Instant.now().plusSeconds(30);
    List<Job> jobs = new ArrayList<>();
    for (int i = 0; i < JOBS; i++) {
      Instant start = first.plusMillis(i * PERIOD.toMillis() / JOBS);
      jobs.add(
          Job.named("spread-" + i, context -> late.note(context.scheduledAt().toEpochMilli()))
              .at(start)
              .every(PERIOD)
              .start(cluster));
    }
    sleepUntil(first.plus(PERIOD)); // one round to warm up
    late.counts = true;
    sleepUntil(first.plus(PERIOD.multipliedBy(rounds + 1L)).plusMillis(500));
    late.counts = false;
    jobs.forEach(Job::unschedule);
    return late;
  }

  private static double idleJobs(Cluster cluster) {
    List<Job> jobs = new ArrayList<>();
    for (int i = 0; i < JOBS; i++) {
      jobs.add(Job.named("idle-" + i, context -> {}).in(Duration.ofHours(10)).start(cluster));
    }
    double cpu = cpuWhile(IDLE);
    jobs.forEach(Job::unschedule);
    return cpu;
  }

  private static double burst(Cluster cluster) {
    Lateness late = new Lateness();
    Instant at = Instant.now().plusSeconds(30);
    late.counts = true;
    List<Job> jobs = new ArrayList<>();
    for (int i = 0; i < JOBS; i++) {
      jobs.add(
          Job.named("burst-" + i, context -> late.note(context.scheduledAt().toEpochMilli()))
              .at(at)
              .start(cluster));
    }
    sleepUntil(at.plusSeconds(10));
    double last = late.percentile(1);
    jobs.forEach(Job::unschedule);
    return last;
  }

  // ---- the floor

  private static Lateness pool(int rounds) {
    Lateness late = new Lateness();
    ScheduledThreadPoolExecutor pool = new ScheduledThreadPoolExecutor(4);
    long first = System.currentTimeMillis() + 2_000;
    for (int i = 0; i < JOBS; i++) {
      long[] due = {first + i * PERIOD.toMillis() / JOBS};
      var unused =
          pool.scheduleAtFixedRate(
              () -> {
                late.note(due[0]);
                due[0] += PERIOD.toMillis();
              },
              due[0] - System.currentTimeMillis(),
              PERIOD.toMillis(),
              TimeUnit.MILLISECONDS);
    }
    sleepUntil(Instant.ofEpochMilli(first).plus(PERIOD));
    late.counts = true;
    sleepUntil(Instant.ofEpochMilli(first).plus(PERIOD.multipliedBy(rounds + 1L)).plusMillis(500));
    pool.shutdownNow();
    return late;
  }

  private static double idlePool() {
    ScheduledThreadPoolExecutor pool = new ScheduledThreadPoolExecutor(4);
    for (int i = 0; i < JOBS; i++) {
      var unused = pool.schedule(() -> {}, 10, TimeUnit.HOURS);
    }
    double cpu = cpuWhile(IDLE);
    pool.shutdownNow();
    return cpu;
  }

  // ---- measuring

  /** The share of one core that this process used, in percent, after five seconds of rest. */
  private static double cpuWhile(Duration time) {
    sleepUntil(Instant.now().plusSeconds(5));
    OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    long before = system.getProcessCpuTime();
    sleepUntil(Instant.now().plus(time));
    return 100.0 * (system.getProcessCpuTime() - before) / time.toNanos();
  }

  private static void sleepUntil(Instant then) {
    try {
      TimeUnit.MILLISECONDS.sleep(Math.max(0, Duration.between(Instant.now(), then).toMillis()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while measuring", e);
    }
  }
}
