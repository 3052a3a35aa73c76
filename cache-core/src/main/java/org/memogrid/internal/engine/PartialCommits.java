/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.infinispan.commands.tx.CommitCommand;
import org.infinispan.commands.tx.PrepareCommand;
import org.infinispan.context.impl.TxInvocationContext;
import org.infinispan.distribution.DistributionManager;
import org.infinispan.factories.ComponentRegistry;
import org.infinispan.factories.KnownComponentNames;
import org.infinispan.factories.impl.BasicComponentRegistry;
import org.infinispan.interceptors.DDAsyncInterceptor;
import org.infinispan.partitionhandling.AvailabilityMode;
import org.infinispan.partitionhandling.impl.PartitionHandlingManager;
import org.infinispan.topology.CacheTopology;
import org.infinispan.topology.LocalTopologyManager;
import org.infinispan.transaction.xa.GlobalTransaction;
import org.jspecify.annotations.Nullable;

/**
 * Has a member that was cut off while it committed bring that to an end when it is back. Without
 * this:
 *
 * <ol>
 *   <li>A member commits while it loses sight of others. The engine notes that the transaction may
 *       be partly committed, and keeps its locks.
 *   <li>The cluster is whole again. The engine is to tell the others once more when a topology is
 *       installed that is the one at rest.
 *   <li>Which topology is at rest it is told after that one is installed. So it tells nobody; or
 *       the others, who have rolled it back meanwhile, answer that they do not know it. The locks
 *       stay, and nobody writes those keys any more.
 * </ol>
 *
 * <p>So the others are told again, while the topology in use is the one at rest, and if that does
 * not end it they, and this member, roll back. One of a single phase is rolled back at once: who
 * has forgotten it would write it over what was written meanwhile.
 */
final class PartialCommits extends DDAsyncInterceptor {
  private static final long LOOK_MILLIS = 1_000;

  /** How often the others are told to commit. */
  private static final int TOLD = 3;

  private final String name;
  private final ComponentRegistry cache;
  private final LocalTopologyManager topologies;
  private final PartitionHandlingManager partitions;
  private final DistributionManager distribution;
  private final ScheduledExecutorService timer;
  private final Map<GlobalTransaction, Open> open = new ConcurrentHashMap<>();
  private @Nullable Future<?> looks;

  /** What may be partly committed, and how often the others are yet to be told so. */
  private record Open(Set<Object> locked, int left) {}

  /**
   * @param name the cache's with the engine
   */
  PartialCommits(String name, ComponentRegistry cache) {
    BasicComponentRegistry components = cache.getComponent(BasicComponentRegistry.class);
    this.name = name;
    this.cache = cache;
    this.topologies = components.getComponent(LocalTopologyManager.class).wired();
    this.partitions = components.getComponent(PartitionHandlingManager.class).wired();
    this.distribution = components.getComponent(DistributionManager.class).wired();
    this.timer =
        components
            .getComponent(
                KnownComponentNames.TIMEOUT_SCHEDULE_EXECUTOR, ScheduledExecutorService.class)
            .wired();
  }

  @Override
  @SuppressWarnings("rawtypes") // the engine's signature
  public Object visitCommitCommand(TxInvocationContext context, CommitCommand command) {
    return context.isOriginLocal()
        ? invokeNextThenAccept(
            context,
            command,
            (c, committed, result) -> note(context, committed.getGlobalTransaction(), TOLD))
        : invokeNext(context, command);
  }

  @Override
  @SuppressWarnings("rawtypes") // the engine's signature
  public Object visitPrepareCommand(TxInvocationContext context, PrepareCommand command) {
    return context.isOriginLocal() && command.isOnePhaseCommit()
        ? invokeNextThenAccept(
            context,
            command,
            (c, prepared, result) -> note(context, prepared.getGlobalTransaction(), 0))
        : invokeNext(context, command);
  }

  private void note(TxInvocationContext<?> context, GlobalTransaction transaction, int left) {
    if (partitions.isTransactionPartiallyCommitted(transaction)) {
      open.put(transaction, new Open(new HashSet<>(context.getLockedKeys()), left));
      lookLater();
    }
  }

  private synchronized void lookLater() {
    if (looks == null) {
      looks =
          timer.scheduleWithFixedDelay(this::look, LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  private synchronized void look() {
    if (cache.getStatus().isStopping() || cache.getStatus().isTerminated()) {
      open.clear(); // nobody wants what was locked
    }
    open.keySet().retainAll(partitions.getPartialTransactions());
    Future<?> own = looks;
    if (open.isEmpty() && own != null) {
      own.cancel(false);
      looks = null;
      return;
    }
    CacheTopology atRest = topologies.getStableCacheTopology(name);
    if (atRest == null
        || partitions.getAvailabilityMode() != AvailabilityMode.AVAILABLE
        || atRest.getTopologyId() != distribution.getCacheTopology().getTopologyId()) {
      return;
    }
    open.replaceAll(
        (transaction, each) -> {
          if (each.left == 0) {
            partitions.addPartialRollbackTransaction(transaction, null, each.locked);
          }
          return new Open(each.locked, Math.max(0, each.left - 1));
        });
    partitions.onTopologyUpdate(atRest);
  }
}
