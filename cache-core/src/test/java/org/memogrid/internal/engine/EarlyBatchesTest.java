/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.infinispan.Cache;
import org.infinispan.commands.CommandsFactory;
import org.infinispan.commands.write.PutMapCommand;
import org.infinispan.context.InvocationContextFactory;
import org.infinispan.context.impl.FlagBitSets;
import org.infinispan.distribution.DistributionManager;
import org.infinispan.distribution.LocalizedCacheTopology;
import org.infinispan.factories.ComponentRegistry;
import org.infinispan.interceptors.AsyncInterceptorChain;
import org.infinispan.metadata.EmbeddedMetadata;
import org.infinispan.remoting.transport.Address;
import org.infinispan.statetransfer.OutdatedTopologyException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.CacheWriter;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Partitions;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Versions;
import org.memogrid.testkit.Await;

/** Batches that arrive when their keys are ordered by others than who sent them. */
final class EarlyBatchesTest {
  private static final int KEY = 1;
  private static final int OLD = 10;
  private static final int NEW = 20;

  private final Map<Integer, Integer> rows = new ConcurrentHashMap<>();
  private int members = 3;
  private final SerialCodec codec = new SerialCodec();
  private final LoopCluster cluster =
      new LoopCluster(
          codec,
          members,
          Partitions.CONSISTENT,
          member -> new Resources(Map.of(), Map.of("rows", Persist.with(rows::get, writer()))));

  private CacheWriter<Integer, Integer> writer() {
    return new CacheWriter<>() {
      @Override
      public void write(Integer key, Integer value) {
        rows.put(key, value);
      }

      @Override
      public void delete(Integer key) {
        rows.remove(key);
      }
    };
  }

  @AfterEach
  void stop() {
    cluster.close();
  }

  /**
   * 1. A member orders a {@code putAll}, tells the backups and is killed. 2. One of them orders the
   * key from now on, and has a later write written. 3. What it was told arrives, and must not be
   * written over that.
   */
  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void aBatchThatWasForABackupIsNotWrittenByItThoughItOrdersTheKeyByNow(Mode mode) {
    for (int member = 0; member < members; member++) {
      var unused =
          cluster.caches(member).cache("c", CacheOptions.of(mode).persist(Persist.with("rows")));
    }
    cluster.caches(0).cache("c").put(KEY, OLD);
    int sender = primary();
    Address sent = cluster.node(sender).manager().getAddress();
    int topology = knows(sender).getTopologyId();
    cluster.crash(sender);
    members--;
    Await.until(
        "that both others know who orders the key",
        () ->
            IntStream.range(0, members).allMatch(i -> knows(i).getMembers().size() == members)
                && primary() >= 0);
    cluster.caches(0).cache("c").put(KEY, NEW);
    CompletableFuture<?> late = arrive(cluster.node(primary()).engineCache("c"), sent, topology);
    assertThatThrownBy(late::join).hasRootCauseInstanceOf(OutdatedTopologyException.class);
    assertThat(rows).isEqualTo(Map.of(KEY, NEW));
  }

  /** Which of those that are there orders the key; -1 if none does. */
  private int primary() {
    ClusterKey key = ClusterKey.of(KEY, codec);
    return IntStream.range(0, members)
        .filter(i -> knows(i).getDistribution(key).isPrimary())
        .findFirst()
        .orElse(-1);
  }

  private LocalizedCacheTopology knows(int member) {
    return ComponentRegistry.componentOf(
            cluster.node(member).engineCache("c"), DistributionManager.class)
        .getCacheTopology();
  }

  private CompletableFuture<?> arrive(Cache<?, ?> cache, Address sender, int topology) {
    ComponentRegistry components = ComponentRegistry.of(cache);
    PutMapCommand batch =
        components
            .getComponent(CommandsFactory.class)
            .buildPutMapCommand(
                Map.of(
                    ClusterKey.written(KEY, codec),
                    Envelope.ofBytes(new Versions().next(), codec.encode(OLD))),
                new EmbeddedMetadata.Builder().build(),
                FlagBitSets.IGNORE_RETURN_VALUES
                    | FlagBitSets.SKIP_LOCKING
                    | FlagBitSets.BACKUP_WRITE);
    batch.setForwarded(true);
    batch.setTopologyId(topology);
    return components
        .getComponent(AsyncInterceptorChain.class)
        .invokeAsync(
            components
                .getComponent(InvocationContextFactory.class)
                .createRemoteInvocationContextForCommand(batch, sender),
            batch)
        .toCompletableFuture();
  }
}
