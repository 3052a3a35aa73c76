/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.h2.jdbcx.JdbcConnectionPool;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.Partitions;

/**
 * What it costs a writer that a cache which two members share is kept somewhere: in this JVM, over
 * the loopback, against the same cache without a store.
 */
final class SharedPersistBench implements Bench.Suite {
  private static final String MODE = "REPLICATED";
  private static final int KEYS = 5_000;
  private static final String VALUE = "x".repeat(200);

  /** A cache, on the member that writes. */
  private record Kept(String name, Cache<String, String> cache, List<Double> micros) {}

  @Override
  public List<Row> run(boolean quick) {
    try {
      Path directory = Files.createTempDirectory("memogrid-bench");
      try {
        return run(directory, quick ? 20 : 200);
      } finally {
        delete(directory);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    }
  }

  private static List<Row> run(Path directory, int batches) {
    JdbcConnectionPool pool =
        JdbcConnectionPool.create("jdbc:h2:" + directory.resolve("db"), "sa", "");
    List<Row> rows = new ArrayList<>();
    try (Cluster first = join(pool);
        Cluster second = join(pool)) {
      List<Kept> systems = new ArrayList<>();
      systems.add(open(first, "no store", null));
      systems.add(open(first, "files", Persist.file(directory.resolve("files"))));
      Persist table = Persist.jdbc("main", "through");
      systems.add(open(first, "table of H2", table));
      Persist behind = Persist.jdbc("main", "behind").writeBehind(10_000, 100);
      systems.add(open(first, "table of H2, written behind", behind));
      for (int burst : new int[] {50, 500}) { // the first is over before anything is written
        for (int i = -batches / 2; i < batches; i++) { // the first of those warm up
          for (int turn = 0; turn < systems.size(); turn++) {
            write(systems.get(Math.floorMod(turn + i, systems.size())), i, burst);
          }
        }
        rows.addAll(rows(systems, burst));
      }
      if (second.membership().members().size() != 2) {
        throw new IllegalStateException("a member was lost");
      }
      return rows;
    } finally {
      pool.dispose();
    }
  }

  private static Cluster join(JdbcConnectionPool pool) {
    return Cluster.builder()
        .name("bench-" + ProcessHandle.current().pid())
        .bind("127.0.0.1")
        .partitions(Partitions.CONSISTENT)
        .dataSource("main", pool)
        .expectMembers(1, Duration.ofSeconds(30))
        .join();
  }

  private static Kept open(Cluster cluster, String name, @Nullable Persist persist) {
    CacheOptions plain = CacheOptions.of(Mode.REPLICATED);
    CacheOptions options = persist == null ? plain : plain.persist(persist);
    return new Kept(name, cluster.cache(name.replaceAll("\\W", "-"), options), new ArrayList<>());
  }

  /** What waits is written before the next has its turn. */
  private static void write(Kept kept, int batch, int burst) {
    long begun = System.nanoTime();
    for (int i = 0; i < burst; i++) {
      kept.cache.put("key-" + Math.floorMod(batch * burst + i, KEYS), VALUE);
    }
    double micros = (System.nanoTime() - begun) / 1_000.0 / burst;
    if (batch >= 0) {
      kept.micros.add(micros);
    }
    var unused = kept.cache.size();
  }

  private static List<Row> rows(List<Kept> systems, int burst) {
    double base = median(systems.get(0));
    String what = "put, two members, of " + burst;
    List<Row> rows = new ArrayList<>();
    for (Kept each : systems) {
      double value = median(each);
      rows.add(new Row(what, each.name, MODE, 1, value, "us", value / base, "no store"));
    }
    systems.forEach(each -> each.micros.clear());
    return rows;
  }

  private static double median(Kept kept) {
    List<Double> sorted = new ArrayList<>(kept.micros);
    Collections.sort(sorted);
    return sorted.get(sorted.size() / 2);
  }
}
