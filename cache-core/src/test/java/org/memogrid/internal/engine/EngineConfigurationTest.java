/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.infinispan.configuration.cache.CacheMode;
import org.infinispan.configuration.cache.Configuration;
import org.infinispan.eviction.EvictionStrategy;
import org.infinispan.partitionhandling.PartitionHandling;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.CacheOptions.WhenFull;
import org.memogrid.cache.Locking;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Partitions;

final class EngineConfigurationTest {
  private static final MemberTransactions TRANSACTIONS =
      new MemberTransactions(null, Duration.ofSeconds(3));

  private static Configuration of(CacheOptions options) {
    return EngineConfiguration.of(options, Partitions.AVAILABLE, TRANSACTIONS);
  }

  @Test
  void modesAreSyncUnlessToldOtherwise() {
    assertThat(of(CacheOptions.of(Mode.REPLICATED)).clustering().cacheMode())
        .isEqualTo(CacheMode.REPL_SYNC);
    assertThat(of(CacheOptions.of(Mode.DISTRIBUTED).async()).clustering().cacheMode())
        .isEqualTo(CacheMode.DIST_ASYNC);
    assertThat(of(CacheOptions.of(Mode.INVALIDATED).async()).clustering().cacheMode())
        .isEqualTo(CacheMode.INVALIDATION_ASYNC);
  }

  @Test
  void theEngineNeverKeepsIdleTimesItself() {
    Configuration idle =
        of(
            CacheOptions.of(Mode.REPLICATED)
                .maxIdle(Duration.ofSeconds(1))
                .timeToLive(Duration.ofSeconds(2)));
    assertThat(idle.expiration().maxIdle()).isEqualTo(-1);
    assertThat(idle.expiration().lifespan()).isEqualTo(-1);
  }

  @Test
  void ownersAndLimitsArriveAtTheEngine() {
    assertThat(of(CacheOptions.of(Mode.DISTRIBUTED)).clustering().hash().numOwners()).isEqualTo(2);
    assertThat(of(CacheOptions.of(Mode.DISTRIBUTED).owners(3)).clustering().hash().numOwners())
        .isEqualTo(3);
    Configuration evicting = of(CacheOptions.of(Mode.REPLICATED).maxEntries(7));
    assertThat(evicting.memory().maxCount()).isEqualTo(7);
    assertThat(evicting.memory().whenFull()).isEqualTo(EvictionStrategy.REMOVE);
    assertThat(
            of(CacheOptions.of(Mode.REPLICATED).maxEntries(7).whenFull(WhenFull.REFUSE))
                .memory()
                .maxCount())
        .isEqualTo(-1);
  }

  @Test
  void whoWantsALockWaitsAsLongAsTheMemberSays() {
    assertThat(
            of(CacheOptions.of(Mode.REPLICATED).transactional(Locking.PESSIMISTIC))
                .locking()
                .lockAcquisitionTimeout())
        .isEqualTo(3_000);
    assertThat(
            of(CacheOptions.of(Mode.REPLICATED).transactional(Locking.OPTIMISTIC))
                .locking()
                .lockAcquisitionTimeout())
        .isEqualTo(1_000);
  }

  @Test
  void theEngineWaitsForALoaderNoShorterThanUsersDo() {
    assertThat(ofLoader(null).locking().lockAcquisitionTimeout()).isEqualTo(10_000);
    assertThat(ofLoader(null).clustering().remoteTimeout()).isEqualTo(15_000);
    Configuration patient = ofLoader(Duration.ofMinutes(1));
    assertThat(patient.locking().lockAcquisitionTimeout()).isEqualTo(60_000);
    assertThat(patient.clustering().remoteTimeout()).isEqualTo(125_000);
    Configuration impatient = ofLoader(Duration.ofMillis(10));
    assertThat(impatient.locking().lockAcquisitionTimeout()).isEqualTo(10);
    assertThat(impatient.clustering().remoteTimeout()).isEqualTo(15_000);
  }

  private static Configuration ofLoader(@Nullable Duration wait) {
    Persist named = Persist.with("rows");
    return EngineConfiguration.of(
        CacheOptions.of(Mode.DISTRIBUTED).persist(wait == null ? named : named.waitTimeout(wait)),
        Partitions.CONSISTENT,
        TRANSACTIONS);
  }

  @Test
  void aConsistentClusterDeniesWhatItCantKnow() {
    assertThat(
            EngineConfiguration.of(
                    CacheOptions.of(Mode.DISTRIBUTED), Partitions.CONSISTENT, TRANSACTIONS)
                .clustering()
                .partitionHandling()
                .whenSplit())
        .isEqualTo(PartitionHandling.DENY_READ_WRITES);
    assertThat(of(CacheOptions.of(Mode.DISTRIBUTED)).clustering().partitionHandling().whenSplit())
        .isEqualTo(PartitionHandling.ALLOW_READ_WRITES);
  }
}
