/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
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

/** Caches in files that members of one JVM share. */
final class SharedFilesTest {
  private static final int ENTRIES = 100;

  @TempDir Path directory;

  private static TestCluster cluster(int members) {
    return TestCluster.of(members, builder -> builder.partitions(Partitions.CONSISTENT));
  }

  private CacheOptions options(Mode mode) {
    return CacheOptions.of(mode).maxEntries(30).persist(Persist.file(directory));
  }

  private static Map<Integer, Integer> numbered(int from, int to) {
    return IntStream.range(from, to).boxed().collect(Collectors.toMap(i -> i, i -> i));
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void whatWasWrittenIsThereWhenAllMembersAreOthers(Mode mode) {
    Map<Integer, Integer> expected = new HashMap<>(numbered(0, ENTRIES));
    try (TestCluster cluster = cluster(3)) {
      Cache<Integer, Integer> cache = cluster.node(0).cache("c", options(mode));
      cache.putAll(expected);
      for (int key = 0; key < 30; key++) {
        cache.remove(key);
        expected.remove(key);
      }
      cluster.crash(0, 1, 2);
    }
    for (int round = 0; round < 2; round++) {
      try (TestCluster cluster = cluster(3)) {
        CacheOptions others =
            options(mode).maxEntries(31 + round); // whoever comes back may change it
        Cache<Integer, Integer> cache = cluster.node(round).cache("c", others);
        Await.until("service", () -> Objects.equals(cache.get(50), 50));
        assertThat(cache.asMap()).isEqualTo(expected);
        assertThat(cache.size()).isEqualTo(expected.size());
        cache.remove(30 + round);
        expected.remove(30 + round);
        cache.put(40, -round);
        expected.put(40, -round);
      }
    }
  }

  /** And all come back at once. */
  @Test
  void allMembersMayOpenItAtOnce() {
    Map<Integer, Integer> expected = new HashMap<>();
    for (int round = 0; round < 2; round++) {
      try (TestCluster cluster = cluster(3)) {
        List<CompletableFuture<Cache<Integer, Integer>>> opening =
            cluster.nodes().stream()
                .map(node -> CompletableFuture.supplyAsync(() -> open(node)))
                .toList();
        List<Cache<Integer, Integer>> caches =
            opening.stream().map(CompletableFuture::join).toList();
        for (int i = 0; i < caches.size(); i++) {
          Cache<Integer, Integer> cache = caches.get(i);
          int key = 10 * round + i;
          Await.untilAsserted("service", () -> cache.put(key, key));
          expected.put(key, key);
        }
        assertThat(caches).allSatisfy(cache -> assertThat(cache.asMap()).isEqualTo(expected));
        cluster.crash(0, 1, 2);
      }
    }
  }

  private static void deleteAll(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    }
  }

  private Cache<Integer, Integer> open(Cluster node) {
    return node.cache("c", options(Mode.DISTRIBUTED));
  }

  /**
   * One that lost its folder begins the cache anew; what others have is not thrown away for that.
   */
  @Test
  void filesOfAnotherHistoryAreRefusedAndKept() throws IOException {
    try (TestCluster cluster = cluster(2)) {
      cluster.node(0).<Integer, Integer>cache("c", options(Mode.REPLICATED)).put(1, 1);
      cluster.crash(0, 1);
    }
    Path lost = directory.resolve("c").resolve("member-0");
    Path moved = directory.resolveSibling(directory.getFileName() + "-moved");
    Files.move(lost, moved);
    try (TestCluster cluster = cluster(1)) {
      Cache<Integer, Integer> anew = cluster.node(0).cache("c", options(Mode.REPLICATED));
      assertThat(anew.get(1)).isNull();
      assertThatThrownBy(cluster::join).hasStackTraceContaining("of another history");
      anew.put(2, 2);
      assertThat(anew.asMap()).containsOnlyKeys(2);
      cluster.crash(0);
    }
    deleteAll(lost);
    Files.move(moved, lost);
    try (TestCluster cluster = cluster(2)) {
      Cache<Integer, Integer> cache = cluster.node(0).cache("c", options(Mode.REPLICATED));
      Await.until("service", () -> Objects.equals(cache.get(1), 1));
    }
  }

  /** The members come back one by one, in another order than they went. */
  @Test
  void nobodyIsServedBeforeAllAreBackWhoMayKnowBetter() {
    try (TestCluster cluster = cluster(3)) {
      Cache<Integer, Integer> cache = cluster.node(0).cache("c", options(Mode.REPLICATED));
      cache.putAll(numbered(0, ENTRIES));
      cluster.crash(0, 1, 2);
    }
    try (TestCluster cluster = cluster(1)) {
      Cache<Integer, Integer> cache = cluster.node(0).cache("c", options(Mode.REPLICATED));
      assertThat(cache.missing()).isNotEmpty(); // two, or one if the third was noticed to be gone
      assertThatThrownBy(() -> cache.get(1))
          .isInstanceOf(CacheException.class)
          .hasMessageContaining("may have later entries")
          .hasMessageContaining("goOnWithoutMissing");
      cluster.join();
      assertThat(cache.missing()).hasSizeLessThan(2);
      cache.goOnWithoutMissing();
      Await.until("service", () -> Objects.equals(cache.get(1), 1));
      assertThat(cache.asMap()).isEqualTo(numbered(0, ENTRIES));
      assertThat(cache.missing()).isEmpty();
    }
  }
}
