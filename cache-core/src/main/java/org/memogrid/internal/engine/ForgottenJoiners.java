/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.lang.reflect.Field;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.infinispan.factories.GlobalComponentRegistry;
import org.infinispan.factories.KnownComponentNames;
import org.infinispan.factories.impl.BasicComponentRegistry;
import org.infinispan.manager.EmbeddedCacheManager;
import org.infinispan.partitionhandling.AvailabilityMode;
import org.infinispan.remoting.transport.Address;
import org.infinispan.topology.CacheTopology;
import org.infinispan.topology.ClusterCacheStatus;
import org.infinispan.topology.ClusterTopologyManager;
import org.infinispan.topology.ClusterTopologyManagerImpl;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes in, on the member that coordinates, who joins a cache and was forgotten:
 *
 * <ol>
 *   <li>A member joins a cache. Another joins too, and waits until the first is in.
 *   <li>A member of the cache leaves or dies. The engine goes on with those who are in, and forgets
 *       that one waits.
 *   <li>That one waits for four minutes, and so does all that needs it, unless yet another joins.
 * </ol>
 *
 * <p>What the engine does when one joins is done again for each that is to be a member and is not,
 * while nothing else changes.
 */
final class ForgottenJoiners {
  private static final Logger LOG = LoggerFactory.getLogger(ForgottenJoiners.class);
  private static final long LOOK_MILLIS = 1000;

  private final EmbeddedCacheManager manager;
  private final Map<?, ?> caches;
  private final ScheduledFuture<?> looks;

  private ForgottenJoiners(
      EmbeddedCacheManager manager,
      Map<?, ?> caches,
      ScheduledExecutorService timer,
      Executor threads) {
    this.manager = manager;
    this.caches = caches;
    this.looks =
        timer.scheduleWithFixedDelay(
            () -> lookOn(threads), LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** Looks each second, until what this returns is run. */
  static Runnable lookFor(EmbeddedCacheManager manager, Executor threads) {
    try {
      BasicComponentRegistry components =
          GlobalComponentRegistry.componentOf(manager, BasicComponentRegistry.class);
      Field caches = ClusterTopologyManagerImpl.class.getDeclaredField("cacheStatusMap");
      caches.setAccessible(true);
      ForgottenJoiners joiners =
          new ForgottenJoiners(
              manager,
              (Map<?, ?>)
                  caches.get(
                      GlobalComponentRegistry.componentOf(manager, ClusterTopologyManager.class)),
              components
                  .getComponent(
                      KnownComponentNames.TIMEOUT_SCHEDULE_EXECUTOR, ScheduledExecutorService.class)
                  .running(),
              threads);
      return () -> joiners.looks.cancel(false);
    } catch (ReflectiveOperationException | RuntimeException e) {
      LOG.warn(
          "a member that opens a cache while another leaves may wait for minutes: the engine does"
              + " not show who joins",
          e);
      return () -> {};
    }
  }

  private void lookOn(Executor threads) {
    try {
      threads.execute(this::look);
    } catch (RejectedExecutionException e) {
      LOG.trace("this member leaves", e);
    }
  }

  private void look() {
    if (manager.getStatus().allowInvocations() && manager.isCoordinator()) {
      for (Object cache : caches.values()) {
        takeIn((ClusterCacheStatus) cache);
      }
    }
  }

  private static void takeIn(ClusterCacheStatus cache) {
    List<Address> expected = cache.getExpectedMembers();
    CacheTopology now = cache.getCurrentTopology();
    if (now != null
        && now.getPhase() == CacheTopology.Phase.NO_REBALANCE
        && cache.getAvailabilityMode() != AvailabilityMode.DEGRADED_MODE
        && !now.getMembers().containsAll(expected)) {
      LOG.debug("{} are to be members of cache {}, and are not: {}", expected, cache, now);
      cache.queueRebalance(expected);
    }
  }
}
