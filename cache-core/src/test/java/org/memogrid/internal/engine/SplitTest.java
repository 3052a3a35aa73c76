/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.infinispan.factories.GlobalComponentRegistry;
import org.infinispan.partitionhandling.AvailabilityMode;
import org.infinispan.remoting.transport.Transport;
import org.infinispan.remoting.transport.jgroups.JGroupsTransport;
import org.infinispan.topology.CacheTopology;
import org.infinispan.topology.LocalTopologyManager;
import org.jgroups.Address;
import org.jgroups.JChannel;
import org.jgroups.View;
import org.jgroups.protocols.DISCARD;
import org.jgroups.protocols.TP;
import org.jgroups.protocols.pbcast.GMS;
import org.jgroups.stack.ProtocolStack;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Partitions;
import org.memogrid.internal.store.Store;
import org.memogrid.testkit.Await;

/** Two members that can't see each other any more. */
final class SplitTest {
  /**
   * The coordinator must know a cache's policy whoever of the members starts the cache first: see
   * {@link ClusterStores}. Without that this is a matter of chance, so it is done several times.
   */
  @RepeatedTest(4)
  void aConsistentClusterRefusesWhatOneSideAloneCantKnow() throws Exception {
    try (LoopCluster cluster = new LoopCluster(new SerialCodec(), 2, Partitions.CONSISTENT)) {
      for (Mode mode : List.of(Mode.REPLICATED, Mode.DISTRIBUTED)) {
        var unused = cluster.caches(1).cache("c" + mode, mode);
        cluster.caches(0).<String, Integer>cache("c" + mode).put("k", 1);
      }
      split(cluster, "cREPLICATED", "cDISTRIBUTED");
      for (Mode mode : List.of(Mode.REPLICATED, Mode.DISTRIBUTED)) {
        for (int side = 0; side < 2; side++) {
          Cache<String, Integer> cache = cluster.caches(side).cache("c" + mode);
          Await.untilAsserted("refusal by side " + side, () -> requireRefusal(cache));
        }
      }
    }
  }

