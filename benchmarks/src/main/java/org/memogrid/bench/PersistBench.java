/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Persistent caches beside the engine's own with the same store: what a put costs, in batches of
 * all systems in turns in one JVM, the median of each; and how long a restart takes with entries of
 * 200 bytes.
 */
final class PersistBench implements Bench.Suite {
  private static final String MODE = "LOCAL";
  private static final int BATCH = 500;
  private static final int KEYS = 5_000;
  private static final String VALUE = "x".repeat(200);

  @Override
  public List<Row> run(boolean quick) {
    int batches = quick ? 20 : 200;
    List<Row> rows = new ArrayList<>();
    try {
      Path directory = Files.createTempDirectory("memogrid-bench");
      try {
        through(directory, batches, rows);
        behind(directory, batches, rows);
        restart(directory, quick ? 50_000 : 1_000_000, rows);
      } finally {
        delete(directory);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException("the benchmark of persistent caches failed", e);
    }
    return rows;
  }

  private static void through(Path directory, int batches, List<Row> rows)
      throws InterruptedException {
    try (Kept ours = Kept.inFiles(directory.resolve("ours"));
        Kept raw = Kept.rawInFiles(directory.resolve("raw"), false)) {
      compare("put, written through to files", batches, rows, raw, ours, raw);
    }
    try (Kept ours = Kept.inTable(directory);
        Kept raw = Kept.rawInTable(directory, false)) {
      compare("put, written through to a table of H2", batches, rows, raw, ours, raw);
    }
  }

  /** Bursts: what waits is written before the next system has its turn. */
  private static void behind(Path directory, int batches, List<Row> rows)
      throws InterruptedException {
    String what = "put, written behind";
    try (Kept none = Kept.nowhere();
        Kept rawNone = Kept.rawNowhere();
        Kept files = Kept.behindFiles(directory.resolve("behind"));
        Kept rawFiles = Kept.rawInFiles(directory.resolve("raw-behind"), true);
        Kept table = Kept.behindTable(directory);
        Kept rawTable = Kept.rawInTable(directory, true)) {
      compare(what, batches, rows, none, none, rawNone, files, rawFiles, table, rawTable);
    }
  }

  private static void compare(String what, int batches, List<Row> rows, Kept base, Kept... systems)
      throws InterruptedException {
    Map<String, double[]> micros = new HashMap<>();
    for (int i = -batches / 2; i < batches; i++) { // the first warm up
      for (int turn = 0; turn < systems.length; turn++) {
        Kept system = systems[Math.floorMod(turn + i, systems.length)];
        micros.computeIfAbsent(system.name(), name -> new double[batches])[Math.max(0, i)] =
            micros(system, i);
      }
    }
    double to = median(micros, base);
    for (Kept system : systems) {
      double value = median(micros, system);
      rows.add(new Row(what, system.name(), MODE, 1, value, "us", value / to, base.name()));
    }
  }

  private static double micros(Kept system, int batch) throws InterruptedException {
    long begun = System.nanoTime();
    for (int i = 0; i < BATCH; i++) {
      system.put("key-" + Math.floorMod(batch * BATCH + i, KEYS), VALUE);
    }
    double micros = (System.nanoTime() - begun) / 1_000.0 / BATCH;
    system.drain(batch);
    return micros;
  }

  private static double median(Map<String, double[]> micros, Kept system) {
    double[] sorted = micros.getOrDefault(system.name(), new double[1]).clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  /** From nothing to the first read, and to the read of all. */
  private static void restart(Path directory, int entries, List<Row> rows) {
    Path ours = directory.resolve("restart");
    Path raws = directory.resolve("restart-raw");
    double[] value = restart(() -> Kept.inFiles(ours), entries);
    double[] base = restart(() -> Kept.rawInFiles(raws, false), entries);
    String[] until = {"first", "last"};
    for (int i = 0; i < until.length; i++) {
      String what = "restart with " + entries + " entries, to the " + until[i] + " read";
      rows.add(row(what, Kept.FILES, value[i], value[i] / base[i]));
      rows.add(row(what, Kept.RAW_FILES, base[i], 1));
    }
  }

  private static Row row(String what, String system, double value, double ratio) {
    return new Row(what, system, MODE, 1, value, "ms", ratio, Kept.RAW_FILES);
  }

  private static double[] restart(Supplier<Kept> opening, int entries) {
    try (Kept filled = opening.get()) {
      Map<String, String> batch = new HashMap<>();
      for (int i = 0; i < entries; i++) {
        batch.put("key-" + i, VALUE);
        if (batch.size() == 1_000 || i == entries - 1) {
          filled.putAll(batch);
          batch.clear();
        }
      }
    }
    long begun = System.nanoTime();
    try (Kept again = opening.get()) {
      boolean first = VALUE.equals(again.get("key-0"));
      double opened = (System.nanoTime() - begun) / 1e6;
      long found = again.readAll();
      double all = (System.nanoTime() - begun) / 1e6;
      if (!first || found != entries) {
        throw new IllegalStateException(found + " entries of " + entries + " are there");
      }
      return new double[] {opened, all};
    }
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
