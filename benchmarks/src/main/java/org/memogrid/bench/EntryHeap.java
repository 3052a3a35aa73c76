/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import com.github.benmanes.caffeine.cache.Caffeine;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.ObjIntConsumer;
import org.infinispan.manager.DefaultCacheManager;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Cache;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;

/**
 * How much heap an entry takes on a member that holds it, its key and its value included: when it
 * is written, and when it has been read there. Each system in a JVM of its own, the collector run
 * before it is asked how much is in use. A cluster is of one member: another would hold the same
 * once more.
 */
final class EntryHeap implements Bench.Suite {
  private static final int ENTRIES = 200_000;
  private static final List<String> OPTIONS = List.of("-Xmx1g", "-XX:+UseSerialGC");
  private static final String BASE = "ConcurrentHashMap:LOCAL";

  private record Holder(ObjIntConsumer<Integer> put, Function<Integer, @Nullable Price> get) {}

  @Override
  public List<Row> run(boolean quick) {
    List<Row> rows = new ArrayList<>();
    double[] base = new double[2];
    for (String system :
        List.of(
            BASE,
            "Caffeine:LOCAL",
            "Infinispan:LOCAL",
            "Infinispan:REPLICATED",
            "Memogrid cache:LOCAL",
            "Memogrid cache:REPLICATED",
            "Memogrid cache:DISTRIBUTED")) {
      double[] bytes = measured(system);
      if (system.equals(BASE)) {
        base = bytes;
      }
      String[] parts = system.split(":", 2);
      for (int i = 0; i < bytes.length; i++) {
        String what = i == 0 ? "heap of an entry, written" : "heap of an entry, written and read";
        rows.add(
            new Row(
                what,
                parts[0],
                parts[1],
                1,
                bytes[i],
                "bytes",
                bytes[i] / base[i],
                "ConcurrentHashMap"));
      }
    }
    return rows;
  }

  private static double[] measured(String system) {
    try (Child child = new Child(unused -> {}, OPTIONS, EntryHeap.class, system)) {
      String[] bytes = child.hear().split(" ", -1);
      return new double[] {Double.parseDouble(bytes[0]), Double.parseDouble(bytes[1])};
    } catch (IOException e) {
      throw new IllegalStateException("the heap of " + system + " was not measured", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  public static void main(String[] args) {
    Holder system = open(args[0]);
    Integer[] keys = new Integer[ENTRIES];
    for (int i = 0; i < keys.length; i++) {
      keys[i] = i;
    }
    system.put.accept(-1, -1); // what is made with the first
    long before = used();
    for (int i = 0; i < keys.length; i++) {
      // A key of its own: a map in which a key lies has it, however it was made.
      system.put.accept(i + 1_000_000, i);
    }
    long written = used();
    int found = 0;
    for (int round = 0; round < 2; round++) {
      for (int i = 0; i < keys.length; i++) {
        found += system.get.apply(i + 1_000_000) == null ? 0 : 1;
      }
    }
    long read = used();
    // The last look keeps the system from being collected before.
    if (found < keys.length * 2 || system.get.apply(1_000_000) == null) {
      throw new IllegalStateException(args[0] + " has " + found / 2 + " of " + keys.length);
    }
    System.out.println(
        "answer "
            + (double) (written - before) / ENTRIES
            + " "
            + (double) (read - before) / ENTRIES);
    Runtime.getRuntime().halt(0);
  }

  private static long used() {
    for (int i = 0; i < 4; i++) {
      System.gc();
    }
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }

  private static Holder open(String system) {
    String mode = system.split(":", 2)[1];
    return switch (system.split(":", 2)[0]) {
      case "ConcurrentHashMap" -> {
        ConcurrentHashMap<Integer, Price> map = new ConcurrentHashMap<>();
        yield new Holder((key, n) -> map.put(key, Price.of(n)), map::get);
      }
      case "Caffeine" -> {
        com.github.benmanes.caffeine.cache.Cache<Integer, Price> cache =
            Caffeine.newBuilder().maximumSize(2 * ENTRIES).build();
        yield new Holder((key, n) -> cache.put(key, Price.of(n)), cache::getIfPresent);
      }
      case "Infinispan" -> {
        var global = RawMembers.global("heap", "one", "bench-loopback.xml");
        DefaultCacheManager manager = new DefaultCacheManager(global.build());
        manager.defineConfiguration("prices", RawMembers.cache(mode).build());
        org.infinispan.Cache<Integer, Price> cache = manager.getCache("prices");
        yield new Holder((key, n) -> cache.put(key, Price.of(n)), cache::get);
      }
      default -> {
        Cluster cluster =
            mode.equals("LOCAL")
                ? Cluster.local()
                : Cluster.builder().name("heap").port(17_800).allow("org.memogrid.bench.*").join();
        Cache<Integer, Price> cache = cluster.cache("prices", Mode.valueOf(mode));
        yield new Holder((key, n) -> cache.put(key, Price.of(n)), cache::get);
      }
    };
  }
}
