/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;

import jakarta.transaction.TransactionManager;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.infinispan.commons.dataconversion.MediaType;
import org.infinispan.configuration.cache.AbstractStoreConfigurationBuilder;
import org.infinispan.configuration.cache.CacheMode;
import org.infinispan.configuration.cache.ClusteringConfigurationBuilder;
import org.infinispan.configuration.cache.Configuration;
import org.infinispan.configuration.cache.ConfigurationBuilder;
import org.infinispan.configuration.cache.CustomStoreConfigurationBuilder;
import org.infinispan.configuration.cache.StoreConfiguration;
import org.infinispan.conflict.MergePolicy;
import org.infinispan.eviction.EvictionStrategy;
import org.infinispan.partitionhandling.PartitionHandling;
import org.infinispan.transaction.LockingMode;
import org.infinispan.transaction.TransactionMode;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.CacheOptions.WhenFull;
import org.memogrid.cache.Locking;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Partitions;

/** The options of a cache as the engine's configuration. */
final class EngineConfiguration {
  private static final long SWEEP_SECONDS = 10;

  /** How long a lock is waited for that others hold while they commit: longer is a deadlock. */
  private static final long COMMIT_LOCK_MILLIS = 1_000;

  /** How long a member that leaves lets a transaction finish. */
  private static final long STOP_MILLIS = 1_000;

  /**
   * After that a transaction that another member prepared or locks by is asked for there, and
   * rolled back if that member does not know it any more or is lost. Until then a consistent
   * cluster keeps what a lost member had, which may be on a side that goes on.
   */
  private static final long ASKED_FOR_MILLIS = 5_000;

  /** How often the engine looks for those. */
  private static final long LOOK_MILLIS = 1_000;

  /** How long the file store lets a node of its index become. */
  static final int LONGEST_NODE = 4096;

  private EngineConfiguration() {}

  static Configuration of(
      CacheOptions options, Partitions partitions, MemberTransactions transactions) {
    return of(options, partitions, transactions.manager(), transactions.lock());
  }

  /**
   * @param transactions the manager of a transactional cache
   * @param lock how long one waits there for a lock that another holds
   */
  static Configuration of(
      CacheOptions options, Partitions partitions, TransactionManager transactions, Duration lock) {
    ConfigurationBuilder builder = new ConfigurationBuilder();
    builder.encoding().mediaType(MediaType.APPLICATION_OBJECT_TYPE);
    builder.expiration().wakeUpInterval(SWEEP_SECONDS, TimeUnit.SECONDS);
    ClusteringConfigurationBuilder clustering =
        builder.clustering().cacheMode(cacheMode(options.mode(), options.isAsync()));
    if (options.mode() != Mode.INVALIDATED) {
      clustering.hash().keyPartitioner(new StablePlacement());
      whenSplit(clustering, partitions);
    }
    if (options.mode() == Mode.DISTRIBUTED) {
      clustering.hash().numOwners(options.owners());
    }
    if (options.maxEntries() > 0 && options.whenFull() == WhenFull.EVICT) {
      builder.memory().maxCount(options.maxEntries()).whenFull(EvictionStrategy.REMOVE);
    }
    transactional(builder, options.locking(), transactions, lock);
    Persist persist = options.persist();
    patient(builder, persist);
    if (persist != null && persist.directory() != null) {
      builder
          .persistence()
          .addStore(CustomStoreConfigurationBuilder.class)
          .customStoreClass(LifeStore.class)
          .segmented(true)
          .purgeOnStartup(false)
          .addProperty(LifeStore.DIRECTORY, persist.directory().toString());
    } else if (persist != null) {
      CustomStoreConfigurationBuilder store =
          persist.isOfProgram() ? inSource(builder) : inTable(builder);
      store.shared(true);
      if (persist.queueSize() > 0) { // ours: the engine's queue knows no other member
        store
            .addProperty(BehindWrites.QUEUE, Integer.toString(persist.queueSize()))
            .addProperty(BehindWrites.BATCH, Integer.toString(persist.batch()));
      }
    }
    return builder.build();
  }

  /** What the engine's file store is told of files in a folder. */
  static StoreConfiguration files(Path folder) {
    ConfigurationBuilder builder = new ConfigurationBuilder();
    var unused = inFiles(builder, folder);
    return builder.build().persistence().stores().get(0);
  }

  private static CheckedStoreConfigurationBuilder inFiles(
      ConfigurationBuilder builder, Path folder) {
    CheckedStoreConfigurationBuilder files =
        builder.persistence().addStore(CheckedStoreConfigurationBuilder.class);
    files.dataLocation(folder.toString()).indexLocation(folder.toString()).purgeOnStartup(false);
    files.maxNodeSize(LONGEST_NODE);
    return files;
  }

