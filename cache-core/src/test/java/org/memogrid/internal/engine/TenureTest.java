/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.memogrid.internal.engine.RecoveryTest.engines;
import static org.memogrid.internal.engine.RecoveryTest.recovery;

import io.reactivex.rxjava3.core.Flowable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.infinispan.commons.util.IntSet;
import org.infinispan.commons.util.IntSets;
import org.infinispan.commons.util.concurrent.CompletionStages;
import org.infinispan.factories.ComponentRegistry;
import org.infinispan.persistence.manager.PersistenceManager;
import org.infinispan.topology.CacheTopology;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.Partitions;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.TestCluster;

/** What a member has in its files of a segment that it lost and was given again. */
final class TenureTest {
  @TempDir Path directory;

  private static TestCluster cluster(int members) {
    return TestCluster.of(members, builder -> builder.partitions(Partitions.CONSISTENT));
  }

  private Cache<Integer, Integer> cache(Cluster node) {
    return node.cache("c", CacheOptions.of(Mode.DISTRIBUTED).persist(Persist.file(directory)));
  }

  /** What all members have, once they serve. */
  private Map<Integer, Integer> there(TestCluster cluster) {
    Cache<Integer, Integer> cache = cache(cluster.node(0));
    Await.until("service", () -> recovery(cluster.node(0)).serving().serves());
    return cache.asMap();
  }

  private static LifeStore<?, ?> store(Cluster node) {
    return ComponentRegistry.componentOf(engines(node), PersistenceManager.class)
        .getStores(LifeStore.class)
        .iterator()
        .next();
  }

  private static IntSet all(Cluster node) {
    return IntSets.immutableRangeSet(
        engines(node).getCacheConfiguration().clustering().hash().numSegments());
  }

  @Test
  void whatWasWrittenBeforeALossOrWithoutASegmentIsNotThereAfterAKill() {
    try (TestCluster cluster = cluster(1)) {
      Cluster node = cluster.node(0);
      Cache<Integer, Integer> cache = cache(node);
      cache.put(1, 1);
      cache.put(2, 1);
      CompletionStages.join(store(node).removeSegments(all(node)));
      cache.put(3, 2); // late
      CompletionStages.join(store(node).addSegments(all(node)));
      cache.put(2, 3);
      cache.put(4, 3);
      assertThat(CompletionStages.join(store(node).size(all(node)))).isEqualTo(2);
      cluster.crash(0);
    }
    for (int round = 0; round < 2; round++) { // the second reads what the first has put back
      try (TestCluster cluster = cluster(1)) {
        assertThat(there(cluster)).isEqualTo(Map.of(2, 3, 4, 3));
        cluster.crash(0);
      }
    }
  }

  /**
   * The engine has a member that is cut off lose what the others may have by its last word; but
   * they have ended, and it has the last of all.
   */
  @Test
  void whatIsLostWhileCutOffIsNotThereButIsPutBackAfterAKill() {
    try (TestCluster cluster = cluster(1)) {
      Cluster node = cluster.node(0);
      cache(node).put(1, 1);
      loseWhileCutOff(node);
      assertThat(CompletionStages.join(store(node).size(all(node)))).isZero();
      assertThat(last(node)).isOne();
      cluster.crash(0);
    }
    try (TestCluster cluster = cluster(1)) {
      assertThat(there(cluster)).isEqualTo(Map.of(1, 1));
    }
  }

  @Test
  void whatWasLostWhileCutOffIsNotPutBackOnceAllIsSettledAgain() {
    try (TestCluster cluster = cluster(1)) {
      Cluster node = cluster.node(0);
      cache(node).put(1, 1);
      loseWhileCutOff(node);
      cluster.join();
      awaitSpread(cluster);
      assertThat(last(node)).isOne();
      var now = engines(node).getDistributionManager().getCacheTopology();
      CompletionStages.join(
          recovery(node)
              .onReturn(
                  Recovering.layout(
                      now.getTopologyId(),
                      now.getReadConsistentHash(),
                      now.getWriteConsistentHash())));
      Await.until("service", () -> recovery(node).serving().serves());
      assertThat(last(node)).isZero();
    }
  }

