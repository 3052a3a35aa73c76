/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.openjdk.jmh.runner.RunnerException;

/**
 * What a put costs in one JVM, and what it allocates, in {@link Rounds}. A figure is compared with
 * that of who promises the same: in LOCAL Caffeine without a limit, with one, or with an end of
 * entries; where members share, Infinispan in that mode.
 */
final class Puts implements Bench.Suite {
  private static final String BASE = "Caffeine:LOCAL";
  private static final String BASE_WITH_LIMIT = "Caffeine maximumSize:LOCAL";
  private static final String BASE_WITH_LIFE = "Caffeine expireAfterWrite:LOCAL";

  /** A put of an engine passes some hundred methods. */
  private static final int WARM_UPS = 20;

  private static final List<String> SHARED = List.of("INVALIDATED", "REPLICATED", "DISTRIBUTED");

  @Override
  public List<Row> run(boolean quick) throws RunnerException {
    Rounds rounds = Rounds.withAllocations("PutBenchmark.put", systems(quick), WARM_UPS, quick);
    List<Row> rows = new ArrayList<>();
    rows.addAll(rows(rounds.run(1, 3), 1));
    rows.addAll(rows(rounds.run(2, 1), 2));
    return rows;
  }

  private static String[] systems(boolean quick) {
    List<String> systems = new ArrayList<>(List.of(BASE, BASE_WITH_LIMIT, BASE_WITH_LIFE));
    systems.add("Memogrid cache:LOCAL");
    systems.add("Memogrid cache maxEntries:LOCAL");
    systems.add("Memogrid cache timeToLive:LOCAL");
    for (String mode : SHARED) {
      systems.add("Infinispan:" + mode);
      systems.add("Memogrid cache:" + mode);
    }
    if (!quick) {
      systems.addAll(
          List.of(
              "ConcurrentHashMap:LOCAL",
              "Ehcache heap:LOCAL",
              "JetCache Caffeine:LOCAL",
              "Infinispan:LOCAL",
              "Infinispan simple cache:LOCAL",
              "Hazelcast map:DISTRIBUTED",
              "Hazelcast ReplicatedMap:REPLICATED",
              "Coherence distributed:DISTRIBUTED"));
    }
    return systems.toArray(new String[0]);
  }

  private static String base(String system) {
    String[] parts = system.split(":", 2);
    if (SHARED.contains(parts[1])) {
      return "Infinispan:" + parts[1];
    }
    return switch (parts[0]) {
      case "Caffeine expireAfterWrite", "JetCache Caffeine", "Memogrid cache timeToLive" ->
          BASE_WITH_LIFE;
      case "Caffeine maximumSize", "Ehcache heap", "Memogrid cache maxEntries" -> BASE_WITH_LIMIT;
      default -> BASE;
    };
  }

  private static List<Row> rows(Map<String, Rounds.Measured> measured, int threads) {
    List<Row> times = new ArrayList<>();
    List<Row> allocations = new ArrayList<>();
    measured.forEach(
        (system, took) -> {
          Rounds.Measured base = measured.get(base(system));
          double ratio = base == null ? Double.NaN : took.nanos() / base.nanos();
          String ratioTo = base(system).split(":", 2)[0];
          String[] parts = system.split(":", 2);
          times.add(
              new Row("put", parts[0], parts[1], threads, took.nanos(), "ns/op", ratio, ratioTo));
          // No ratio: Caffeine without an end of entries allocates next to nothing.
          allocations.add(
              new Row(
                  "put, allocated", parts[0], parts[1], threads, took.bytes(), "bytes/op", 0, "-"));
        });
    times.addAll(allocations);
    return times;
  }
}
