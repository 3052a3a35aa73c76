/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.infinispan.configuration.cache.Configuration;
import org.infinispan.factories.ComponentRegistry;
import org.infinispan.factories.GlobalComponentRegistry;
import org.infinispan.manager.EmbeddedCacheManager;

/**
 * What others have yet to send to a member that joins, of all caches that start on it.
 *
 * <p>The engine asks once for each part of a cache, of one member. If that one's answer is lost
 * nobody sends the part: the engine waits for four minutes and gives up. How long a cache may take
 * depends on its size, but parts come all the time; so it is when none comes any more that the
 * member gives up here.
 */
final class Transfers {
  private static final long LOOK_MILLIS = 100;

  private final EmbeddedCacheManager manager;
  private final Duration patience;

  /**
   * @param patience how long may pass from one part to the next
   */
  Transfers(EmbeddedCacheManager manager, Duration patience) {
    this.manager = manager;
    this.patience = patience;
  }

  /**
   * Waits for what starts caches; what it answers, and what it throws.
   *
   * @throws StuckJoinException if nothing comes any more; what starts goes on until the manager is
   *     stopped
   */
  <T> T await(CompletableFuture<T> start) {
    Map<String, Long> before = Map.of();
    long since = System.nanoTime();
    while (true) {
      try {
        return start.get(LOOK_MILLIS, TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        Map<String, Long> now = missing();
        if (now.isEmpty() || !now.equals(before)) {
          before = now;
          since = System.nanoTime();
        } else if (System.nanoTime() - since > patience.toNanos()) {
          throw new StuckJoinException(text(now));
        }
      } catch (ExecutionException e) {
        throw e.getCause() instanceof RuntimeException failure
            ? failure
            : new IllegalStateException(e.getCause());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted while the caches start", e);
      }
    }
  }

  private String text(Map<String, Long> missing) {
    return "nobody has sent a part of its caches for "
        + patience
        + ", and there are missing "
        + missing
        + "; start it again, and look into the logs of the other members if that does not help";
  }

  /** How many parts of each cache; only of those that lack some. */
  private Map<String, Long> missing() {
    Map<String, Long> missing = new TreeMap<>();
    GlobalComponentRegistry components = GlobalComponentRegistry.of(manager);
    for (String name : manager.getCacheNames()) {
      Configuration configuration = manager.getCacheConfiguration(name);
      ComponentRegistry cache = components.getNamedComponentRegistry(name);
      if (cache != null
          && configuration != null
          && configuration.clustering().cacheMode().needsStateTransfer()) {
        long parts = cache.getStateTransferManager().getInflightSegmentTransferCount();
        if (parts > 0) {
          missing.put(Incarnation.cacheName(name), parts);
        }
      }
    }
    return missing;
  }
}
