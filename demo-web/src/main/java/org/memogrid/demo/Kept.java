/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheEvent;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Cluster;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The demo's counters on this node's disk ({@code --data}), so that they go on where they were
 * after all nodes have stopped. They only grow: of two numbers the larger is the later one, and
 * what a node saw before it was away for a while overrules nothing.
 *
 * <p>1. The daemon has read 1 in a cluster that knows no more. 2. A node starts and gives it 9. 3.
 * The daemon writes 2. Then that node, which knows of 9, gives it 9 again.
 */
final class Kept implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Kept.class);

  private final Cache<String, Integer> shared;
  private final Cache<String, Integer> disk;

  /** Gives the cluster the numbers that are larger than its own, and writes down all later ones. */
  Kept(Cluster cluster, Path directory) {
    shared = cluster.cache("counters", Mode.DISTRIBUTED);
    disk =
        cluster.cache(
            "counters-of-" + cluster.self().name(),
            CacheOptions.of(Mode.LOCAL).persist(Persist.file(directory)));
    var unused = shared.listen(this::keep, CacheEvent.Type.CREATED, CacheEvent.Type.UPDATED);
    Map<String, Integer> before = Map.copyOf(disk.asMap());
    before.forEach((name, number) -> raise(shared, name, number));
    log.info("from {}: {}", directory, before);
  }

  private void keep(CacheEvent<String, Integer> change) {
    Integer now = change.value();
    if (now != null) {
      Integer known = raise(disk, change.key(), now);
      if (known != null && known > now) {
        var unused = raise(shared, change.key(), known);
      }
    }
  }

  /** What is there then. */
  private static @Nullable Integer raise(Cache<String, Integer> cache, String name, int number) {
    return cache.update(name, there -> there == null || there < number ? number : there);
  }

  @Override
  public void close() {
    shared.close();
    disk.close();
  }
}
