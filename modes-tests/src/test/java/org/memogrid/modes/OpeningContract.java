/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.FencingToken;
import org.memogrid.cache.Mode;
import org.memogrid.testkit.Await;

/** Names, options, handles: opening, attaching, closing, destroying. */
interface OpeningContract extends Contract {
  @Test
  default void aNameAloneAttachesToWhatIsThere() {
    Mode mode = mode();
    String name = fixture().freshName();
    Caches<String, Integer> opened =
        fixture()
            .open(
                name,
                node ->
                    fixture()
                        .grid()
                        .open(
                            node,
                            cluster ->
                                cluster.cache(
                                    name, CacheOptions.of(mode).timeToLive(Duration.ofHours(1)))));
    for (int node = 0; node < nodes(); node++) {
      opened.all().get(node).put("k", node);
      Cache<String, Integer> attached = fixture().grid().open(node, cluster -> cluster.cache(name));
      assertThat(attached.mode()).isEqualTo(mode);
      assertThat(attached.get("k")).isEqualTo(node);
    }
  }

  @Test
  default void aCacheOpenedAnywhereIsOnEveryMember() {
    assumeThat(mode()).isNotEqualTo(Mode.LOCAL);
    Mode mode = mode();
    String name = fixture().freshName();
    Grid grid = fixture().grid();
    Cache<String, Integer> opener = grid.open(0, cluster -> cluster.cache(name, mode));
    try {
      opener.put("k", 1);
      for (int node = 0; node < nodes(); node++) {
        assertThat(grid.<Boolean>on(node, cluster -> cluster.cacheNames().contains(name))).isTrue();
        Cache<String, Integer> attached = grid.open(node, cluster -> cluster.cache(name));
        assertThat(attached.mode()).isEqualTo(mode);
        assertThat(attached.get("k")).isEqualTo(shared() || node == 0 ? 1 : null);
      }
    } finally {
      opener.destroy();
    }
  }

  @Test
  default void otherOptionsAreRefusedAndBothAreShown() {
    Caches<String, Integer> caches = caches(options -> options.timeToLive(Duration.ofMinutes(7)));
    String name = caches.name();
    Mode mode = mode();
    caches.here().put("k", 1);
    Grid grid = fixture().grid();
    for (int node = 0; node < nodes(); node++) {
      int there = node;
      assertThatIllegalStateException()
          .isThrownBy(
              () ->
                  grid.open(
                      there,
                      cluster ->
                          cluster.cache(
                              name, CacheOptions.of(mode).timeToLive(Duration.ofMinutes(9)))))
          .withMessageContaining(name)
          .withMessageContaining("PT7M")
          .withMessageContaining("PT9M");
      assertThatIllegalStateException()
          .isThrownBy(
              () ->
                  grid.open(
                      there,
                      cluster ->
                          cluster.cache(
                              name, mode == Mode.REPLICATED ? Mode.DISTRIBUTED : Mode.REPLICATED)))
          .withMessageContaining(name)
          .withMessageContaining(mode.name());
    }
    assertThat(caches.here().get("k")).isEqualTo(1);
  }

  @Test
  default void closingAHandleLeavesTheData() {
    Caches<String, Integer> caches = caches();
    String name = caches.name();
    caches.here().put("k", 1);
    Cache<String, Integer> second = fixture().grid().open(0, cluster -> cluster.cache(name));
    assertThat(second.get("k")).isEqualTo(1);
    second.close();
    second.close();
    assertThatIllegalStateException().isThrownBy(() -> second.get("k")).withMessageContaining(name);
    assertThat(caches.here().get("k")).isEqualTo(1);
  }

  @Test
  default void destroyingACacheDestroysItForAll() {
    Caches<String, Integer> caches = caches();
    String name = caches.name();
    caches.here().put("k", 1);
    Grid grid = fixture().grid();
    caches.there().destroy();
    int destroyed = mode() == Mode.LOCAL ? nodes() - 1 : 0;
    for (int node = destroyed; node < nodes(); node++) {
      int there = node;
      Await.until(
          name + " to be gone on node " + there,
          () -> !grid.<Boolean>on(there, cluster -> cluster.cacheNames().contains(name)));
      Cache<String, Integer> handle = caches.all().get(there);
      assertThatIllegalStateException().isThrownBy(() -> handle.get("k"));
    }
    Mode mode = mode();
    Cache<String, Integer> anew = grid.open(destroyed, cluster -> cluster.cache(name, mode));
    assertThat(anew.get("k")).isNull();
    anew.destroy();
  }

  @Test
  default void memogridsOwnStoresAreNobodysCaches() {
    Caches<String, Integer> caches = caches();
    caches.here().putFenced("k", 1, new FencingToken(caches.name(), 1, "m")); // opens one
    Mode mode = mode();
    Grid grid = fixture().grid();
    for (int node = 0; node < nodes(); node++) {
      assertThat(grid.<Set<String>>on(node, cluster -> new TreeSet<>(cluster.cacheNames())))
          .noneMatch(name -> name.startsWith("org.memogrid."));
      int there = node;
      assertThatIllegalArgumentException()
          .isThrownBy(() -> grid.open(there, cluster -> cluster.cache("org.memogrid.fences", mode)))
          .withMessageContaining("org.memogrid.fences")
          .withMessageContaining("choose another");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> grid.open(there, cluster -> cluster.cache("org.memogrid.fences")));
    }
  }
}
