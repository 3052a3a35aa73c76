/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.entry;
import static org.memogrid.testkit.Portable.op;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheEvent;
import org.memogrid.cache.CacheStats;
import org.memogrid.cache.Expiry;
import org.memogrid.cache.FencingToken;

/** What one member's calls do, in every mode. */
@SuppressWarnings("NullAway") // gives nulls on purpose
interface ReadWriteContract extends Contract {
  @Test
  default void whatWasPutIsThere() {
    Cache<String, Integer> cache = this.<String, Integer>caches().here();
    assertThat(cache.get("a")).isNull();
    assertThat(cache.containsKey("a")).isFalse();
    cache.put("a", 1);
    assertThat(cache.get("a")).isEqualTo(1);
    assertThat(cache.containsKey("a")).isTrue();
    cache.put("a", 2);
    assertThat(cache.get("a")).isEqualTo(2);
  }

  @Test
  default void getAndPutReturnsThePrevious() {
    Cache<String, Integer> cache = this.<String, Integer>caches().here();
    assertThat(cache.getAndPut("a", 1)).isNull();
    assertThat(cache.getAndPut("a", 2)).isEqualTo(1);
    assertThat(cache.get("a")).isEqualTo(2);
  }

  @Test
  default void manyAtOnceAreAsOneByOne() {
    Cache<String, Integer> cache = this.<String, Integer>caches().here();
    Map<String, Integer> entries = new HashMap<>();
    List<String> keys = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      entries.put("k" + i, i);
      keys.add("k" + i);
    }
    cache.putAll(entries);
    assertThat(cache.getAll(keys)).isEqualTo(entries);
    assertThat(cache.getAll(List.of("k1", "absent"))).containsExactly(entry("k1", 1));
    assertThat(cache.getAll(List.of())).isEmpty();
    assertThat(cache.size()).isEqualTo(50);
  }

  @Test
  default void whatWasRemovedIsGone() {
    Cache<String, Integer> cache = this.<String, Integer>caches().here();
    cache.put("a", 1);
    assertThat(cache.remove("a")).isEqualTo(1);
    assertThat(cache.get("a")).isNull();
    assertThat(cache.remove("a")).isNull();
    cache.put("a", 2);
    assertThat(cache.remove("a", 1)).isFalse();
    assertThat(cache.get("a")).isEqualTo(2);
    assertThat(cache.remove("a", 2)).isTrue();
    assertThat(cache.containsKey("a")).isFalse();
  }

  @Test
  default void conditionsAreKept() {
    Cache<String, Integer> cache = this.<String, Integer>caches().here();
    assertThat(cache.replace("a", 1)).isNull();
    assertThat(cache.get("a")).isNull();
    assertThat(cache.putIfAbsent("a", 1)).isNull();
    assertThat(cache.putIfAbsent("a", 2)).isEqualTo(1);
    assertThat(cache.get("a")).isEqualTo(1);
    assertThat(cache.replace("a", 3)).isEqualTo(1);
    assertThat(cache.replace("a", 1, 4)).isFalse();
    assertThat(cache.replace("a", 3, 4)).isTrue();
    assertThat(cache.get("a")).isEqualTo(4);
  }

  @Test
  default void entriesAndSizeSayWhatIsThere() {
    Cache<String, Integer> cache = this.<String, Integer>caches().here();
    for (int i = 0; i < 20; i++) {
      cache.put("k" + i, i);
    }
    cache.put("k0", 100);
    if (cache.remove("k1") == null) {
      throw new AssertionError("k1 was not there");
    }
    assertThat(cache.size()).isEqualTo(19);
    assertThat(cache.entries().toList())
        .hasSize(19)
        .contains(entry("k0", 100), entry("k2", 2))
        .doesNotContain(entry("k1", 1));
    cache.clear();
    assertThat(cache.size()).isZero();
    assertThat(cache.entries()).isEmpty();
    assertThat(cache.get("k0")).isNull();
  }

  @Test
  default void nullIsRefusedByName() {
    Cache<String, Integer> cache = this.<String, Integer>caches().here();
    refuses("key", () -> cache.get(null));
    refuses("key", () -> cache.containsKey(null));
    refuses("key", () -> cache.owners(null));
    refuses("key", Executors.callable(() -> cache.put(null, 1)));
    refuses("value", Executors.callable(() -> cache.put("a", null)));
    refuses("expiry", Executors.callable(() -> cache.put("a", 1, null)));
    refuses("key", () -> cache.getAndPut(null, 1));
    refuses("value", () -> cache.getAndPut("a", null));
    refuses("key", () -> cache.putIfAbsent(null, 1));
    refuses("value", () -> cache.putIfAbsent("a", null));
    refuses("key", () -> cache.replace(null, 1));
    refuses("value", () -> cache.replace("a", null));
    refuses("expected", () -> cache.replace("a", null, 1));
    refuses("value", () -> cache.replace("a", 1, (Integer) null));
    refuses("key", () -> cache.remove(null));
    refuses("expected", () -> cache.remove("a", null));
    refuses("key", () -> cache.update(null, op(value -> value)));
    refuses("change", () -> cache.update("a", null));
    refuses("key", () -> cache.getAll(Arrays.asList("a", null)));
    refuses("keys", () -> cache.getAll(null));
    refuses("entries", Executors.callable(() -> cache.putAll(null)));
    FencingToken turn = new FencingToken("nobody", 1, "m");
    refuses("key", Executors.callable(() -> cache.putFenced(null, 1, turn)));
    refuses("value", Executors.callable(() -> cache.putFenced("a", null, turn)));
    refuses("token", Executors.callable(() -> cache.putFenced("a", 1, null)));
    if (fixture().setup().place() == Grids.Place.ONE_JVM) { // listeners don't travel
      refuses("listener", () -> cache.listen(null));
      refuses("types", () -> cache.listen(event -> {}, (CacheEvent.Type[]) null));
    }
    Map<String, Integer> holed = new HashMap<>();
    holed.put("b", 1);
    holed.put("a", null);
    refuses("value", Executors.callable(() -> cache.putAll(holed)));
    assertThat(cache.size()).isZero();
  }

  private static void refuses(String argument, Callable<?> call) {
    assertThatNullPointerException().isThrownBy(call::call).withMessageContaining(argument);
  }

  @Test
  default void statisticsCountWhatThisMemberDid() {
    Caches<String, Integer> caches = caches();
    Cache<String, Integer> cache = caches.here();
    cache.put("a", 1);
    cache.put("a", 2, Expiry.NEVER);
    List<Integer> read = Arrays.asList(cache.get("a"), cache.get("a"), cache.get("b"));
    Integer removed = cache.remove("a");
    assertThat(read).containsExactly(2, 2, null);
    assertThat(removed).isEqualTo(2);
    CacheStats stats = cache.stats();
    assertThat(stats.hits()).isEqualTo(2);
    assertThat(stats.misses()).isEqualTo(1);
    assertThat(stats.puts()).isEqualTo(2);
    assertThat(stats.removals()).isEqualTo(1);
    for (Cache<String, Integer> other : caches.others()) {
      assertThat(other.stats().puts()).isZero();
    }
  }

  @Test
  default void nameAndModeAreThoseAskedFor() {
    Caches<String, Integer> caches = caches();
    Consumer<Cache<String, Integer>> check =
        cache -> {
          assertThat(cache.name()).isEqualTo(caches.name());
          assertThat(cache.mode()).isEqualTo(mode());
        };
    assertThat(caches.all()).allSatisfy(check);
  }
}
