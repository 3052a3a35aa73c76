/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Queues between processes, each system in some of its own, in turns: how many messages a second
 * are sent, taken and acknowledged one by one; how long one is on its way at a rate that nobody
 * feels; how many of ours may wait; and how long they wait when a process is killed.
 */
final class QueueBench {
  private static final List<String> SYSTEMS = List.of("memogrid", "hazelcast", "artemis");
  private static final String OURS = "memogrid";
  private static final String HAZELCAST = "hazelcast";
  private static final String ARTEMIS = "artemis";
  static final int RATE = 500;
  private static final int ROUND_SECONDS = 2;

  private QueueBench() {}

  /** Measures, as {@code bin/bench queue}. */
  static List<Row> run(boolean quick) {
    List<Row> rows = new ArrayList<>();
    try {
      beside(quick, rows);
      takeover(quick ? 2 : 12, rows);
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException("the queues' benchmark failed", e);
    }
    return rows;
  }

  /** Only how long a message is on its way, as {@code bin/bench queue-delay}. */
  static List<Row> runDelays(boolean quick) {
    List<Row> rows = new ArrayList<>();
    Map<String, QueuePair> pairs = new LinkedHashMap<>();
    try {
      start(pairs);
      delays(pairs, quick ? 2 : 6, quick, HAZELCAST, rows);
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException("the queues' benchmark failed", e);
    } finally {
      pairs.values().forEach(QueuePair::close);
    }
    return rows;
  }

  /** Only what kills do, many of them, as {@code bin/bench queue-kills}. */
  static List<Row> runKills(boolean quick) {
    List<Row> rows = new ArrayList<>();
    try {
      takeover(quick ? 2 : 50, rows);
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException("the queues' benchmark failed", e);
    }
    return rows;
  }

  /**
   * Queues in files, as {@code bin/bench queue-durable}: ours on two members, each on a disk, and a
   * broker's journal, on the same disk; neither syncs what it writes.
   */
  static List<Row> runDurable(boolean quick) {
    return inFiles(List.of(OURS, ARTEMIS), ARTEMIS, quick);
  }

  /**
   * Topics with one durable subscription in files, as {@code bin/bench topic-durable}, beside our
   * queue.
   */
  static List<Row> runTopics(boolean quick) {
    return inFiles(List.of(OURS, "memogrid-topic", "artemis-topic"), "artemis-topic", quick);
  }

  private static List<Row> inFiles(List<String> systems, String peer, boolean quick) {
    List<Row> rows = new ArrayList<>();
    Map<String, QueuePair> pairs = new LinkedHashMap<>();
    try {
      Path directory = Files.createTempDirectory("memogrid-bench");
      for (String system : systems) {
        pairs.put(system, new QueuePair(system, directory.resolve(system)));
      }
      Map<String, Double> rates = rates(pairs, 100, quick);
      rates.keySet().forEach(system -> rows.add(sent(100, system, rates, peer)));
      delays(pairs, quick ? 2 : 4, quick, peer, rows);
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException("the queues' benchmark failed", e);
    } finally {
      pairs.values().forEach(QueuePair::close);
    }
    return rows;
  }

  private static void start(Map<String, QueuePair> pairs) throws IOException, InterruptedException {
    for (String system : SYSTEMS) {
      pairs.put(system, new QueuePair(system, null));
    }
  }

  private static void beside(boolean quick, List<Row> rows)
      throws IOException, InterruptedException {
    Map<String, QueuePair> pairs = new LinkedHashMap<>();
    try {
      start(pairs);
      for (int size : new int[] {100, 200}) {
        Map<String, Double> rates = rates(pairs, size, quick);
        rates.keySet().forEach(system -> rows.add(sent(size, system, rates, HAZELCAST)));
      }
      delays(pairs, quick ? 2 : 6, quick, HAZELCAST, rows);
      waiting(of(pairs, OURS), quick ? 100_000 : 1_000_000, rows);
    } finally {
      pairs.values().forEach(QueuePair::close);
    }
  }

