/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Member;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Store;
import org.memogrid.internal.store.Topology;
import org.memogrid.internal.store.Versions;
import org.memogrid.testkit.Await;

/** Who holds a key, and who says so. */
final class StoreHomesTest extends OnThreeMembers {
  /** Only the home of a key needs it said; who does not hold the key never says it. */
  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void thatAKeyIsAbsentIsSaidByWhoHoldsItAndOnlyIfItIs(Mode mode) {
    List<Store> stores =
        IntStream.range(0, 3)
            .mapToObj(i -> cluster.node(i).stores().open("absent-" + mode, CacheOptions.of(mode)))
            .toList();
    Versions versions = new Versions();
    for (int i = 0; i < 20; i++) {
      String key = "k" + i;
      for (int member = 0; member < 3; member++) {
        Store store = stores.get(member);
        boolean holds = store.topology().owners(key).contains(cluster.node(member).self());
        Await.until(key + " on " + member, () -> store.isSurelyAbsent(key) == holds);
      }
      stores.get(i % 3).put(key, Envelope.tombstone(versions.next()));
      assertThat(stores).noneMatch(store -> store.isSurelyAbsent(key));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void theHomeOfAKeyIsItsPrimaryOwner(Mode mode) {
    Store store = cluster.node(0).stores().open("home-" + mode, CacheOptions.of(mode));
    int owners = mode == Mode.REPLICATED ? 3 : 2;
    Await.until(
        "the cache at rest on all members",
        () ->
            store.topology().members().size() == 3
                && store.topology().owners("a").size() == owners
                && store.topology().owners("b").size() == owners);
    Topology topology = store.topology();
    Set<Member> homes = new HashSet<>();
    for (int i = 0; i < 100; i++) {
      String key = "key" + i;
      store.put(key, Envelope.ofValue(new Versions().next(), i));
      Member home = topology.home(key);
      homes.add(home);
      assertThat(topology.owners(key)).startsWith(home).hasSize(owners);
      List<Member> holders = new ArrayList<>();
      for (int member = 0; member < 3; member++) {
        LoopCluster.Node node = cluster.node(member);
        Store there = node.stores().open("home-" + mode, CacheOptions.of(mode));
        assertThat(there.topology().home(key)).isEqualTo(home);
        try (Stream<Map.Entry<Object, Envelope>> entries = there.localEntries()) {
          if (entries.anyMatch(entry -> entry.getKey().equals(key))) {
            holders.add(node.self());
          }
        }
      }
      assertThat(topology.owners(key)).containsExactlyInAnyOrderElementsOf(holders);
    }
    assertThat(homes).hasSize(3);
  }
}
