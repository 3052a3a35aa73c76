/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.testkit.Await;

/** How shared caches are opened, closed and destroyed. */
final class StoreLivesTest extends OnThreeMembers {
  @Test
  void whatIsDestroyedElsewhereIsForgotten() {
    for (int i = 0; i < 3; i++) {
      Cache<String, Integer> here = at(0, "forgotten" + i, Mode.DISTRIBUTED);
      int before = cluster.node(0).stores().known();
      at(1, "forgotten" + i, Mode.DISTRIBUTED).destroy();
      Await.until("it is gone", () -> cluster.node(0).stores().known() == before - 1);
      assertThatThrownBy(here::size).isInstanceOf(IllegalStateException.class);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"INVALIDATED", "REPLICATED", "DISTRIBUTED"})
  void otherOptionsAreRefusedOnEveryMember(Mode mode) {
    Cache<String, Integer> first = at(0, "options", CacheOptions.of(mode).maxEntries(10));
    assertThat(first.mode()).isEqualTo(mode);
    for (int member = 0; member < 3; member++) {
      int at = member;
      assertThatThrownBy(() -> at(at, "options", CacheOptions.of(mode).maxEntries(11)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("[" + mode + " maxEntries=10]")
          .hasMessageContaining("[" + mode + " maxEntries=11]");
    }
    assertThat(cluster.caches(2).names()).contains("options-" + mode);
  }

  @ParameterizedTest
  @EnumSource(names = {"INVALIDATED", "REPLICATED", "DISTRIBUTED"})
  void closingEndsAHandleAndDestroyingTheCache(Mode mode) {
    Cache<String, Integer> first = at(0, "end", mode);
    Cache<String, Integer> second = at(0, "end", mode);
    Cache<String, Integer> elsewhere = at(1, "end", mode);
    first.put("k", 1);
    first.close();
    first.close();
    assertThatThrownBy(() -> first.get("k"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("end-" + mode)
        .hasMessageContaining("closed");
    assertThat(second.get("k")).isEqualTo(1);
    elsewhere.destroy();
    assertThatThrownBy(() -> second.get("k"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("end-" + mode);
    assertThat(cluster.caches(2).names()).doesNotContain("end-" + mode);
    Cache<String, Integer> again = at(2, "end", CacheOptions.of(mode).timeToLive(SECOND));
    assertThat(again.get("k")).isNull();
    again.put("k", 2);
    assertThat(again.get("k")).isEqualTo(2);
    again.destroy();
  }
}
