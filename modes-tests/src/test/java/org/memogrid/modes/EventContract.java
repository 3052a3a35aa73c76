/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;
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
import org.memogrid.cache.Mode;
import org.memogrid.cache.Registration;
import org.memogrid.testkit.Await;

/** Who is told of what. */
interface EventContract extends Contract {
  /** What a listener heard, in order. */
  final class Heard {
    private final List<CacheEvent<String, Integer>> events = new CopyOnWriteArrayList<>();

    List<CacheEvent.Type> types() {
      return events.stream().map(CacheEvent::type).toList();
    }

    List<String> keys() {
      return events.stream().map(CacheEvent::key).toList();
    }
  }

  @Test
  default void listenersHearTheChangesOfAKeyInOrder() {
    Caches<String, Integer> caches = caches();
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
    if (mode() != Mode.INVALIDATED || nodes() == 1) {
      return;
    }
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
