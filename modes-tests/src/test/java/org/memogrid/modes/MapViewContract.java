/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.memogrid.testkit.Portable.fn;
import static org.memogrid.testkit.Portable.fn2;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentMap;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.modes.samples.Sample;

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

  /** Each would try for ever if it looked for the value that it read by its {@code equals}. */
  @Test
  default void functionsOfTheMapNeedNoEqualsOfAValue() {
    Caches<String, Sample.Bare> caches = caches();
    for (int i = 0; i < 8; i++) { // some keys are other members' alone
      String key = "k" + i;
      caches.here().put(key, new Sample.Bare(1));
      for (Cache<String, Sample.Bare> cache : shared() ? caches.all() : List.of(caches.here())) {
        assertTimeoutPreemptively(Duration.ofSeconds(60), () -> change(cache.asMap(), key));
        assertThat(cache.get(key)).extracting(Sample.Bare::number).isEqualTo(1);
      }
    }
  }

  private static void change(ConcurrentMap<String, Sample.Bare> map, String key) {
    assertThat(map.compute(key, fn2((k, old) -> plus(old, 1))).number()).isEqualTo(2);
    assertThat(map.computeIfPresent(key, fn2((k, old) -> plus(old, 10))).number()).isEqualTo(12);
    assertThat(map.merge(key, new Sample.Bare(100), fn2((old, more) -> plus(old, more.number()))))
        .extracting(Sample.Bare::number)
        .isEqualTo(112);
    map.replaceAll(fn2((k, old) -> new Sample.Bare(1)));
  }

  private static Sample.Bare plus(Sample.Bare bare, int more) {
    return new Sample.Bare(bare.number() + more);
  }

  @Test
  default void whatIsRemovedFromAViewIsRemoved() {
    Caches<String, Integer> caches = caches();
    ConcurrentMap<String, Integer> map = caches.here().asMap();
    map.putAll(Map.of("a", 1, "b", 2, "c", 3, "d", 3));
    // Sets and collections of other JVMs come as copies.
    assumeThat(fixture().setup().place()).isEqualTo(Grids.Place.ONE_JVM);
    assertThat(map.keySet().remove("a")).isTrue();
    assertThat(map.keySet().remove("a")).isFalse();
    assertThat(map.values().remove(2)).isTrue();
    assertThat(map.values().remove(2)).isFalse();
    assertThat(map.values().remove(3)).isTrue();
    assertThat(map.entrySet().remove(entry("c", 4))).isFalse();
    assertThat(caches.here().size()).isEqualTo(1);
    map.keySet().removeAll(List.of("c", "d"));
    assertThat(caches.here().size()).isEqualTo(0);
  }

  @SuppressWarnings("NullAway") // a function that removes returns null
  private static Integer nothing() {
    return null;
  }
}