  private static <T> T of(Map<String, T> all, String system) {
    return requireNonNull(all.get(system));
  }

  private static Row sent(int size, String system, Map<String, Double> rates, String peer) {
    return row("sent and taken, " + size + " bytes", system, of(rates, system), "/s", rates, peer);
  }

  private static Row row(
      String what, String system, double value, String unit, Map<String, Double> all, String peer) {
    int threads = unit.equals("/s") ? QueuePeer.THREADS : 1;
    return new Row(what, system, "", threads, value, unit, value / of(all, peer), peer);
  }

  /**
   * Each round a queue of its own, whose home falls on the one process or the other. Each system
   * gets warm first, and then sends in a round as many as it passed in {@link #ROUND_SECONDS}
   * before: a fast one would be measured in a moment otherwise, and with half of its code cold.
   */
  private static Map<String, Double> rates(Map<String, QueuePair> pairs, int size, boolean quick)
      throws InterruptedException {
    Map<String, Integer> counts = new TreeMap<>();
    for (String system : pairs.keySet()) {
      counts.put(system, warm(of(pairs, system), size, quick));
    }
    int rounds = quick ? 2 : 7;
    Map<String, List<Double>> found = new LinkedHashMap<>();
    for (int round = 0; round < rounds; round++) {
      for (String system : pairs.keySet()) {
        double rate = of(pairs, system).perSecond(size + "-" + round, of(counts, system), size);
        found.computeIfAbsent(system, s -> new ArrayList<>()).add(rate);
      }
    }
    return medians(found);
  }

  /** How many messages a round of this system has. */
  private static int warm(QueuePair pair, int size, boolean quick) throws InterruptedException {
    int count = quick ? 4_000 : 20_000;
    int rounds = quick ? 1 : 4;
    for (int round = 0; round < rounds; round++) {
      double rate = pair.perSecond(size + "-warm-" + round, count, size);
      if (!quick) {
        count = (int) (rate * ROUND_SECONDS) / QueuePeer.THREADS * QueuePeer.THREADS;
      }
    }
    return count;
  }

  /**
   * Of ours, every second queue has its home where it is taken from, the others where it is sent.
   */
  private static void delays(
      Map<String, QueuePair> pairs, int rounds, boolean quick, String peer, List<Row> rows)
      throws InterruptedException {
    int count = quick ? 500 : 2_500;
    Map<String, Map<String, List<Double>>> found = new LinkedHashMap<>();
    Map<String, List<Double>> byHome = new TreeMap<>();
    for (int round = 0; round < rounds; round++) {
      String home = round % 2 == 0 ? "sender" : "taker";
      for (String system : pairs.keySet()) {
        QueuePair pair = of(pairs, system);
        String queue = "paced-" + round;
        pair.pace(pair.hasHomes() ? pair.withHome(queue, home) : queue, count);
        for (int percent : new int[] {50, 99}) {
          String which = "p" + percent + " at " + RATE + "/s";
          note(found, which, system, pair.micros(percent));
          note(found, which + ", until confirmed", system, pair.confirmedMicros(percent));
        }
        if (pair.hasHomes()) {
          byHome.computeIfAbsent(home, h -> new ArrayList<>()).add(pair.micros(50));
        }
      }
    }
    found.forEach(
        (which, bySystem) -> {
          Map<String, Double> all = medians(bySystem);
          all.forEach((system, delay) -> rows.add(row(which, system, delay, "us", all, peer)));
        });
    Map<String, Double> all = medians(of(found, "p50 at " + RATE + "/s"));
    byHome.forEach(
        (home, values) -> {
          String which = "p50 at " + RATE + "/s, home at the " + home;
          rows.add(row(which, OURS, at(values, 50), "us", all, peer));
        });
  }

  private static void note(
      Map<String, Map<String, List<Double>>> found, String which, String system, double value) {
    found
        .computeIfAbsent(which, w -> new LinkedHashMap<>())
        .computeIfAbsent(system, s -> new ArrayList<>())
        .add(value);
  }