  /** A transactional cache of one process. */
  static Configuration alone(Locking locking, MemberTransactions transactions) {
    ConfigurationBuilder builder = alone(0);
    transactional(builder, locking, transactions.manager(), transactions.lock());
    return builder.build();
  }

  private static void transactional(
      ConfigurationBuilder builder,
      @Nullable Locking locking,
      TransactionManager transactions,
      Duration lock) {
    if (locking == null) {
      return;
    }
    boolean optimistic = locking == Locking.OPTIMISTIC;
    builder
        .transaction()
        .transactionManagerLookup(new ManagerLookup(transactions))
        .transactionMode(TransactionMode.TRANSACTIONAL)
        .lockingMode(optimistic ? LockingMode.OPTIMISTIC : LockingMode.PESSIMISTIC)
        .useSynchronization(false)
        .completedTxTimeout(ASKED_FOR_MILLIS)
        .reaperWakeUpInterval(LOOK_MILLIS)
        .cacheStopTimeout(STOP_MILLIS);
    builder
        .locking()
        .lockAcquisitionTimeout(
            optimistic ? COMMIT_LOCK_MILLIS : lock.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** A cache of one process in files. */
  static Configuration alone(CacheOptions options, Path files) {
    ConfigurationBuilder builder = alone(options.maxEntries());
    Persist persist = requireNonNull(options.persist());
    behind(inFiles(builder, files).preload(persist.isPreload()), persist);
    return builder.build();
  }

  /** A cache of one process in front of where its program keeps the data. */
  static Configuration before(CacheOptions options) {
    ConfigurationBuilder builder = alone(options.maxEntries());
    patient(builder, options.persist());
    var unused = inSource(builder);
    return builder.build();
  }

  /** The engine waits no shorter than users are to. */
  private static void patient(ConfigurationBuilder builder, @Nullable Persist persist) {
    Duration wait = persist == null ? null : persist.waitTimeout();
    if (wait != null) {
      builder.locking().lockAcquisitionTimeout(wait.toMillis(), TimeUnit.MILLISECONDS);
      builder.clustering().remoteTimeout(Patience.ofEngine(wait).toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  /** A cache of one process in a table. */
  static Configuration alone(CacheOptions options) {
    ConfigurationBuilder builder = alone(options.maxEntries());
    Persist persist = requireNonNull(options.persist());
    behind(inTable(builder).preload(persist.isPreload()), persist);
    return builder.build();
  }

  private static void behind(AbstractStoreConfigurationBuilder<?, ?> store, Persist persist) {
    if (persist.queueSize() > 0) {
      store.maxBatchSize(persist.batch());
      store.async().enable().modificationQueueSize(persist.queueSize());
    }
  }

  private static CustomStoreConfigurationBuilder inTable(ConfigurationBuilder builder) {
    return builder
        .persistence()
        .addStore(CustomStoreConfigurationBuilder.class)
        .customStoreClass(TableStore.class)
        .segmented(true)
        .purgeOnStartup(false);
  }

  private static CustomStoreConfigurationBuilder inSource(ConfigurationBuilder builder) {
    return builder
        .persistence()
        .addStore(CustomStoreConfigurationBuilder.class)
        .customStoreClass(SourceStore.class)
        .segmented(true)
        .purgeOnStartup(false);
  }

  private static ConfigurationBuilder alone(long maxEntries) {
    ConfigurationBuilder builder = new ConfigurationBuilder();
    builder.encoding().mediaType(MediaType.APPLICATION_OBJECT_TYPE);
    builder.expiration().wakeUpInterval(SWEEP_SECONDS, TimeUnit.SECONDS);
    builder.clustering().hash().keyPartitioner(new StablePlacement());
    if (maxEntries > 0) {
      builder.memory().maxCount(maxEntries).whenFull(EvictionStrategy.REMOVE);
    }
    return builder;
  }

  static void whenSplit(ClusteringConfigurationBuilder clustering, Partitions partitions) {
    if (partitions == Partitions.CONSISTENT) {
      clustering
          .partitionHandling()
          .whenSplit(PartitionHandling.DENY_READ_WRITES)
          .mergePolicy(MergePolicy.NONE);
    } else {
      clustering
          .partitionHandling()
          .whenSplit(PartitionHandling.ALLOW_READ_WRITES)
          .mergePolicy(MergePolicy.PREFERRED_NON_NULL);
    }
  }

  private static CacheMode cacheMode(Mode mode, boolean async) {
    return switch (mode) {
      case LOCAL -> throw new IllegalArgumentException("LOCAL is not a clustered mode");
      case INVALIDATED -> async ? CacheMode.INVALIDATION_ASYNC : CacheMode.INVALIDATION_SYNC;
      case REPLICATED -> async ? CacheMode.REPL_ASYNC : CacheMode.REPL_SYNC;
      case DISTRIBUTED -> async ? CacheMode.DIST_ASYNC : CacheMode.DIST_SYNC;
    };
  }
}
