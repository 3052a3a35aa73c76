/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.testkit;

import java.util.List;
import org.memogrid.cache.Cache;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;

/** What most nodes do, once: a cluster with a cache in each mode. For {@link NodeTraining}. */
public final class CacheTraining {
  private CacheTraining() {}

  /** Two nodes, since one that is alone never joins, asks or is told anything. */
  public static void main(String[] args) {
    try (TestCluster cluster = TestCluster.of(2)) {
      for (Mode mode : Mode.values()) {
        for (Cluster node : cluster.nodes()) {
          Cache<String, String> cache = node.cache("c-" + mode, mode);
          for (int key = 0; key < 20; key++) {
            cache.put("k" + key, "v");
            cache.putIfAbsent("k" + key, "w");
            cache.update("k" + key, old -> old + "x");
            var unused = cache.get("k" + key);
          }
          var unusedAll = cache.getAll(List.of("k0", "k1"));
          cache.remove("k0");
        }
      }
    }
  }
}
