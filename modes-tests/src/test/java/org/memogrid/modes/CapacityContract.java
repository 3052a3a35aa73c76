/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheFullException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.testkit.Await;

/** What happens at the limit. */
interface CapacityContract extends Contract {
  @Test
  default void aFullCacheEvicts() {
    Caches<String, Integer> caches = caches(options -> options.maxEntries(20));
    for (int i = 0; i < 80; i++) {
      caches.here().put("k" + i, i);
    }
    int holders = mode() == Mode.DISTRIBUTED ? nodes() : 1;
    Await.untilAsserted(
        "at most 20 entries on each member",
        () -> assertThat(caches.here().size()).isBetween(1L, 20L * holders));
  }

  @Test
  default void aFullCacheThatRefusesSaysSoAndKeepsWhatItHas() {
    Caches<String, Integer> caches =
        caches(options -> options.maxEntries(20).whenFull(CacheOptions.WhenFull.REFUSE));
    Cache<String, Integer> cache = caches.here();
    assertThatThrownBy(
            () -> {
              for (int i = 0; i < 80; i++) {
                cache.put("k" + i, i);
              }
            })
        .isInstanceOf(CacheFullException.class)
        .hasMessageContaining(caches.name());
    long size = cache.size();
    assertThat(size).isBetween(1L, 60L);
    assertThat(cache.get("k0")).isEqualTo(0);
    cache.put("k0", 7);
    assertThat(cache.get("k0")).isEqualTo(7);
    assertThat(cache.remove("k0")).isEqualTo(7);
    assertThat(cache.size()).isEqualTo(size - 1);
  }

  @Test
  default void weightIsALimitWhereTheEngineWeighs() {
    if (mode() == Mode.LOCAL) {
      Caches<String, Integer> caches =
          caches(options -> options.maxWeight(100, (String key, Integer value) -> value));
      for (int i = 0; i < 50; i++) {
        caches.here().put("k" + i, 10);
      }
      Await.untilAsserted(
          "at most 100 in weight", () -> assertThat(caches.here().size()).isBetween(1L, 10L));
    } else {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> CacheOptions.of(mode()).maxWeight(100, (key, value) -> 1))
          .withMessageContaining("LOCAL");
    }
  }
}
