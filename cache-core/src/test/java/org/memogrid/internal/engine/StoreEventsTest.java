/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheEvent;
import org.memogrid.cache.Expiry;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Registration;
import org.memogrid.internal.store.Conditional;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Store;
import org.memogrid.internal.store.Versions;
import org.memogrid.testkit.Await;

/** What listeners of a shared cache hear. */
final class StoreEventsTest extends OnThreeMembers {
  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void everyMemberHearsWhatAnyMemberChanges(Mode mode) {
    List<List<CacheEvent<String, Integer>>> heard = new ArrayList<>();
    List<Registration> registrations = new ArrayList<>();
    for (int member = 0; member < 3; member++) {
      List<CacheEvent<String, Integer>> events = new CopyOnWriteArrayList<>();
      Cache<String, Integer> cache = at(member, "events", mode);
      registrations.add(cache.listen(events::add));
      heard.add(events);
    }
    Cache<String, Integer> writer = at(1, "events", mode);
    writer.put("k", 1);
    writer.put("k", 2);
    writer.remove("k");
    writer.put("ttl", 3, Expiry.ttl(SECOND));
    cluster.tick(SECOND);
    assertThat(writer.get("ttl")).isNull();
    for (List<CacheEvent<String, Integer>> events : heard) {
      Await.untilAsserted(
          "the events",
          () ->
              assertThat(events)
                  .extracting(event -> event.type() + " " + event.key() + " " + event.value())
                  .containsExactly(
                      "CREATED k 1",
                      "UPDATED k 2",
                      "REMOVED k 2",
                      "CREATED ttl 3",
                      "EXPIRED ttl 3"));
      assertThat(events.get(2).oldValue()).isEqualTo(2);
      assertThat(events.get(1).oldValue()).isIn(mode == Mode.REPLICATED ? 1 : null, 1);
    }
    registrations.forEach(Registration::close);
    writer.put("unheard", 4);
    assertThat(heard).allSatisfy(events -> assertThat(events).hasSize(5));
  }

  @Test
  void aListenerHearsOnlyTheTypesItAskedFor() {
    Cache<String, Integer> cache = at(0, "types", Mode.REPLICATED);
    List<CacheEvent<String, Integer>> events = new CopyOnWriteArrayList<>();
    cache.listen(events::add, CacheEvent.Type.REMOVED);
    cache.put("k", 1);
    cache.put("k", 2);
    cache.remove("k");
    Await.untilAsserted(
        "the removal",
        () ->
            assertThat(events)
                .extracting(CacheEvent::type)
                .containsExactly(CacheEvent.Type.REMOVED));
  }

  /** As a fenced write of a new key leaves them. */
  @ParameterizedTest
  @EnumSource(names = "LOCAL", mode = EnumSource.Mode.EXCLUDE)
  void aPlaceThatIsHeldIsNoEntryAndNoEvent(Mode mode) {
    List<Cache<String, Integer>> caches =
        IntStream.range(0, 3)
            .mapToObj(i -> OnThreeMembers.<String, Integer>at(i, "held", mode))
            .toList();
    Store store = caches.get(0).unwrap(Store.class);
    List<List<CacheEvent<String, Integer>>> heard = new ArrayList<>();
    for (Cache<String, Integer> cache : mode == Mode.INVALIDATED ? caches.subList(0, 1) : caches) {
      List<CacheEvent<String, Integer>> events = new CopyOnWriteArrayList<>();
      heard.add(events);
      cache.listen(events::add);
    }
    Versions versions = new Versions();
    long end = cluster.now() + 1_000;
    for (int i = 0; i < 8; i++) { // each member orders some
      Envelope refused = Envelope.tombstone(versions.next()).expiring(end, 0, cluster.now());
      assertThat(store.putIfAbsent("refused" + i, refused)).isNull();
      caches.forEach(cache -> assertThat(cache.size()).isZero());
      assertThat(store.remove("refused" + i, refused)).isTrue();
    }
    for (int i = 0; i < 8; i++) {
      Envelope place = Envelope.tombstone(versions.next()).expiring(end, 0, cluster.now());
      assertThat(store.putIfAbsent("k" + i, place)).isNull();
      Envelope value = Envelope.ofBytes(versions.next(), codec.encode(i));
      assertThat(Conditional.swap(store, "k" + i, place, value)).isTrue();
      assertThat(caches.get(0).size()).isEqualTo(i + 1);
    }
    for (List<CacheEvent<String, Integer>> events : heard) {
      Await.untilAsserted("eight creations", () -> assertThat(events).hasSize(8));
      assertThat(events).extracting(CacheEvent::type).containsOnly(CacheEvent.Type.CREATED);
    }
  }
}
