/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.memogrid.cache.CacheEvent.Type.CREATED;
import static org.memogrid.cache.CacheEvent.Type.EXPIRED;
import static org.memogrid.cache.CacheEvent.Type.REMOVED;
import static org.memogrid.cache.CacheEvent.Type.UPDATED;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheEvent;
import org.memogrid.cache.Expiry;
import org.memogrid.cache.FencingToken;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Registration;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.Settled;

/** Who is told of what. */
interface EventContract extends Contract {
  /** What a listener heard, in order. */
  final class Heard {
    private final List<CacheEvent<String, Integer>> events = new CopyOnWriteArrayList<>();

    List<CacheEvent.Type> types() {
      return events.stream().map(CacheEvent::type).toList();
    }

    List<CacheEvent<String, Integer>> of(String key) {
      return events.stream().filter(event -> event.key().equals(key)).toList();
    }

    List<String> keys() {
      return events.stream().map(CacheEvent::key).toList();
    }
  }

  /** Owners come and go while members open a cache, and have an event missed or come twice. */
  private void awaitRest(Caches<String, Integer> caches) {
    if (!shared()) {
      return;
    }
    String name = caches.name();
    int members = nodes();
    for (int each = 0; each < members; each++) {
      int node = each;
      Await.until(
          "a cache at rest on node " + node,
          () ->
              fixture()
                  .grid()
                  .<Boolean>on(node, there -> Settled.among(there.cache(name), members)));
    }
  }

  @Test
  default void listenersHearTheChangesOfAKeyInOrder() {
    Caches<String, Integer> caches = caches();
    awaitRest(caches);
    List<Cache<String, Integer>> hearing = shared() ? caches.all() : List.of(caches.here());
    List<Heard> heard = new ArrayList<>();
    for (Cache<String, Integer> cache : hearing) {
      Heard one = new Heard();
      heard.add(one);
      Registration kept = cache.listen(one.events::add);
      assertThat(kept).isNotNull();
    }
    caches.here().put("k", 1);
    caches.here().put("k", 2);
    assertThat(caches.here().remove("k")).isEqualTo(2);
    for (Heard one : heard) {
      Await.untilAsserted(
          "three events", () -> assertThat(one.types()).containsExactly(CREATED, UPDATED, REMOVED));
      assertThat(one.events.get(0).value()).isEqualTo(1);
      assertThat(one.events.get(1).value()).isEqualTo(2);
    }
  }

  /** What holds the place of a new key while the turn is looked up is nobody's business. */
  @Test
  default void aFencedWriteIsHeardAsOneChange() {
    Caches<String, Integer> caches = caches();
    awaitRest(caches);
    FencingToken turn = new FencingToken(caches.name(), 1, "m");
    List<Heard> heard = new ArrayList<>();
    List<Heard> firsts = new ArrayList<>();
    for (Cache<String, Integer> cache : shared() ? caches.all() : List.of(caches.here())) {
      Heard all = new Heard();
      Heard first = new Heard();
      heard.add(all);
      firsts.add(first);
      cache.listen(all.events::add);
      cache.listen(first.events::add, CREATED);
    }
    for (int i = 0; i < 6; i++) { // each member orders some
      caches.here().putFenced("k" + i, 1, turn);
      caches.here().putFenced("k" + i, 2, turn);
      caches.here().remove("k" + i);
    }
    for (Heard one : heard) {
      Await.untilAsserted("three events a key", () -> assertThat(one.events).hasSize(18));
      for (int i = 0; i < 6; i++) {
        List<CacheEvent<String, Integer>> ofKey = one.of("k" + i);
        assertThat(ofKey).extracting(CacheEvent::type).containsExactly(CREATED, UPDATED, REMOVED);
        assertThat(ofKey.get(0).value()).isEqualTo(1);
        assertThat(ofKey.get(0).oldValue()).isNull();
        assertThat(ofKey.get(1).value()).isEqualTo(2);
      }
    }
    firsts.forEach(
        one -> Await.untilAsserted("six created", () -> assertThat(one.events).hasSize(6)));
  }

  @Test
  default void listenersHearOnlyTheTypesTheyAskFor() {
    Cache<String, Integer> cache = this.<String, Integer>caches().here();
    Heard heard = new Heard();
    Registration registration = cache.listen(heard.events::add, REMOVED);
    cache.put("a", 1);
    cache.put("a", 2);
    assertThat(cache.remove("a")).isEqualTo(2);
    Await.untilAsserted("the removal", () -> assertThat(heard.types()).containsExactly(REMOVED));
    registration.close();
    registration.close();
    Heard later = new Heard();
    Registration second = cache.listen(later.events::add, REMOVED);
    cache.put("b", 1);
    assertThat(cache.remove("b")).isEqualTo(1);
    Await.untilAsserted("the next", () -> assertThat(later.keys()).containsExactly("b"));
    assertThat(heard.keys()).containsExactly("a");
    second.close();
  }

  @Test
  default void expiryIsAnEvent() {
    Cache<String, Integer> cache = this.<String, Integer>caches().here();
    Heard heard = new Heard();
    Registration registration = cache.listen(heard.events::add, EXPIRED);
    try {
      cache.put("k", 1, Expiry.ttl(Duration.ofMillis(100)));
      Await.untilAsserted(
          "the expiry",
          () -> {
            assertThat(cache.get("k")).isNull();
            assertThat(heard.keys()).contains("k");
          });
      assertThat(heard.keys()).containsExactly("k");
    } finally {
      registration.close();
    }
  }

  @Test
  default void aCopyInvalidatedByAnotherMemberIsARemoval() {
    assumeThat(mode()).isEqualTo(Mode.INVALIDATED);
    assumeThat(nodes()).isGreaterThan(1);
    Caches<String, Integer> caches = caches();
    Heard heard = new Heard();
    Registration registration = caches.here().listen(heard.events::add, REMOVED);
    try {
      caches.here().put("k", 1);
      caches.there().put("k", 2);
      Await.untilAsserted("the invalidation", () -> assertThat(heard.keys()).containsExactly("k"));
    } finally {
      registration.close();
    }
  }
}
