/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.FencedException;
import org.memogrid.cache.FencingToken;
import org.memogrid.cache.Mode;

/** What a later turn's write does to those of earlier turns. */
interface FencingContract extends Contract {
  /** A turn at something that no other test has turns at. */
  private FencingToken turn(Caches<String, Integer> caches, long number) {
    return new FencingToken(caches.name(), number, "m");
  }

  @Test
  default void aLaterTurnsWriteKeepsOutTheEarlier() {
    Caches<String, Integer> caches = caches();
    Cache<String, Integer> writer = caches.there();
    caches.here().putFenced("k", 1, turn(caches, 1));
    writer.putFenced("k", 2, turn(caches, 2));
    writer.putFenced("k", 3, turn(caches, 2));
    Cache<String, Integer> late = mode() == Mode.LOCAL ? writer : caches.here();
    for (String key : new String[] {"k", "another"}) {
      assertThatThrownBy(() -> late.putFenced(key, 4, turn(caches, 1)))
          .isInstanceOf(FencedException.class);
    }
    assertThat(writer.get("k")).isEqualTo(3);
    assertThat(late.get("another")).isNull();
  }

  @Test
  default void aRemovalForgetsNoTurn() {
    Caches<String, Integer> caches = caches();
    Cache<String, Integer> cache = caches.here();
    cache.putFenced("k", 1, turn(caches, 2));
    cache.remove("k");
    cache.clear();
    assertThatThrownBy(() -> cache.putFenced("k", 2, turn(caches, 1)))
        .isInstanceOf(FencedException.class);
    assertThat(cache.get("k")).isNull();
  }
}
