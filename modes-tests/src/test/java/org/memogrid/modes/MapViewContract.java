/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;
import static org.memogrid.testkit.Portable.fn;
import static org.memogrid.testkit.Portable.fn2;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentMap;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;

/** The cache as a map. The whole of {@link ConcurrentMap} is tested in cache-core. */
interface MapViewContract extends Contract {
  @Test
  default void theMapIsTheCache() {
    Caches<String, Integer> caches = caches();
    Cache<String, Integer> cache = caches.here();
    ConcurrentMap<String, Integer> map = cache.asMap();
    assertThat(map.put("a", 1)).isNull();
    cache.put("b", 2);
    assertThat(cache.get("a")).isEqualTo(1);
    assertThat(map.get("b")).isEqualTo(2);
    assertThat(map.size()).isEqualTo(2);
    assertThat(map.keySet()).containsExactlyInAnyOrder("a", "b");
    assertThat(map.values()).containsExactlyInAnyOrder(1, 2);
    assertThat(map.entrySet()).containsExactlyInAnyOrder(entry("a", 1), entry("b", 2));
    assertThat(map.containsValue(2)).isTrue();
    assertThat(map.remove("a")).isEqualTo(1);
    assertThat(cache.get("a")).isNull();
    map.putAll(Map.of("c", 3));
    if (shared()) {
      assertThat(caches.there().get("c")).isEqualTo(3);
      assertThat(caches.there().asMap().size()).isEqualTo(2);
    }
  }

  @Test
  default void functionsOfTheMapWork() {
    ConcurrentMap<String, Integer> map = this.<String, Integer>caches().here().asMap();
    assertThat(map.computeIfAbsent("a", fn(key -> 1))).isEqualTo(1);
    assertThat(map.computeIfAbsent("a", fn(key -> 2))).isEqualTo(1);
    assertThat(map.merge("a", 10, fn2((old, more) -> old + more))).isEqualTo(11);
    assertThat(map.compute("a", fn2((key, old) -> old == null ? 0 : old + 1))).isEqualTo(12);
    assertThat(map.getOrDefault("b", 7)).isEqualTo(7);
    for (String key : List.of("a", "x")) {
      Integer gone = map.computeIfPresent(key, fn2((k, old) -> nothing()));
      assertThat(gone).isNull();
    }
    assertThat(map).isEmpty();
  }

  @SuppressWarnings("NullAway") // a function that removes returns null
  private static Integer nothing() {
    return null;
  }
}
