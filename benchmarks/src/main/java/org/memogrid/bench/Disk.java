/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.infinispan.Cache;
import org.infinispan.configuration.cache.ConfigurationBuilder;
import org.infinispan.configuration.global.GlobalConfigurationBuilder;
import org.infinispan.configuration.global.ShutdownHookBehavior;
import org.infinispan.manager.DefaultCacheManager;
import org.infinispan.manager.EmbeddedCacheManager;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Cluster;

/**
 * A persistent cache: what a put costs beside the engine's own with the same file store, in batches
 * of both in turns in one JVM, the median of each; and how long a restart takes with entries of 200
 * bytes.
 */
final class Disk implements Bench.Suite {
  private static final String SYSTEM = "Memogrid persist";
  private static final String BASE = "Infinispan soft-index file store";
  private static final String MODE = "LOCAL";
  private static final int BATCH = 500;
  private static final int KEYS = 5_000;
  private static final String VALUE = "x".repeat(200);

  @Override
  public List<Row> run(boolean quick) {
    try {
      Path directory = Files.createTempDirectory("memogrid-bench");
      try {
        double[] puts = puts(directory, quick ? 20 : 200);
        double[] restart = restart(directory.resolve("restart"), quick ? 50_000 : 1_000_000);
        return List.of(
            row("put, written through", SYSTEM, puts[0], "us", puts[0] / puts[1], BASE),
            row("put, written through", BASE, puts[1], "us", 1, BASE),
            row("restart, to the first read", SYSTEM, restart[0], "ms", 1, SYSTEM),
            row("restart, to the last read", SYSTEM, restart[1], "ms", 1, SYSTEM));
      } finally {
        delete(directory);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Row row(
      String benchmark, String system, double value, String unit, double ratio, String to) {
    return new Row(benchmark, system, MODE, 1, value, unit, ratio, to);
  }

  /** Microseconds of a put, here and in the engine alone. */
  private static double[] puts(Path directory, int batches) {
    try (Cluster cluster = Cluster.local();
        EmbeddedCacheManager manager = manager()) {
      org.memogrid.cache.Cache<String, String> cache = open(cluster, directory);
      Cache<String, String> raw = raw(manager, directory.resolve("raw"));
      double[] values = new double[batches];
      double[] bases = new double[batches];
      for (int i = -batches / 2; i < batches; i++) { // the first warm up
        double value = micros(cache::put, i);
        double base = micros(raw::put, i);
        values[Math.max(0, i)] = value;
        bases[Math.max(0, i)] = base;
      }
      return new double[] {median(values), median(bases)};
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static double micros(BiConsumer<String, String> put, int batch) {
    long begun = System.nanoTime();
    for (int i = 0; i < BATCH; i++) {
      put.accept("key-" + Math.floorMod(batch * BATCH + i, KEYS), VALUE);
    }
    return (System.nanoTime() - begun) / 1_000.0 / BATCH;
  }

  private static double median(double[] values) {
    Arrays.sort(values);
    return values[values.length / 2];
  }

  private static org.memogrid.cache.Cache<String, String> open(Cluster cluster, Path directory) {
    return cluster.cache("disk", CacheOptions.of(Mode.LOCAL).persist(Persist.file(directory)));
  }

  private static EmbeddedCacheManager manager() {
    GlobalConfigurationBuilder global = new GlobalConfigurationBuilder().nonClusteredDefault();
    global.shutdown().hookBehavior(ShutdownHookBehavior.DONT_REGISTER);
    global.metrics().gauges(false).histograms(false);
    global.jmx().disable();
    return new DefaultCacheManager(global.build());
  }

  private static Cache<String, String> raw(EmbeddedCacheManager manager, Path directory) {
    ConfigurationBuilder builder = new ConfigurationBuilder();
    builder
        .persistence()
        .addSoftIndexFileStore()
        .dataLocation(directory.toString())
        .indexLocation(directory.toString());
    manager.defineConfiguration("raw", builder.build());
    return manager.getCache("raw");
  }

  /** Milliseconds from the opening to the first read, and to the read of all. */
  private static double[] restart(Path directory, int entries) {
    try (Cluster cluster = Cluster.local()) {
      org.memogrid.cache.Cache<String, String> cache = open(cluster, directory);
      Map<String, String> batch = new HashMap<>();
      for (int i = 0; i < entries; i++) {
        batch.put("key-" + i, VALUE);
        if (batch.size() == 1_000 || i == entries - 1) {
          cache.putAll(batch);
          batch.clear();
        }
      }
    }
    try (Cluster cluster = Cluster.local()) {
      long begun = System.nanoTime();
      org.memogrid.cache.Cache<String, String> cache = open(cluster, directory);
      boolean first = VALUE.equals(cache.get("key-0"));
      double opened = (System.nanoTime() - begun) / 1e6;
      long found;
      try (Stream<Map.Entry<String, String>> all = cache.entries()) {
        found = all.count();
      }
      if (!first || found != entries) {
        throw new IllegalStateException(found + " entries of " + entries + " are there");
      }
      return new double[] {opened, (System.nanoTime() - begun) / 1e6};
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
