/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheEvent;
import org.memogrid.cache.CacheFullException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.CacheOptions.WhenFull;
import org.memogrid.cache.Expiry;
import org.memogrid.cache.Mode;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Store;
import org.memogrid.internal.store.Versions;
import org.memogrid.testkit.Await;

/** How entries of a shared cache end: by time, for want of use, for want of room. */
final class StoreEndsTest extends OnThreeMembers {
  @ParameterizedTest
  @EnumSource(names = {"INVALIDATED", "REPLICATED", "DISTRIBUTED"})
  void timeToLiveEndsAnEntryEverywhere(Mode mode) {
    Cache<String, Integer> here =
        at(0, "ttl", CacheOptions.of(mode).timeToLive(SECOND.multipliedBy(10)));
    here.put("options", 1);
    here.put("own", 2, Expiry.ttl(SECOND.multipliedBy(30)));
    here.put("never", 3, Expiry.NEVER);
    here.putAll(Map.of("all", 4), Expiry.ttl(SECOND));
    assertThat(here.get("all")).isEqualTo(4);
    cluster.tick(SECOND);
    assertThat(here.get("all")).isNull();
    cluster.tick(SECOND.multipliedBy(8));
    assertThat(here.get("options")).isEqualTo(1);
    cluster.tick(SECOND);
    for (int member = 0; member < 3; member++) {
      Cache<String, Integer> there =
          at(member, "ttl", CacheOptions.of(mode).timeToLive(SECOND.multipliedBy(10)));
      assertThat(there.get("options")).isNull();
    }
    assertThat(here.get("own")).isEqualTo(2);
    cluster.tick(SECOND.multipliedBy(20));
    assertThat(here.get("own")).isNull();
    assertThat(here.get("never")).isEqualTo(3);
    assertThat(here.size()).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource(names = {"INVALIDATED", "REPLICATED", "DISTRIBUTED"})
  void anEntryThatIsReadSomewhereStaysAndOneThatIsNotGoes(Mode mode) {
    CacheOptions options = CacheOptions.of(mode).maxIdle(SECOND.multipliedBy(8));
    Cache<String, Integer> here = at(0, "idle", options);
    Cache<String, Integer> reader = at(mode == Mode.INVALIDATED ? 0 : 2, "idle", options);
    here.put("read", 1);
    here.put("unread", 2);
    for (int i = 0; i < 10; i++) {
      cluster.tick(SECOND.multipliedBy(3));
      assertThat(reader.get("read")).as("read after %s s", 3 * (i + 1)).isEqualTo(1);
      cluster.settle();
    }
    assertThat(here.get("unread")).isNull();
    cluster.tick(SECOND.multipliedBy(10));
    assertThat(here.get("read")).isNull();
  }

  @Test
  void readingAnIdleEntrySendsNothing() {
    Cache<String, Integer> cache =
        at(0, "quiet", CacheOptions.of(Mode.REPLICATED).maxIdle(SECOND.multipliedBy(8)));
    cache.put("k", 1);
    cluster.tick(SECOND.multipliedBy(3));
    assertThat(cache.get("k")).isEqualTo(1); // the one read that renews
    cluster.settle();
    long before = cluster.messagesSentBy(0);
    for (int i = 0; i < 2000; i++) {
      assertThat(cache.get("k")).isEqualTo(1);
    }
    // The members' own talk goes on meanwhile.
    assertThat(cluster.messagesSentBy(0) - before).isLessThan(200);
  }

  @ParameterizedTest
  @EnumSource(names = {"INVALIDATED", "REPLICATED", "DISTRIBUTED"})
  void aRenewalKeepsTheDeadlineAndRaisesNothing(Mode mode) {
    CacheOptions options = CacheOptions.of(mode);
    Cache<String, Integer> cache = at(0, "renew", options);
    List<CacheEvent<String, Integer>> events = new CopyOnWriteArrayList<>();
    cache.listen(events::add, CacheEvent.Type.CREATED, CacheEvent.Type.UPDATED);
    cache.put("k", 1, Expiry.ttl(SECOND.multipliedBy(20)).idle(SECOND.multipliedBy(8)));
    for (int i = 0; i < 6; i++) {
      cluster.tick(SECOND.multipliedBy(3));
      assertThat(cache.get("k")).isEqualTo(1);
      cluster.settle();
    }
    cluster.tick(SECOND.multipliedBy(2));
    assertThat(cache.get("k")).isNull();
    cache.put("last", 2);
    Await.untilAsserted(
        "the events",
        () -> assertThat(events).extracting(CacheEvent::key).containsExactly("k", "last"));
  }

  @ParameterizedTest
  @EnumSource(names = {"INVALIDATED", "REPLICATED", "DISTRIBUTED"})
  void aRenewalNeverBringsBackNorOverwrites(Mode mode) {
    Store store = cluster.node(0).stores().open("late-" + mode, CacheOptions.of(mode));
    Versions versions = new Versions();
    Envelope old =
        Envelope.ofValue(versions.next(), 1).expiring(Envelope.NEVER, 8000, cluster.now());
    store.put("removed", old);
    store.put("changed", old);
    var unused = store.remove("removed");
    Envelope now = Envelope.ofValue(versions.next(), 2);
    store.put("changed", now);
    store.renew("removed", old);
    store.renew("changed", old);
    assertThat(store.get("removed")).isNull();
    assertThat(store.get("changed")).isEqualTo(now);
  }

  @ParameterizedTest
  @EnumSource(names = {"INVALIDATED", "REPLICATED", "DISTRIBUTED"})
  void aFullCacheRefusesNewKeysAndTakesOldOnes(Mode mode) {
    CacheOptions options = CacheOptions.of(mode).maxEntries(10).whenFull(WhenFull.REFUSE);
    Cache<Integer, String> cache = at(1, "refuse", options);
    int stored = 0;
    CacheFullException refusal = null;
    while (refusal == null && stored < 100) {
      try {
        cache.put(stored, "v");
        stored++;
      } catch (CacheFullException e) {
        refusal = e;
      }
    }
    assertThat(refusal)
        .isNotNull()
        .hasMessageContaining("refuse-" + mode)
        .hasMessageContaining("maxEntries=10");
    assertThat(stored).isBetween(10, 20);
    assertThat(cache.get(stored)).isNull();
    cache.put(0, "again");
    assertThat(cache.get(0)).isEqualTo("again");
    cache.clear();
    cache.put(stored, "room");
    assertThat(cache.get(stored)).isEqualTo("room");
  }

  @ParameterizedTest
  @EnumSource(names = {"INVALIDATED", "REPLICATED", "DISTRIBUTED"})
  void aFullCacheEvictsOnEachMember(Mode mode) {
    CacheOptions options = CacheOptions.of(mode).maxEntries(256);
    Cache<Integer, String> cache = at(0, "evict", options);
    List<CacheEvent<Integer, String>> events = new CopyOnWriteArrayList<>();
    cache.listen(events::add, CacheEvent.Type.EVICTED);
    for (int i = 0; i < 2000; i++) {
      cache.put(i, "v");
    }
    Store store = cluster.node(0).stores().open("evict-" + mode, options);
    Await.untilAsserted(
        "eviction",
        () -> {
          try (Stream<Map.Entry<Object, Envelope>> entries = store.localEntries()) {
            assertThat(entries.count()).isBetween(1L, 512L);
          }
          assertThat(cache.stats().evictions()).isPositive();
          assertThat(events).isNotEmpty();
        });
  }
}
