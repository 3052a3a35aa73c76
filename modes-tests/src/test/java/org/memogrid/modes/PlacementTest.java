/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.Mode;
import org.memogrid.modes.samples.Sample;
import org.memogrid.testkit.NodeProcess;
import org.memogrid.testkit.ProcessCluster;
import org.memogrid.testkit.RemoteCache;

/**
 * JVMs started in different ways agree where a key lives. {@code hashCode} of an enum is the
 * object's identity, so a record that holds one hashes differently in each of them.
 */
class PlacementTest {
  @Test
  void keysThatHashDifferentlyInEachJvmAreFoundByAll() {
    try (ProcessCluster cluster =
        ProcessCluster.of(0, builder -> builder.allow("org.memogrid.modes.samples.*"))) {
      NodeProcess serial =
          cluster.spare("-XX:+UseSerialGC", "-XX:+UnlockExperimentalVMOptions", "-XX:hashCode=2");
      NodeProcess parallel = cluster.spare("-XX:-UseSerialGC", "-XX:+UseParallelGC");
      NodeProcess g1 = cluster.spare("-XX:-UseSerialGC", "-XX:+UseG1GC");
      List<NodeProcess> nodes = List.of(serial, parallel, g1);
      nodes.forEach(cluster::join);
      assertThat(nodes.stream().map(PlacementTest::hash).distinct().count())
          .as("JVMs that hash the same key differently")
          .isGreaterThan(1);
      List<Cache<Sample.Key, Integer>> caches =
          nodes.stream()
              .map(
                  node ->
                      RemoteCache.<Sample.Key, Integer>open(
                          node, c -> c.cache("placed", Mode.DISTRIBUTED)))
              .toList();
      List<Sample.Key> keys =
          IntStream.range(0, 60)
              .mapToObj(i -> new Sample.Key(i % 2 == 0 ? Sample.Color.RED : Sample.Color.BLUE, i))
              .toList();
      keys.forEach(key -> caches.get(key.number() % 3).put(key, key.number()));
      for (Cache<Sample.Key, Integer> cache : caches) {
        for (Sample.Key key : keys) {
          assertThat(cache.get(key)).isEqualTo(key.number());
          assertThat(cache.putIfAbsent(key, -1)).isEqualTo(key.number());
        }
        assertThat(cache.size()).isEqualTo(60);
      }
      keys.forEach(key -> assertThat(caches.get((key.number() + 1) % 3).remove(key)).isNotNull());
      assertThat(caches).allSatisfy(cache -> assertThat(cache.size()).isZero());
    }
  }

  private static int hash(NodeProcess node) {
    return node.call(there -> new Sample.Key(Sample.Color.RED, 1).hashCode());
  }
}
