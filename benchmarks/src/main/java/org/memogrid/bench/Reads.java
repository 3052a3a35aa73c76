/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.openjdk.jmh.runner.RunnerException;

/** What a hit costs, in {@link Rounds}. */
final class Reads implements Bench.Suite {
  private static final String BASE = "Caffeine:LOCAL";
  private static final String BASE_WITH_LIFE = "Caffeine expireAfterWrite:LOCAL";
  private static final List<String> MODES =
      List.of("LOCAL", "INVALIDATED", "REPLICATED", "DISTRIBUTED");

  @Override
  public List<Row> run(boolean quick) throws RunnerException {
    List<Row> rows = new ArrayList<>();
    Rounds rounds = Rounds.of("ReadBenchmark.hit", systems(quick), 12, quick);
    for (int threads = 1; threads <= 2; threads++) {
      Map<String, Double> nanos = new LinkedHashMap<>();
      rounds.run(threads, 3).forEach((system, measured) -> nanos.put(system, measured.nanos()));
      rows.addAll(rows(nanos, threads));
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
