/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What asks another process: the first read of an entry that another member has, beside a TCP round
 * trip, and a put that a second member has when it returns. Each system in two processes of its
 * own, in turns; of many short batches the lower quartile of their medians, since what else runs on
 * the machine can only add to a figure.
 */
final class RemoteBench {
  private static final int BATCH = 200;
  private static final List<String> MODES = List.of("DISTRIBUTED", "REPLICATED", "INVALIDATED");

  private RemoteBench() {}

  /** Measures, as {@code bin/bench remote}. */
  static List<Row> run(boolean quick) {
    Map<String, Pair> pairs = new LinkedHashMap<>();
    try (Redis redis = Redis.isInstalled() ? Redis.start() : null) {
      for (String system : systems(redis != null)) {
        pairs.put(system, new Pair(system, redis));
      }
      List<Row> rows = new ArrayList<>(reads(pairs, quick));
      for (int threads : new int[] {1, 4}) {
        for (String mode : MODES) {
          rows.addAll(puts(pairs, mode, threads, quick));
        }
      }
      return rows;
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException("the benchmark of what asks another process failed", e);
    } finally {
      pairs.values().forEach(Pair::close);
    }
  }

  private static List<String> systems(boolean withRedis) {
    List<String> systems =
        new ArrayList<>(
            List.of(
                RemotePeer.TCP,
                RemotePeer.MEMOGRID,
                RemotePeer.INFINISPAN,
                RemotePeer.HAZELCAST,
                RemotePeer.COHERENCE));
    if (withRedis) {
      systems.add(RemotePeer.REDISSON);
    }
    return systems;
  }

  private static List<Row> reads(Map<String, Pair> pairs, boolean quick)
      throws InterruptedException {
    int rounds = quick ? 10 : 60;
    Map<String, List<Long>> nanos = new LinkedHashMap<>();
    for (Pair pair : pairs.values()) {
      pair.fill((2 * rounds) * BATCH);
    }
    for (int round = -rounds; round < rounds; round++) { // the first half is to get warm
      for (Map.Entry<String, Pair> each : pairs.entrySet()) {
        note(nanos, each.getKey(), each.getValue().read(), round);
      }
    }
    List<Row> rows = new ArrayList<>();
    String what = "first read, other member's key, p50";
    for (String system : nanos.keySet()) {
      rows.add(row(what, system, RemotePeer.TCP, nanos, "", 1));
    }
    rows.add(row(what, RemotePeer.MEMOGRID, RemotePeer.INFINISPAN, nanos, "", 1));
    return rows;
  }

  private static List<Row> puts(Map<String, Pair> pairs, String mode, int threads, boolean quick)
      throws InterruptedException {
    int rounds = quick ? 6 : 30;
    Map<String, List<Long>> nanos = new LinkedHashMap<>();
    for (int round = -rounds; round < rounds; round++) {
      for (Map.Entry<String, Pair> each : pairs.entrySet()) {
        if (hasMode(each.getKey(), mode)) {
          note(nanos, each.getKey(), each.getValue().put(mode, threads), round);
        }
      }
    }
    List<Row> rows = new ArrayList<>();
    List<Long> replicated = mode.equals("REPLICATED") ? nanos.remove(RemotePeer.HAZELCAST) : null;
    if (replicated != null) {
      nanos.put(RemotePeer.REPLICATED_MAP, replicated);
    }
    for (String system : nanos.keySet()) {
      rows.add(row("put, p50", system, RemotePeer.INFINISPAN, nanos, mode, threads));
    }
    return rows;
  }

  private static boolean hasMode(String system, String mode) {
    return switch (system) {
      case RemotePeer.TCP -> false;
      case RemotePeer.MEMOGRID, RemotePeer.INFINISPAN -> true;
      case RemotePeer.HAZELCAST -> !mode.equals("INVALIDATED");
      default -> mode.equals("DISTRIBUTED");
    };
  }

  private static void note(Map<String, List<Long>> nanos, String system, long value, int round) {
    if (round >= 0) {
      nanos.computeIfAbsent(system, s -> new ArrayList<>()).add(value);
    }
  }

  private static Row row(
      String what,
      String system,
      String ratioTo,
      Map<String, List<Long>> nanos,
      String mode,
      int threads) {
    double value = quartile(nanos, system);
    double ratio = value / quartile(nanos, ratioTo);
    return new Row(what, system, mode, threads, value, "us", ratio, ratioTo);
  }

  private static double quartile(Map<String, List<Long>> nanos, String system) {
    long[] sorted =
        requireNonNull(nanos.get(system), system).stream().mapToLong(Long::longValue).toArray();
    Arrays.sort(sorted);
    return sorted[sorted.length / 4] / 1e3;
  }

  /** Who asks, and who has the entries; Redis has those of Redisson. */
  private static final class Pair implements AutoCloseable {
    private final List<Child> all = new ArrayList<>();
    private final Child asks;

    Pair(String system, @Nullable Redis redis) throws IOException, InterruptedException {
      String address = redis == null ? "none" : redis.address();
      int processes = system.equals(RemotePeer.REDISSON) ? 1 : 2;
      for (int number = 0; number < processes; number++) {
        Child child = new Child(RemoteWorker.class, system, String.valueOf(number), address);
        all.add(child);
        long unused = child.number("members", number + 1);
      }
      asks = all.get(processes - 1);
      for (Child child : all) {
        long unused = child.number("members", processes);
      }
    }

    void fill(int count) throws InterruptedException {
      long unused = asks.number("fill", count);
    }

    long read() throws InterruptedException {
      return asks.number("read", BATCH);
    }

    long put(String mode, int threads) throws InterruptedException {
      return asks.number("put", mode, BATCH * threads, threads);
    }

    @Override
    public void close() {
      all.forEach(Child::close);
    }
  }
}