  /** Back from a cut, and given the segment and losing it once more before all is settled. */
  @Test
  void whatWasLostWhileCutOffLastsOverOtherLosses() throws IOException {
    IntSet segment = IntSets.immutableSet(0);
    Tenures tenures = Tenures.begin(directory, 1);
    tenures.take(segment);
    int before = tenures.of(0);
    assertThat(tenures.lose(segment, true)).isTrue();
    tenures.take(segment);
    int after = tenures.of(0);
    assertThat(tenures.lose(segment, false)).isTrue();
    tenures.write();
    Tenures read = Tenures.read(directory, 1);
    for (int tenure : List.of(before, after)) {
      assertThat(read.counts(0, tenure)).isFalse();
      assertThat(read.mayBePutBack(0, tenure)).isTrue();
    }
    assertThat(read.mayBePutBack(0, Tenures.NONE)).isFalse();
    assertThat(read.settle()).isTrue();
    assertThat(read.mayBePutBack(0, after)).isFalse();
    assertThat(read.settle()).isFalse();
  }

  private static void loseWhileCutOff(Cluster node) {
    CompletionStages.join(recovery(node).onCut());
    CompletionStages.join(store(node).removeSegments(all(node)));
  }

  /** How many entries the member would put back. */
  private static long last(Cluster node) {
    return Flowable.fromPublisher(store(node).lastEntries(all(node))).count().blockingGet();
  }

  /** The engine says what is lost, and gives it again. */
  @Test
  void whatOthersRemovedBetweenTwoTenuresIsNotPutBack() {
    try (TestCluster cluster = cluster(2)) {
      Cache<Integer, Integer> cache = cache(cluster.node(0));
      cache.putAll(
          IntStream.range(0, 100)
              .boxed()
              .collect(Collectors.toMap(Function.identity(), Function.identity())));
      awaitOwners(cluster);
      cluster.join();
      awaitOwners(cluster);
      for (int key = 0; key < 99; key++) {
        cache.remove(key);
      }
      cluster.crash(2);
      awaitOwners(cluster);
      cluster.crash(0, 1);
    }
    try (TestCluster cluster = cluster(3)) {
      assertThat(there(cluster)).isEqualTo(Map.of(99, 99));
    }
  }

  /** All members own what they will, and serve. */
  private static void awaitOwners(TestCluster cluster) {
    int members = cluster.nodes().size();
    Await.until(
        "the owners of " + members,
        () ->
            cluster.nodes().stream()
                .allMatch(
                    node ->
                        engines(node).getStatus().allowInvocations()
                            && recovery(node).serving().serves()
                            && isSpread(
                                engines(node).getDistributionManager().getCacheTopology(),
                                members)));
  }

  private static void awaitSpread(TestCluster cluster) {
    int members = cluster.nodes().size();
    Await.until(
        "a topology of " + members,
        () ->
            cluster.nodes().stream()
                .allMatch(
                    node ->
                        isSpread(
                            engines(node).getDistributionManager().getCacheTopology(), members)));
  }

  private static boolean isSpread(CacheTopology topology, int members) {
    return topology.getPendingCH() == null
        && topology.getCurrentCH().getMembers().size() == members;
  }

  /** The store deletes its files one by one, and not by age. */
  @Test
  void aClearThatAKillCutsShortBringsNothingBack() throws IOException {
    Path data;
    byte[] before;
    try (TestCluster cluster = cluster(1)) {
      Cache<Integer, Integer> cache = cache(cluster.node(0));
      cache.put(1, 1);
      data = data();
      before = Files.readAllBytes(data);
      cache.clear();
      cache.put(2, 2);
      cluster.crash(0);
    }
    Files.write(data.resolveSibling("ispn12.1000"), before); // one that was not deleted yet
    try (TestCluster cluster = cluster(1)) {
      assertThat(there(cluster)).isEqualTo(Map.of(2, 2));
    }
  }

  private Path data() throws IOException {
    return file("ispn12");
  }

  private Path file(String prefix) throws IOException {
    try (Stream<Path> all = Files.walk(directory)) {
      return all.filter(path -> path.getFileName().toString().startsWith(prefix))
          .findFirst()
          .orElseThrow();
    }
  }

  @Test
  void tenuresWithAChangedByteAreRefusedByName() throws IOException {
    try (TestCluster cluster = cluster(1)) {
      Cluster node = cluster.node(0);
      cache(node).put(1, 1);
      CompletionStages.join(store(node).removeSegments(all(node)));
      cluster.crash(0);
    }
    Path tenures = file("tenures");
    byte[] bytes = Files.readAllBytes(tenures);
    bytes[bytes.length - 1] ^= 1;
    Files.write(tenures, bytes);
    try (TestCluster cluster = cluster(1)) {
      assertThatThrownBy(() -> cache(cluster.node(0)))
          .isInstanceOf(CacheException.class)
          .hasMessageContaining(tenures.toString())
          .hasMessageContaining("is not as it was written");
    }
  }
}
