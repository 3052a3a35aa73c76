/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Many simulated lives, on all processors. */
final class MemoSims {
  private MemoSims() {}

  /** What a seed's life did that it must not. */
  record Violation(long seed, String what) {
    @Override
    public String toString() {
      return "seed " + seed + " " + what;
    }
  }

  /** What came of a range of seeds. */
  static final class Report {
    long seeds;
    long calls;
    long runs;
    long messages;
    long trusted;
    long millis;
    final Map<Rule, Long> decided = new EnumMap<>(Rule.class);
    final List<Violation> violations = new ArrayList<>();

    private void add(Report other) {
      seeds += other.seeds;
      calls += other.calls;
      runs += other.runs;
      messages += other.messages;
      trusted += other.trusted;
      other.decided.forEach((rule, count) -> decided.merge(rule, count, Long::sum));
      violations.addAll(other.violations);
    }

    @Override
    public String toString() {
      return seeds
          + " seeds, "
          + calls
          + " calls, "
          + runs
          + " runs, "
          + messages
          + " messages, "
          + trusted
          + " keys trusted again, in "
          + millis
          + " ms; decided: "
          + decided
          + "; violations: "
          + violations.size();
    }
  }

  /** Runs the seeds from {@code first} to before {@code end}, without the rules in {@code off}. */
  static Report run(long first, long end, Set<Rule> off) {
    int threads = Math.max(2, Runtime.getRuntime().availableProcessors());
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      List<Future<Report>> parts = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        long from = first + i;
        parts.add(pool.submit(() -> run(from, end, threads, off)));
      }
      long begun = System.nanoTime();
      Report all = new Report();
      for (Future<Report> part : parts) {
        all.add(part.get());
      }
      all.millis = (System.nanoTime() - begun) / 1_000_000;
      return all;
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException(e);
    } finally {
      pool.shutdownNow();
    }
  }

  private static Report run(long first, long end, int step, Set<Rule> off) {
    Report report = new Report();
    for (long seed = first; seed < end; seed += step) {
      MemoSim sim = new MemoSim(seed, off, false);
      List<String> found;
      try {
        found = sim.run();
      } catch (RuntimeException e) {
        throw new IllegalStateException("seed " + seed, e);
      }
      for (String violation : found) {
        report.violations.add(new Violation(seed, sim.kind + " " + violation));
      }
      report.seeds++;
      report.calls += sim.checker.calls;
      report.runs += sim.checker.runs();
      report.messages += sim.net.messages();
      report.trusted += sim.checker.trusted;
      for (Rule rule : Rule.values()) {
        report.decided.merge(rule, sim.decided(rule), Long::sum);
      }
    }
    return report;
  }
}
