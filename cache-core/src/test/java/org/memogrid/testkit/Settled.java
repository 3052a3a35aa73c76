/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.testkit;

import org.infinispan.AdvancedCache;
import org.infinispan.topology.CacheTopology;
import org.memogrid.cache.Cache;

/** Whether all owners of a cache have their entries: only then may the next owner die. */
public final class Settled {
  private Settled() {}

  public static boolean among(Cache<?, ?> cache, int members) {
    CacheTopology topology =
        cache.unwrap(AdvancedCache.class).getDistributionManager().getCacheTopology();
    return topology.getPhase() == CacheTopology.Phase.NO_REBALANCE
        && topology.getPendingCH() == null
        && topology.getCurrentCH().getMembers().size() == members;
  }
}
