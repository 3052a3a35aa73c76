/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.reactivex.rxjava3.core.Flowable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.infinispan.AdvancedCache;
import org.infinispan.context.Flag;
import org.infinispan.factories.ComponentRegistry;
import org.infinispan.factories.GlobalComponentRegistry;
import org.infinispan.manager.EmbeddedCacheManager;
import org.infinispan.persistence.manager.PersistenceManager;
import org.infinispan.persistence.spi.MarshallableEntry;
import org.infinispan.persistence.spi.PersistenceException;
import org.infinispan.remoting.transport.Transport;
import org.infinispan.remoting.transport.jgroups.JGroupsTransport;
import org.infinispan.statetransfer.CommitManager;
import org.infinispan.topology.CacheTopology;
import org.jgroups.Address;
import org.jgroups.JChannel;
import org.jgroups.View;
import org.jgroups.protocols.DISCARD;
import org.jgroups.protocols.TP;
import org.jgroups.protocols.pbcast.GMS;
import org.jgroups.stack.ProtocolStack.Position;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Expiry;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.Codec;
import org.memogrid.cluster.Partitions;
import org.memogrid.internal.recovery.Layout;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.wire.Wire;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.TestCluster;

/** What ties caches in files to the protocol of their recovery. */
final class RecoveryTest {
  private static final int LOSES = 6;

  @TempDir Path directory;

  private static TestCluster cluster(int members) {
    return TestCluster.of(members, builder -> builder.partitions(Partitions.CONSISTENT));
  }

  private CacheOptions options() {
    return CacheOptions.of(Mode.REPLICATED).persist(Persist.file(directory));
  }

  static SharedFiles files(Cluster node) {
    return SharedFiles.of(node.unwrap(EmbeddedCacheManager.class).getCacheManagerConfiguration());
  }

  static String engineName(Cluster node) {
    return node.unwrap(EmbeddedCacheManager.class).getCacheNames().stream()
        .filter(name -> Incarnation.cacheName(name).equals("c"))
        .findFirst()
        .orElseThrow();
  }

  static Recovery recovery(Cluster node) {
    return files(node).recovery(engineName(node));
  }

  /** A member that stops may answer a write with that: nobody may take it for one that has it. */
  @Test
  void anAnswerWaitsUntilAMemberThatLeavesIsNoOwnerAnyMore() throws Exception {
    try (TestCluster cluster = cluster(2)) {
      Cache<Integer, Integer> cache = cluster.node(0).cache("c", options());
      cache.put(1, 1);
      Recovery recovery = recovery(cluster.node(0));
      assertThat(recovery.serving().confirmed()).isNull();
      files(cluster.node(1)).leave();
      Await.until("it has heard", () -> recovery.serving().confirmed() != null);
      CompletableFuture<Void> answer = requireNonNull(recovery.serving().confirmed(), "waits");
      assertThat(answer).isNotDone();
      cluster.leave(1);
      answer.get(60, TimeUnit.SECONDS);
      Await.until("no more waiting", () -> recovery.serving().confirmed() == null);
      cache.put(1, 2);
      assertThat(cache.get(1)).isEqualTo(2);
    }
  }

  /** Of two members one is killed: the other can't know whether it lives, and refuses. */
  @Test
  void whenHalfOfTheMembersWereKilledAtOnceAllAreStartedAgain() {
    try (TestCluster cluster = cluster(2)) {
      Cache<Integer, Integer> cache = cluster.node(0).cache("c", options());
      cache.put(1, 1);
      cluster.crash(1);
      Await.until("the end of the service", () -> !recovery(cluster.node(0)).serving().serves());
      assertThatThrownBy(() -> cache.get(1))
          .isInstanceOf(CacheException.class)
          .hasMessageContaining("lost half of the members at once")
          .hasMessageContaining("start all");
    }
    try (TestCluster cluster = cluster(2)) {
      Cache<Integer, Integer> cache = cluster.node(0).cache("c", options());
      Await.until("service", () -> Objects.equals(cache.get(1), 1));
      cache.put(1, 2);
      Await.until(
          "service", () -> Objects.equals(cluster.node(1).<Integer, Integer>cache("c").get(1), 2));
    }
  }

