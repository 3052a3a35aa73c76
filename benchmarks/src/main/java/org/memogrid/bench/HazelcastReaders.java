/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import com.hazelcast.config.Config;
import com.hazelcast.config.InMemoryFormat;
import com.hazelcast.config.NearCacheConfig;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Hazelcast's two ways to read without asking anybody: a map whose near cache keeps objects, also
 * of the entries that the member owns ({@code cache-local-entries}), and a replicated map, which
 * keeps objects by itself. Both as its reference manual says under "Near Cache" and "Replicated
 * Map".
 */
final class HazelcastReaders implements Reader {
  private final HazelcastInstance[] members;
  private final Function<Integer, @Nullable Price> read;

  private HazelcastReaders(HazelcastInstance[] members, Function<Integer, @Nullable Price> read) {
    this.members = members;
    this.read = read;
  }

  static Reader near() {
    HazelcastInstance[] members = {start(), start()};
    com.hazelcast.map.IMap<Integer, Price> map = members[0].getMap("prices");
    Readers.fill((key, n) -> map.put(key, Price.of(n)));
    Readers.fill((key, n) -> map.get(key));
    return new HazelcastReaders(members, map::get);
  }

  static Reader replicated() {
    HazelcastInstance[] members = {start(), start()};
    com.hazelcast.replicatedmap.ReplicatedMap<Integer, Price> map =
        members[0].getReplicatedMap("prices");
    Readers.fill((key, n) -> map.put(key, Price.of(n)));
    return new HazelcastReaders(members, map::get);
  }

  private static HazelcastInstance start() {
    Config config =
        HazelcastMembers.config("hazelcast-" + ProcessHandle.current().pid(), 25_701, 2);
    config
        .getMapConfig("prices")
        .setNearCacheConfig(
            new NearCacheConfig()
                .setInMemoryFormat(InMemoryFormat.OBJECT)
                .setCacheLocalEntries(true));
    return Hazelcast.newHazelcastInstance(config);
  }

  @Override
  public @Nullable Object get(Integer key) {
    return read.apply(key);
  }

  @Override
  public void close() {
    for (HazelcastInstance member : members) {
      member.shutdown();
    }
  }
}
