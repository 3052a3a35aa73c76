/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/**
 * What operations of several systems cost, under JMH: many short iterations in several JVMs, of
 * which the lower quartile counts, since what else runs on the machine can only add to a figure.
 * All systems take turns, one JVM each in a round: a machine that is slower for some minutes is so
 * for the base, too.
 */
final class Rounds {
  /** Of {@link GCProfiler}: what all threads of the JVM allocated, for each operation. */
  private static final String ALLOCATED = "gc.alloc.rate.norm";

  private final String benchmark;
  private final String[] systems;
  private final int warmUps;
  private final boolean quick;
  private final boolean allocations;

  private Rounds(
      String benchmark, String[] systems, int warmUps, boolean quick, boolean allocations) {
    this.benchmark = benchmark;
    this.systems = systems;
    this.warmUps = warmUps;
    this.quick = quick;
    this.allocations = allocations;
  }

  /**
   * Of a benchmark, {@code Class.method}, whose parameter names the system.
   *
   * @param warmUps how many quarters of a second it takes until the code is compiled
   */
  static Rounds of(String benchmark, String[] systems, int warmUps, boolean quick) {
    return new Rounds(benchmark, systems, warmUps, quick, false);
  }

  /** The same, which also asks what is allocated. */
  static Rounds withAllocations(String benchmark, String[] systems, int warmUps, boolean quick) {
    return new Rounds(benchmark, systems, warmUps, quick, true);
  }

  /**
   * The lower quartiles of a system's iterations.
   *
   * @param bytes NaN without {@link #withAllocations}
   */
  record Measured(double nanos, double bytes) {}

  /** What each system took, those left out that failed. */
  Map<String, Measured> run(int threads, int rounds) throws RunnerException {
    Map<String, double[]> nanos = new LinkedHashMap<>();
    Map<String, double[]> bytes = new LinkedHashMap<>();
    for (int round = 0; round < (quick ? 1 : rounds); round++) {
      for (RunResult result : new Runner(options(threads).build()).run()) {
        String system = result.getParams().getParam("system");
        nanos.merge(system, times(result), Rounds::joined);
        bytes.merge(system, allocated(result), Rounds::joined);
      }
    }
    Map<String, Measured> measured = new LinkedHashMap<>();
    nanos.forEach(
        (system, all) -> {
          if (all.length > 0) {
            double[] allocated = bytes.getOrDefault(system, new double[0]);
            measured.put(system, new Measured(lowerQuartile(all), lowerQuartile(allocated)));
          }
        });
    return measured;
  }

  private ChainedOptionsBuilder options(int threads) {
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .include(benchmark)
            .param("system", systems)
            .threads(threads)
            .forks(1)
            .warmupIterations(quick ? 8 : warmUps)
            .warmupTime(TimeValue.milliseconds(250))
            .measurementIterations(quick ? 20 : 40)
            .measurementTime(TimeValue.milliseconds(50))
            .jvmArgsAppend(
                Stream.of(
                        Stream.of("-Xmx512m", "-Djava.net.preferIPv4Stack=true"),
                        Child.OPEN.stream(),
                        Child.QUIET.stream())
                    .flatMap(each -> each)
                    .toArray(String[]::new))
            .shouldFailOnError(false);
    return allocations ? options.addProfiler(GCProfiler.class) : options;
  }

  private static double[] times(RunResult result) {
    return iterations(result).mapToDouble(each -> each.getPrimaryResult().getScore()).toArray();
  }

  private static double[] allocated(RunResult all) {
    return iterations(all)
        .flatMap(each -> Stream.ofNullable(each.getSecondaryResults().get(ALLOCATED)))
        .mapToDouble(result -> result.getScore())
        .toArray();
  }

  private static Stream<IterationResult> iterations(RunResult result) {
    return result.getBenchmarkResults().stream()
        .flatMap(fork -> fork.getIterationResults().stream());
  }

  private static double[] joined(double[] some, double[] more) {
    return DoubleStream.concat(Arrays.stream(some), Arrays.stream(more)).toArray();
  }

  private static double lowerQuartile(double[] all) {
    double[] sorted = all.clone();
    Arrays.sort(sorted);
    return sorted.length == 0 ? Double.NaN : sorted[sorted.length / 4];
  }
}