  /**
   * What others removed while a member of a replicated cache was cut off is in its files; the
   * engine gives it what there is over that.
   */
  @Test
  void aMemberThatWasCutOffKeepsNothingInItsFilesThatIsNotThere() throws Exception {
    try (TestCluster cluster = cluster(3)) {
      Cache<Integer, Integer> cache = cluster.node(0).cache("c", options());
      cache.put(1, 1);
      cache.put(2, 2);
      Cluster third = cluster.node(2);
      Await.until("service", () -> recovery(third).serving().serves() && inFiles(third) == 2);
      DISCARD wall = new DISCARD().discardAll(true);
      channel(third).getProtocolStack().insertProtocol(wall, Position.ABOVE, TP.class);
      see(List.of(third));
      see(List.of(cluster.node(0), cluster.node(1)));
      Await.until("the end of the service", () -> !recovery(third).serving().serves());
      assertThat(cache.get(1)).isEqualTo(1);
      cache.remove(1); // the engine may do it twice while the topology changes, and answer null
      assertThat(cache.get(1)).isNull();
      channel(third).getProtocolStack().removeProtocol(wall);
      cluster.awaitMembers();
      Await.until("one entry in its files", () -> inFiles(third) == 1);
      Await.until("service", () -> recovery(third).serving().serves());
      assertThat(third.<Integer, Integer>cache("c").asMap()).containsOnlyKeys(2);
    }
  }

  /** The engine's memory refuses what a write has overtaken; these are the files below. */
  @Test
  void stateThatAWriteHasOvertakenIsNotWrittenToTheFiles() {
    try (TestCluster cluster = cluster(1)) {
      Cluster node = cluster.node(0);
      Cache<Integer, Integer> cache = node.cache("c", options());
      cache.put(1, 1);
      AdvancedCache<Object, Object> engines = engines(node);
      ClusterKey key = ClusterKey.written(1, new SerialCodec());
      ClusterKey other = ClusterKey.written(2, new SerialCodec());
      Object sent = requireNonNull(engines.get(key), "written");
      CommitManager arrivals = ComponentRegistry.componentOf(engines, CommitManager.class);
      arrivals.startTrack(Flag.PUT_FOR_STATE_TRANSFER);
      cache.put(1, 2);
      AdvancedCache<Object, Object> state =
          engines.withFlags(
              Flag.PUT_FOR_STATE_TRANSFER,
              Flag.CACHE_MODE_LOCAL,
              Flag.SKIP_LOCKING,
              Flag.SKIP_OWNERSHIP_CHECK,
              Flag.IGNORE_RETURN_VALUES);
      state.put(key, sent);
      state.put(other, sent);
      assertThat(entriesInFiles(node))
          .containsEntry(key, engines.get(key))
          .containsEntry(other, sent);
      arrivals.stopTrack(Flag.PUT_FOR_STATE_TRANSFER);
      state.put(key, sent); // which comes after the end
      assertThat(entriesInFiles(node)).containsEntry(key, engines.get(key));
      assertThat(cache.get(1)).isEqualTo(2);
    }
  }

  private static Map<Object, Object> entriesInFiles(Cluster node) {
    PersistenceManager stores =
        ComponentRegistry.componentOf(engines(node), PersistenceManager.class);
    return Flowable.fromPublisher(stores.publishEntries(true, true))
        .toMap(MarshallableEntry::getKey, MarshallableEntry::getValue)
        .blockingGet();
  }

  private static int inFiles(Cluster node) {
    return entriesInFiles(node).size();
  }

  /** Each of them has a view of these alone, as if it had found out. */
  private static void see(List<Cluster> side) throws Exception {
    Address[] members =
        side.stream().map(node -> channel(node).getAddress()).toArray(Address[]::new);
    for (Cluster node : side) {
      JChannel channel = channel(node);
      long next = channel.getView().getViewId().getId() + 1;
      channel
          .getProtocolStack()
          .<GMS>findProtocol(GMS.class)
          .installView(View.create(members[0], next, members));
    }
  }

  private static JChannel channel(Cluster node) {
    return ((JGroupsTransport)
            GlobalComponentRegistry.componentOf(
                node.unwrap(EmbeddedCacheManager.class), Transport.class))
        .getChannel();
  }

  @Test
  void anEntryKeepsItsEndAndWhatIsOverIsNotPutBack() {
    try (TestCluster cluster = cluster(1)) {
      Cache<Integer, Integer> cache = cluster.node(0).cache("c", options());
      cache.put(1, 1, Expiry.ttl(Duration.ofHours(1)));
      cache.put(2, 2, Expiry.ttl(Duration.ofMillis(20)));
      Await.until("the end", () -> cache.get(2) == null);
      cluster.crash(0);
    }
    try (TestCluster cluster = cluster(1)) {
      Cache<Integer, Integer> cache = cluster.node(0).cache("c", options());
      Await.until("service", () -> recovery(cluster.node(0)).serving().serves());
      assertThat(cache.asMap()).containsOnlyKeys(1);
      AdvancedCache<?, ?> engines =
          cluster
              .node(0)
              .unwrap(EmbeddedCacheManager.class)
              .getCache(engineName(cluster.node(0)))
              .getAdvancedCache();
      assertThat(engines.cacheEntrySet().iterator().next().getLifespan())
          .isPositive()
          .isLessThan(Duration.ofHours(1).toMillis() - 1);
    }
  }