  private static void requireRefusal(Cache<String, Integer> cache) {
    assertThatThrownBy(() -> cache.put("k", 2))
        .isInstanceOf(CacheException.class)
        .hasMessageContaining("put on cache '" + cache.name() + "'")
        .hasMessageContaining("split");
    assertThatThrownBy(() -> cache.get("k"))
        .isInstanceOf(CacheException.class)
        .hasMessageContaining("split");
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void anAvailableClusterGoesOnOnBothSides(Mode mode) throws Exception {
    try (LoopCluster cluster = new LoopCluster(new SerialCodec(), 2, Partitions.AVAILABLE)) {
      Cache<String, Integer> one = cluster.caches(0).cache("c", mode);
      Cache<String, Integer> other = cluster.caches(1).cache("c");
      one.put("k", 1);
      split(cluster, "c");
      for (int side = 0; side < 2; side++) {
        LoopCluster.Node node = cluster.node(side);
        Await.until(
            "a side of one",
            () ->
                node.stores()
                        .open("c", one.unwrap(ClusterStore.class).options())
                        .topology()
                        .members()
                        .size()
                    == 1);
      }
      one.put("k", 2);
      other.put("k", 3);
      assertThat(one.get("k")).isEqualTo(2);
      assertThat(other.get("k")).isEqualTo(3);
    }
  }

  @Test
  void whatOneSideOpenedIsOnAllMembersAfterTheMerge() throws Exception {
    try (LoopCluster cluster = new LoopCluster(new SerialCodec(), 2, Partitions.AVAILABLE)) {
      var unused = cluster.caches(0).cache("c", Mode.REPLICATED);
      split(cluster, "c");
      cluster.caches(1).<String, Integer>cache("late", Mode.REPLICATED).put("k", 1);
      assertThat(cluster.node(0).runs("late")).isFalse();
      heal(cluster, 2);
      Await.until("the cache", () -> cluster.node(0).runs("late"));
      assertThat(cluster.caches(0).<String, Integer>cache("late").get("k")).isEqualTo(1);
      assertThat(cluster.caches(0).cache("late").mode()).isEqualTo(Mode.REPLICATED);
    }
  }

  /** As two do that start at the same time and find each other later. */
  @Test
  void whatBothSidesOpenedIsOneCacheAfterTheMergeForWhoHadItOpen() throws Exception {
    try (LoopCluster cluster = new LoopCluster(new SerialCodec(), 2, Partitions.AVAILABLE)) {
      var unused = cluster.caches(0).cache("c", Mode.REPLICATED);
      split(cluster, "c");
      List<Cache<Integer, Integer>> sides =
          IntStream.range(0, 2)
              .<Cache<Integer, Integer>>mapToObj(
                  side -> cluster.caches(side).cache("late", Mode.REPLICATED))
              .toList();
      sides.get(0).put(0, 0);
      sides.get(1).put(1, 1);
      heal(cluster, 2);
      for (Cache<Integer, Integer> cache : sides) {
        Await.until(
            "the entries of both sides",
            () -> Map.of(0, 0, 1, 1).equals(Map.copyOf(cache.asMap())));
      }
    }
  }

  /** Half of the entries are elsewhere for each side; their copies would be good for an hour. */
  @Test
  void noCopyOutlivesACutOrTheMergeAfterIt() throws Exception {
    try (LoopCluster cluster = new LoopCluster(new SerialCodec(), 2, Partitions.AVAILABLE)) {
      CacheOptions options =
          CacheOptions.of(Mode.DISTRIBUTED).owners(1).nearCache(1_000, Duration.ofHours(1));
      Cache<Integer, Integer> one = cluster.caches(0).cache("c", options);
      Cache<Integer, Integer> other = cluster.caches(1).cache("c", options);
      Store store = other.unwrap(Store.class);
      List<Integer> keys =
          IntStream.range(0, 100)
              .filter(key -> one.owners(key).contains(cluster.node(0).self()))
              .boxed()
              .toList();
      keys.forEach(key -> one.put(key, 1));
      keys.forEach(key -> assertThat(other.get(key)).isEqualTo(1));
      keys.forEach(key -> assertThat(store.near(key)).isNotNull());
      split(cluster, "c");
      Await.until("a side of one", () -> store.topology().members().size() == 1);
      keys.forEach(key -> assertThat(store.near(key)).isNull());
      keys.forEach(key -> one.put(key, 2));
      heal(cluster, 2);
      Await.until("the merge", () -> store.topology().members().size() == 2);
      for (int key : keys) {
        Await.untilAsserted("what was written", () -> assertThat(other.get(key)).isEqualTo(2));
      }
    }
  }

  /** What it had is under what it is given when it is back; what was removed meanwhile is not. */
  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void whoWasCutOffBringsNothingBackThatTheOthersRemoved(Mode mode) throws Exception {
    try (LoopCluster cluster = new LoopCluster(new SerialCodec(), 3, Partitions.CONSISTENT)) {
      CacheOptions options = CacheOptions.of(mode);
      CacheOptions everywhere = mode == Mode.DISTRIBUTED ? options.owners(3) : options;
      Cache<Integer, Integer> cut = cluster.caches(2).cache("c", everywhere);
      Cache<Integer, Integer> cache = cluster.caches(0).cache("c", everywhere);
      IntStream.range(0, 20).forEach(key -> cache.put(key, 1));
      awaitRest(cluster, 3, "c");
      cutOff(cluster, 2);
      Await.until("the others", () -> cache.unwrap(Store.class).topology().members().size() == 2);
      IntStream.range(0, 10).forEach(cache::remove);
      cache.put(10, 2);
      LocalTopologyManager topologies =
          GlobalComponentRegistry.componentOf(
              cluster.node(2).manager(), LocalTopologyManager.class);
      String name = cluster.node(2).engineName("c");
      int before = topologies.getCacheTopology(name).getTopologyId();
      heal(cluster, 3);
      Await.until("all three", () -> cluster.node(2).manager().getMembers().size() == 3);
      Await.until(
          "an owner of all again, in a later topology",
          () -> {
            CacheTopology now = topologies.getCacheTopology(name);
            return now.getTopologyId() > before
                && now.getPhase() == CacheTopology.Phase.NO_REBALANCE
                && now.getCurrentCH().getMembers().size() == 3
                && topologies.getCacheAvailability(name) == AvailabilityMode.AVAILABLE;
          });
      for (int key = 0; key < 10; key++) {
        assertThat(cut.get(key)).as("key %s", key).isNull();
      }
      assertThat(cut.get(10)).isEqualTo(2);
      assertThat(cut.size()).isEqualTo(10);
      assertThat(cut.asMap()).hasSize(10);
    }
  }

  /** The last member of three, which becomes the coordinator of its own side. */
  static void cutOff(LoopCluster cluster, int victim) throws Exception {
    Address alone = channel(cluster.node(victim)).getAddress();
    long id = channel(cluster.node(victim)).getView().getViewId().getId() + 1;
    Address[] others = {
      channel(cluster.node(0)).getAddress(), channel(cluster.node(1)).getAddress()
    };
    for (int side = 0; side < 3; side++) {
      JChannel channel = channel(cluster.node(side));
      DISCARD discard = new DISCARD().setAddress(channel.getAddress());
      channel
          .getProtocolStack()
          .insertProtocol(
              side == victim ? discard.discardAll(true) : discard.addIgnoreMember(alone),
              ProtocolStack.Position.ABOVE,
              TP.class);
    }
    for (int side = 0; side < 3; side++) {
      GMS views = channel(cluster.node(side)).getProtocolStack().findProtocol(GMS.class);
      views.installView(
          side == victim ? View.create(alone, id, alone) : View.create(others[0], id, others));
    }
  }

  /** They see each other again. */
  static void heal(LoopCluster cluster, int members) {
    for (int side = 0; side < members; side++) {
      channel(cluster.node(side)).getProtocolStack().removeProtocol(DISCARD.class);
    }
  }

  static void awaitRest(LoopCluster cluster, int members, String... caches) {
    for (int side = 0; side < members; side++) { // a split before that is between others
      LocalTopologyManager topologies =
          GlobalComponentRegistry.componentOf(
              cluster.node(side).manager(), LocalTopologyManager.class);
      for (String cache : caches) {
        String name = cluster.node(side).engineName(cache);
        Await.until(
            members + " members at rest",
            () -> topologies.getStableCacheTopology(name).getMembers().size() == members);
      }
    }
  }

  private static void split(LoopCluster cluster, String... caches) throws Exception {
    awaitRest(cluster, 2, caches);
    for (int side = 0; side < 2; side++) {
      JChannel channel = channel(cluster.node(side));
      channel
          .getProtocolStack()
          .insertProtocol(new DISCARD().discardAll(true), ProtocolStack.Position.ABOVE, TP.class);
    }
    for (int side = 0; side < 2; side++) {
      JChannel channel = channel(cluster.node(side));
      GMS views = channel.getProtocolStack().findProtocol(GMS.class);
      views.installView(
          View.create(
              channel.getAddress(),
              channel.getView().getViewId().getId() + 1,
              channel.getAddress()));
    }
  }

  private static JChannel channel(LoopCluster.Node node) {
    return ((JGroupsTransport) GlobalComponentRegistry.componentOf(node.manager(), Transport.class))
        .getChannel();
  }
}
