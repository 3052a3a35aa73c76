/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.TestCluster;

/**
 * Members of one JVM that share files, and crash, leave and come in any order, in the time that
 * their entries take to move. Processes are slower than that: {@link SharedFilesProcessTest}.
 */
final class SharedFilesRandomTest {
  private static final int KEYS = 100;
  private static final int MEMBERS = 3;

  @TempDir Path directory;

  private final List<String> events = new ArrayList<>();
  private final Map<Integer, Integer> written = new TreeMap<>();

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void nothingIsLostOrBackHoweverMembersGo(Mode mode) {
    run(mode, 3);
  }

  @Tag("long")
  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void nothingIsLostOrBackHoweverOftenMembersGo(Mode mode) {
    run(mode, Integer.getInteger("memogrid.test.rounds", 100));
  }

  private void run(Mode mode, int rounds) {
    long seed = Long.getLong("memogrid.test.seed", System.nanoTime());
    System.out.println("crashes and leaves at random: -Dmemogrid.test.seed=" + seed);
    Random random = new Random(seed);
    for (int round = 0; round < rounds; round++) {
      events.add("round " + round);
      try (TestCluster cluster =
          TestCluster.of(MEMBERS, builder -> builder.partitions(Partitions.CONSISTENT))) {
        live(cluster, mode, random);
        end(cluster, random);
      }
    }
  }

  private void live(TestCluster cluster, Mode mode, Random random) {
    CacheOptions options = CacheOptions.of(mode).maxEntries(30).persist(Persist.file(directory));
    var unused = one(cluster, random).cache("c", options);
    check(cluster, random);
    for (int changes = random.nextInt(3); changes > 0; changes--) {
      write(cluster, random);
      change(cluster, random);
      check(cluster, random);
    }
    write(cluster, random);
  }

  private static Cluster one(TestCluster cluster, Random random) {
    return cluster.node(random.nextInt(cluster.nodes().size()));
  }

  private void check(TestCluster cluster, Random random) {
    Cache<Integer, Integer> cache = one(cluster, random).cache("c");
    Map<Integer, Integer> there = served(cache, each -> Map.copyOf(each.asMap()));
    assertThat(there).as("after %s", events).isEqualTo(written);
  }

  /** What a call answers once nobody has to be waited for. */
  private static <T> T served(
      Cache<Integer, Integer> cache, Function<Cache<Integer, Integer>, T> call) {
    List<T> answer = new ArrayList<>();
    Await.until(
        "service",
        () -> {
          try {
            answer.add(call.apply(cache));
            return true;
          } catch (CacheException e) {
            return false;
          }
        });
    return answer.get(0);
  }

  private void write(TestCluster cluster, Random random) {
    for (int i = 0; i < 40; i++) {
      int key = random.nextInt(KEYS);
      int value = random.nextInt();
      Cache<Integer, Integer> cache = one(cluster, random).cache("c");
      if (random.nextInt(3) == 0) {
        var unused = served(cache, each -> remove(each, key));
        written.remove(key);
      } else {
        var unused = served(cache, each -> put(each, key, value));
        written.put(key, value);
      }
    }
  }

  private static boolean remove(Cache<Integer, Integer> cache, int key) {
    var unused = cache.remove(key);
    return true;
  }

  private static boolean put(Cache<Integer, Integer> cache, int key, int value) {
    cache.put(key, value);
    return true;
  }

  /** Of three one goes; of two half would be lost with one, so another comes. */
  private void change(TestCluster cluster, Random random) {
    int victim = random.nextInt(cluster.nodes().size());
    if (cluster.nodes().size() < MEMBERS) {
      events.add("join");
      cluster.join();
    } else if (random.nextBoolean()) {
      events.add("leave " + victim);
      cluster.leave(victim);
    } else {
      events.add("crash " + victim);
      cluster.crash(victim);
    }
  }

  private void end(TestCluster cluster, Random random) {
    List<Cluster> order = new ArrayList<>(cluster.nodes());
    Collections.shuffle(order, random);
    switch (random.nextInt(3)) {
      case 0 -> {
        events.add("crash all");
        cluster.crash(IntStream.range(0, order.size()).toArray());
      }
      case 1 -> {
        events.add("close in turn");
        order.forEach(Cluster::close);
      }
      default -> {
        events.add("close at once");
        order.parallelStream().forEach(Cluster::close);
      }
    }
  }
}
