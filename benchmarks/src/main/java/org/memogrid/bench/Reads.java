/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/**
 * What a hit costs, under JMH: many short iterations in several JVMs, of which the lower quartile
 * counts, since what else runs on the machine can only add to a figure. All systems take turns, one
 * JVM each in a round: a machine that is slower for some minutes is so for the base, too.
 */
final class Reads implements Bench.Suite {
  private static final String BASE = "Caffeine:LOCAL";
  private static final String BASE_WITH_LIFE = "Caffeine expireAfterWrite:LOCAL";
  private static final List<String> MODES =
      List.of("LOCAL", "INVALIDATED", "REPLICATED", "DISTRIBUTED");

  @Override
  public List<Row> run(boolean quick) throws RunnerException {
    List<Row> rows = new ArrayList<>();
    for (int threads = 1; threads <= 2; threads++) {
      rows.addAll(rows(measured(quick, threads), threads));
    }
    return rows;
  }

  static String[] systems(boolean quick) {
    List<String> systems = new ArrayList<>(List.of(BASE, BASE_WITH_LIFE));
    if (!quick) {
      systems.addAll(
          List.of(
              "ConcurrentHashMap:LOCAL",
              "Caffeine unbounded:LOCAL",
              "Ehcache heap:LOCAL",
              "Infinispan:LOCAL",
              "Infinispan:REPLICATED",
              "Infinispan:DISTRIBUTED",
              "Hazelcast near cache:DISTRIBUTED",
              "Hazelcast ReplicatedMap:REPLICATED",
              "Coherence near cache:DISTRIBUTED",
              "Coherence view:DISTRIBUTED"));
      if (Redis.isInstalled()) {
        systems.add("Redisson local cached map:DISTRIBUTED");
        systems.add("JetCache two-level timeToLive:DISTRIBUTED");
      }
    }
    for (String mode : MODES) {
      systems.add("Memogrid cache:" + mode);
      systems.add("Memogrid memo:" + mode);
      systems.add("Memogrid cache timeToLive:" + mode);
      if (!quick) {
        systems.add("Memogrid memo timeToLive:" + mode);
        systems.add("Memogrid cache maxIdle:" + mode);
        systems.add("Memogrid cache maxEntries:" + mode);
      }
    }
    systems.add("Memogrid cache elsewhere:DISTRIBUTED");
    systems.add("Memogrid cache nearCache:DISTRIBUTED");
    return systems.toArray(new String[0]);
  }

  private static Map<String, Double> measured(boolean quick, int threads) throws RunnerException {
    Map<String, double[]> scores = new LinkedHashMap<>();
    for (int round = 0; round < (quick ? 1 : 3); round++) {
      for (RunResult result : round(quick, threads)) {
        scores.merge(result.getParams().getParam("system"), scores(result), Reads::joined);
      }
    }
    Map<String, Double> nanos = new LinkedHashMap<>();
    scores.forEach(
        (system, all) -> {
          Arrays.sort(all);
          if (all.length > 0) {
            nanos.put(system, all[all.length / 4]);
          }
        });
    return nanos;
  }

  private static Collection<RunResult> round(boolean quick, int threads) throws RunnerException {
    return new Runner(
            new OptionsBuilder()
                .include(ReadBenchmark.class.getName() + ".hit")
                .param("system", systems(quick))
                .threads(threads)
                .forks(1)
                .warmupIterations(quick ? 8 : 12)
                .warmupTime(TimeValue.milliseconds(250))
                .measurementIterations(quick ? 20 : 40)
                .measurementTime(TimeValue.milliseconds(50))
                .jvmArgsAppend(
                    Stream.of(
                            List.of("-Xmx512m", "-Djava.net.preferIPv4Stack=true"),
                            Child.OPEN,
                            Child.QUIET)
                        .flatMap(List::stream)
                        .toArray(String[]::new))
                .shouldFailOnError(false)
                .build())
        .run();
  }

  private static double[] scores(RunResult result) {
    return result.getBenchmarkResults().stream()
        .flatMap(fork -> fork.getIterationResults().stream())
        .map(IterationResult::getPrimaryResult)
        .mapToDouble(primary -> primary.getScore())
        .toArray();
  }

  private static double[] joined(double[] some, double[] more) {
    return DoubleStream.concat(Arrays.stream(some), Arrays.stream(more)).toArray();
  }

  private static List<Row> rows(Map<String, Double> nanos, int threads) {
    List<Row> rows = new ArrayList<>();
    nanos.forEach(
        (system, value) -> {
          String[] parts = system.split(":", 2);
          String base = parts[0].endsWith("timeToLive") ? BASE_WITH_LIFE : BASE;
          double to = nanos.getOrDefault(base, Double.NaN);
          rows.add(
              new Row(
                  "hit",
                  parts[0],
                  parts[1],
                  threads,
                  value,
                  "ns/op",
                  value / to,
                  base.substring(0, base.indexOf(':'))));
        });
    return rows;
  }
}
