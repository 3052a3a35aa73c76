/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.Member;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Store;
import org.memogrid.modes.samples.Sample;
import org.memogrid.testkit.Await;

/** What members see of each other's writes, which is what sets the modes apart. */
interface VisibilityContract extends Contract {
  @Test
  default void everyMemberReadsAWriteThatReturned() {
    assumeThat(shared()).isTrue();
    Caches<String, Integer> caches = caches();
    for (int i = 0; i < 30; i++) {
      caches.turn(i).put("k" + i % 5, i);
      for (Cache<String, Integer> cache : caches.all()) {
        assertThat(cache.get("k" + i % 5)).isEqualTo(i);
      }
    }
  }

  @Test
  default void everyMemberMissesWhatWasRemoved() {
    assumeThat(shared()).isTrue();
    Caches<String, Integer> caches = caches();
    for (int i = 0; i < 15; i++) {
      caches.turn(i).put("k", i);
      assertThat(caches.turn(i + 1).remove("k")).isEqualTo(i);
      for (Cache<String, Integer> cache : caches.all()) {
        assertThat(cache.get("k")).isNull();
        assertThat(cache.containsKey("k")).isFalse();
      }
    }
  }

  @Test
  default void sizeAndEntriesCountEachEntryOnce() {
    assumeThat(shared()).isTrue();
    Caches<String, Integer> caches = caches();
    Map<String, Integer> expected =
        java.util.stream.IntStream.range(0, 40)
            .boxed()
            .collect(Collectors.toMap(i -> "k" + i, i -> i));
    expected.forEach((key, value) -> caches.turn(value).put(key, value));
    for (Cache<String, Integer> cache : caches.all()) {
      assertThat(cache.size()).isEqualTo(40);
      List<Map.Entry<String, Integer>> entries = cache.entries().toList();
      assertThat(entries).hasSize(40);
      assertThat(entries.stream().collect(Collectors.toMap(e -> e.getKey(), e -> e.getValue())))
          .isEqualTo(expected);
      assertThat(cache.getAll(expected.keySet())).isEqualTo(expected);
    }
  }

  @Test
  default void clearEmptiesTheCacheOfAll() {
    assumeThat(mode()).isNotEqualTo(Mode.LOCAL);
    Caches<String, Integer> caches = caches();
    for (int i = 0; i < 10; i++) {
      caches.turn(i).put("k" + i, i);
    }
    caches.there().clear();
    for (Cache<String, Integer> cache : caches.all()) {
      assertThat(cache.size()).isZero();
      assertThat(cache.get("k0")).isNull();
    }
  }

  @Test
  default void aLocalCacheIsOneMembersOwn() {
    assumeThat(mode()).isEqualTo(Mode.LOCAL);
    Caches<String, Integer> caches = caches();
    for (int i = 0; i < nodes(); i++) {
      caches.all().get(i).put("k", i);
    }
    caches.here().put("mine", 1);
    for (int i = 0; i < nodes(); i++) {
      assertThat(caches.all().get(i).get("k")).isEqualTo(i);
    }
    for (Cache<String, Integer> other : caches.others()) {
      assertThat(other.get("mine")).isNull();
      assertThat(other.size()).isEqualTo(1);
      other.clear();
    }
    assertThat(caches.here().size()).isEqualTo(2);
  }

  @Test
  default void aWriteInvalidatesTheCopiesOfOthers() {
    assumeThat(mode()).isEqualTo(Mode.INVALIDATED);
    Caches<String, Integer> caches = caches();
    for (int i = 0; i < 15; i++) {
      caches.turn(i).put("k", i);
      for (int node = 0; node < nodes(); node++) {
        assertThat(caches.all().get(node).get("k")).isEqualTo(node == i % nodes() ? i : null);
      }
    }
  }