  private static Map<String, Double> medians(Map<String, List<Double>> found) {
    Map<String, Double> medians = new LinkedHashMap<>();
    found.forEach((system, values) -> medians.put(system, at(values, 50)));
    return medians;
  }

  private static double at(List<Double> values, int percent) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).toArray();
    Arrays.sort(sorted);
    return sorted[Math.min(sorted.length - 1, sorted.length * percent / 100)];
  }

  /** Sent while nobody takes, then taken. */
  private static void waiting(QueuePair pair, int count, List<Row> rows)
      throws InterruptedException {
    long begun = pair.producer.number("send", "waiting", count, 200);
    double in = count * 1e9 / (System.nanoTime() - begun);
    begun = System.nanoTime();
    String unused = pair.consumer.ask("take", "waiting");
    double out = count * 1e9 / (pair.consumer.number("taken", count) - begun);
    rows.add(new Row(count + " wait, sent", OURS, "2 x 1 GB", 4, in, "/s", 1, "sent"));
    rows.add(new Row(count + " wait, taken", OURS, "2 x 1 GB", 4, out, "/s", out / in, "sent"));
  }

  /**
   * One process sends two hundred a second and lives; of two that take, one is killed. The figure
   * is the longest that a message waited.
   */
  private static void takeover(int rounds, List<Row> rows)
      throws IOException, InterruptedException {
    try (Trio trio = new Trio()) {
      for (boolean dispatcher : new boolean[] {false, true}) {
        List<Double> waits = new ArrayList<>();
        for (int round = 0; round < rounds; round++) {
          waits.add(trio.kill((dispatcher ? "home-" : "other-") + round, dispatcher));
        }
        String who = dispatcher ? "the dispatcher" : "a consumer";
        for (int percent : new int[] {50, 100}) {
          String which = percent == 50 ? ", median of " : ", most of ";
          double wait = at(waits, percent);
          rows.add(
              new Row(
                  "kill -9 of " + who + which + rounds,
                  OURS,
                  "3 processes",
                  1,
                  wait,
                  "ms",
                  wait / 1_000,
                  "1 s"));
        }
      }
    }
  }

  private static final class Trio implements AutoCloseable {
    private static final int PER_SECOND = 200;

    private final Map<String, Child> takers = new TreeMap<>();
    private final Child producer;
    private int started;

    Trio() throws IOException, InterruptedException {
      producer = new Child(QueueWorker.class, OURS, String.valueOf(++started));
      add();
      add();
    }

    private void add() throws IOException, InterruptedException {
      started++;
      takers.put("n" + started, new Child(QueueWorker.class, OURS, String.valueOf(started)));
      long unused = producer.number("members", 1 + takers.size());
      for (Child child : takers.values()) {
        unused = child.number("members", 1 + takers.size());
      }
    }

    /** Milliseconds that the most unlucky message waited. */
    double kill(String name, boolean dispatcher) throws IOException, InterruptedException {
      String queue = name;
      String home = producer.ask("dispatcher", queue);
      for (int i = 0; takers.containsKey(home) != dispatcher; i++) {
        queue = name + "-" + i;
        home = producer.ask("dispatcher", queue);
      }
      for (Child child : takers.values()) {
        String unused = child.ask("take", queue);
      }
      producer.say("pace", queue, 3 * PER_SECOND, 100, PER_SECOND);
      Thread.sleep(1_000);
      String victim = dispatcher ? home : takers.keySet().iterator().next();
      of(takers, victim).close();
      takers.remove(victim);
      String unused = producer.hear();
      while (producer.number("size", queue) > 0) {
        Thread.sleep(10);
      }
      long worst = 0;
      for (Child child : takers.values()) {
        worst = Math.max(worst, child.number("delay", 100));
        unused = child.ask("forget");
      }
      add();
      return worst / 1e6;
    }

    @Override
    public void close() {
      producer.close();
      takers.values().forEach(Child::close);
    }
  }
}