  @Test
  void aByteThatChangedIsFoundAndNothingIsOverwritten() throws IOException {
    try (TestCluster cluster = cluster(1)) {
      cluster.node(0).<Integer, Integer>cache("c", options()).put(1, 1);
    }
    Path data = data();
    byte[] bytes = Files.readAllBytes(data);
    bytes[bytes.length - 1] ^= 1;
    Files.write(data, bytes);
    try (TestCluster cluster = cluster(1)) {
      assertThatThrownBy(() -> cluster.node(0).cache("c", options()))
          .isInstanceOf(CacheException.class)
          .hasMessageContaining(data.toString())
          .hasMessageContaining("is not as it was written");
    }
    assertThat(data).hasBinaryContent(bytes);
  }

  private Path data() throws IOException {
    try (Stream<Path> all = Files.walk(directory)) {
      return all.filter(path -> path.getFileName().toString().startsWith("ispn12"))
          .findFirst()
          .orElseThrow();
    }
  }

  @Test
  void aMemberWhoseDiskRefusesServesNobody() {
    try (TestCluster cluster = cluster(1)) {
      Cache<Integer, Integer> cache = cluster.node(0).cache("c", options());
      cache.put(1, 1);
      recovery(cluster.node(0)).onRefused(new PersistenceException("no room"));
      assertThatThrownBy(() -> cache.get(1))
          .isInstanceOf(CacheException.class)
          .hasMessageContaining("no room");
      assertThatThrownBy(cache::size) // which no member's guard sees
          .isInstanceOf(CacheException.class)
          .hasMessageContaining("no room");
    }
  }

  /** By what is not on the disk nobody may be served. */
  @Test
  void theEngineWaitsWithATopologyUntilTheRosterIsOnTheDisk() throws Exception {
    try (TestCluster cluster = cluster(1)) {
      Cluster node = cluster.node(0);
      node.<Integer, Integer>cache("c", options()).put(1, 1);
      Recovery recovery = recovery(node);
      Path roster = roster();
      byte[] before = Files.readAllBytes(roster);
      CompletableFuture<Void> later = new CompletableFuture<>();
      files(node).execute(later::join); // whatever the disk takes so long for
      CompletionStage<Void> used = recovery.onTopology(next(recovery, node, Set.of()));
      assertThat(used.toCompletableFuture()).isNotDone();
      CompletableFuture<byte[]> then = new CompletableFuture<>();
      var unused = used.thenRun(() -> then.complete(read(roster)));
      later.complete(null);
      assertThat(then.get(60, TimeUnit.SECONDS)).isNotEqualTo(before);
      Files.createDirectory(roster.resolveSibling("roster.next")); // the disk refuses it
      CompletionStage<Void> never = recovery.onTopology(next(recovery, node, Set.of()));
      happened(node);
      assertThat(never.toCompletableFuture()).isNotDone();
      assertThat(recovery.serving().serves()).isFalse();
    }
  }

  private Path roster() throws IOException {
    try (Stream<Path> all = Files.walk(directory)) {
      return all.filter(path -> path.endsWith("roster")).findFirst().orElseThrow();
    }
  }