  @Test
  default void aRemovalInvalidatesTheCopiesOfOthersThoughNoneIsHere() {
    assumeThat(mode()).isEqualTo(Mode.INVALIDATED);
    Caches<String, Integer> caches = caches();
    caches.here().put("k", 1);
    assertThat(caches.there().remove("k")).isEqualTo(nodes() == 1 ? 1 : null);
    for (Cache<String, Integer> cache : caches.all()) {
      assertThat(cache.get("k")).isNull();
    }
  }

  @Test
  default void whatStaysInOneMemberNeedNotBeEncodable() {
    assumeThat(shared()).isFalse();
    Caches<String, Unlisted> caches = caches();
    caches.here().put("k", new Unlisted(1));
    assertThat(caches.here().get("k")).isEqualTo(new Unlisted(1));
  }

  @Test
  default void aClassOffTheListIsRefusedByNameBeforeAnythingChanges() {
    assumeThat(shared()).isTrue();
    Caches<String, Object> caches = caches();
    caches.here().put("k", "before");
    for (Object value : List.of(new Unlisted(1), List.of(new Unlisted(1)))) {
      assertThatThrownBy(() -> caches.here().put("k", value))
          .hasMessageContaining(Unlisted.class.getName())
          .hasMessageContaining("allow");
      assertThatThrownBy(() -> caches.here().putIfAbsent("new", value))
          .hasMessageContaining(Unlisted.class.getName());
    }
    for (Cache<String, Object> cache : caches.all()) {
      assertThat(cache.get("k")).isEqualTo("before");
      assertThat(cache.get("new")).isNull();
    }
  }

  @Test
  default void recordsWithEnumsAreKeysAndValuesEverywhere() {
    assumeThat(shared()).isTrue();
    Caches<Sample.Key, Sample.Value> caches = caches();
    List<Sample.Color> colors = List.of(Sample.Color.values());
    for (int i = 0; i < 20; i++) {
      Sample.Key key = new Sample.Key(colors.get(i % 3), i);
      Sample.Value value = new Sample.Value("v" + i, List.of(Sample.Color.RED), Map.of("a", i));
      caches.turn(i).put(key, value);
      for (Cache<Sample.Key, Sample.Value> cache : caches.all()) {
        assertThat(cache.get(key)).isEqualTo(value);
      }
    }
    assertThat(caches.there().size()).isEqualTo(20);
  }

  @Test
  default void theOwnersOfAKeyAreTheMembersThatHoldIt() {
    Caches<String, Integer> caches = caches();
    List<String> names = new ArrayList<>();
    for (int node = 0; node < nodes(); node++) {
      names.add(fixture().grid().on(node, cluster -> cluster.self().name()));
    }
    int expected =
        mode() == Mode.REPLICATED ? nodes() : mode() == Mode.DISTRIBUTED ? Math.min(nodes(), 2) : 1;
    String cache = caches.name();
    Await.untilAsserted(
        "owners of a cache at rest",
        () -> {
          for (int i = 0; i < 10; i++) {
            String key = "k" + i;
            caches.turn(i).put(key, i);
            List<String> holders = new ArrayList<>();
            for (int node = 0; node < nodes(); node++) {
              if (fixture().grid().on(node, cluster -> holds(cluster, cache, key))) {
                holders.add(names.get(node));
              }
            }
            for (int node = 0; node < nodes(); node++) {
              List<String> owners =
                  caches.all().get(node).owners(key).stream().map(Member::name).toList();
              assertThat(owners).doesNotHaveDuplicates().hasSize(expected);
              if (shared()) {
                assertThat(owners).hasSameElementsAs(holders);
                assertThat(caches.here().owners(key).get(0).name()).isEqualTo(owners.get(0));
              } else {
                assertThat(owners).containsExactly(names.get(node));
              }
            }
          }
        });
  }

  /** Whether the engine has the entry on that very member. */
  private static boolean holds(Cluster cluster, String cache, String key) {
    Store store = cluster.cache(cache).unwrap(Store.class);
    try (Stream<Map.Entry<Object, Envelope>> entries = store.localEntries()) {
      return entries.anyMatch(entry -> entry.getKey().equals(key));
    }
  }
}