  private static byte[] read(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns when all has happened that was to happen before the call. */
  static void happened(Cluster node) throws Exception {
    CompletableFuture<Void> done = new CompletableFuture<>();
    files(node).execute(() -> done.complete(null));
    done.get(60, TimeUnit.SECONDS);
  }

  /** The layout after the last, with witnesses that are in no view. */
  static Layout next(Recovery recovery, Cluster node, Set<String> absent) {
    String self = files(node).link().self().id();
    List<String> writers = Stream.concat(Stream.of(self), absent.stream()).toList();
    int segments = engines(node).getCacheConfiguration().clustering().hash().numSegments();
    return new Layout(
        recovery.lastLayout() + 1,
        Collections.nCopies(segments, List.of(self)),
        Collections.nCopies(segments, writers));
  }

  static AdvancedCache<Object, Object> engines(Cluster node) {
    return node.unwrap(EmbeddedCacheManager.class).getCache(engineName(node)).getAdvancedCache();
  }

  /** One that was killed, and is an owner still, has not heard of the write. */
  @Test
  void anAnswerWaitsUntilAMemberThatIsNotThereIsNoOwnerAnyMore() throws Exception {
    try (TestCluster cluster = cluster(1)) {
      Cluster node = cluster.node(0);
      Cache<Integer, Integer> cache = node.cache("c", options());
      cache.put(1, 1);
      Recovery recovery = recovery(node);
      recovery.onTopology(next(recovery, node, Set.of("z"))).toCompletableFuture().join();
      CompletableFuture<Void> answer = requireNonNull(recovery.serving().confirmed(), "waits");
      CompletableFuture<Void> write = CompletableFuture.runAsync(() -> cache.put(2, 2));
      Await.until("the write is in the files", () -> inFiles(node) == 2);
      happened(node);
      assertThat(answer).isNotDone();
      assertThat(write).isNotDone();
      recovery.onTopology(next(recovery, node, Set.of())).toCompletableFuture().join();
      answer.get(60, TimeUnit.SECONDS);
      write.get(60, TimeUnit.SECONDS);
      recovery.onTopology(next(recovery, node, Set.of("z"))).toCompletableFuture().join();
      CompletableFuture<Void> lost = requireNonNull(recovery.serving().confirmed(), "waits");
      recovery.onCut().toCompletableFuture().join(); // whoever wrote can't know any more
      assertThat(lost)
          .failsWithin(Duration.ofSeconds(60))
          .withThrowableOfType(ExecutionException.class)
          .withCauseInstanceOf(HeldException.class);
      assertThat(recovery.serving().serves()).isFalse();
    }
  }

  /** As when it was told before it had given up, and begins anew. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void aMemberThatWasToldInVainAsksUntilItIsTold(int deaf) {
    try (TestCluster cluster = cluster(2)) {
      SharedFiles others = files(cluster.node(1 - deaf));
      SharedFiles.Link link = others.link();
      AtomicInteger lost = new AtomicInteger();
      others
          .linked()
          .obtrudeValue(
              new SharedFiles.Link(
                  link.manager(),
                  link.self(),
                  lossy(link.wire(), lost),
                  link.clock(),
                  link.members()));
      Cache<Integer, Integer> cache = cluster.node(0).cache("c", options());
      cache.put(1, 1);
      assertThat(cluster.node(1).<Integer, Integer>cache("c").get(1)).isEqualTo(1);
      assertThat(lost).hasValue(LOSES);
    }
  }

  private static Wire lossy(Wire wire, AtomicInteger lost) {
    return (Wire)
        Proxy.newProxyInstance(
            Wire.class.getClassLoader(),
            new Class<?>[] {Wire.class},
            (self, method, arguments) ->
                method.getName().equals("send")
                        && arguments[3] instanceof News.Known
                        && lost.getAndUpdate(i -> Math.min(LOSES, i + 1)) < LOSES
                    ? null
                    : method.invoke(wire, arguments));
  }

  /** What passes the member that asks is refused by the one that orders the writes. */
  @Test
  void aMemberThatDoesNotServeRefusesCallsOfOthersToo() {
    try (TestCluster cluster = cluster(2)) {
      Cluster holds = cluster.node(0);
      Cache<Integer, Integer> cache = holds.cache("c", options());
      AdvancedCache<Object, Object> there = engines(cluster.node(1));
      Await.until("service", () -> recovery(cluster.node(1)).serving().serves());
      Await.until("two owners", () -> isSpread(engines(holds)) && isSpread(there));
      Codec codec = new SerialCodec();
      ClusterKey key = ordered(engines(holds), codec);
      cache.put((Integer) key.key(), 1);
      recovery(holds).onRefused(new PersistenceException("no room"));
      Cache<Integer, Integer> asks = cluster.node(1).cache("c");
      assertThatThrownBy(() -> asks.put((Integer) key.key(), 2)) // and it says who refused, and why
          .isInstanceOf(CacheException.class)
          .hasMessageContaining(holds.self().name())
          .hasMessageContaining("no room");
      assertThatThrownBy(
              () -> there.put(key, Envelope.ofBytes(new Envelope.Version(1, 1), new byte[1])))
          .hasRootCauseInstanceOf(HeldException.class);
      assertThatThrownBy(() -> engines(holds).get(key)).isInstanceOf(HeldException.class);
    }
  }

  private static boolean isSpread(AdvancedCache<?, ?> engines) {
    CacheTopology topology = engines.getDistributionManager().getCacheTopology();
    return topology.getPendingCH() == null && topology.getCurrentCH().getMembers().size() == 2;
  }

  /** A key whose writes are ordered by that member. */
  private static ClusterKey ordered(AdvancedCache<?, ?> engines, Codec codec) {
    return Stream.iterate(0, i -> i + 1)
        .map(i -> ClusterKey.written(i, codec))
        .filter(
            key ->
                engines
                    .getDistributionManager()
                    .getCacheTopology()
                    .getDistribution(key)
                    .isPrimary())
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aDirectoryOfALocalCacheIsRefused() {
    try (Cluster alone = Cluster.local();
        TestCluster cluster = cluster(1)) {
      CacheOptions local = CacheOptions.of(Mode.LOCAL).persist(Persist.file(directory));
      alone.<Integer, Integer>cache("c", local).put(1, 1);
      assertThatThrownBy(() -> cluster.node(0).cache("c", options()))
          .isInstanceOf(CacheException.class)
          .hasMessageContaining("was LOCAL");
    }
  }
}
