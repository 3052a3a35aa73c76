/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.FencedException;
import org.memogrid.cache.FencingToken;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.testkit.TestCluster;

/** Who had its turn before another writes no more, on any member, in any mode. */
class FencedWriteTest {
  private static final FencingToken OLD = new FencingToken("counter", 1, "a");
  private static final FencingToken NEW = new FencingToken("counter", 2, "b");

  @Test
  void aLowerTokenIsRefusedOnEveryMemberInEveryMode() {
    try (TestCluster cluster = TestCluster.of(2)) {
      for (Mode mode : Mode.values()) {
        FencingToken old = new FencingToken("of " + mode, 1, "a");
        FencingToken later = new FencingToken("of " + mode, 1, "b");
        Cache<String, Integer> here = cluster.node(0).cache("fenced-" + mode, mode);
        Cache<String, Integer> there = cluster.node(1).cache("fenced-" + mode, mode);
        here.putFenced("k", 1, old);
        here.putFenced("k", 2, old);
        there.putFenced("k", 3, later);
        assertThatThrownBy(() -> here.putFenced("k", 4, old))
            .isInstanceOf(FencedException.class)
            .hasMessageContaining(old.toString())
            .hasMessageContaining(later.toString());
        assertThatThrownBy(() -> here.putFenced("untouched", 4, old))
            .isInstanceOf(FencedException.class);
        assertThat(there.get("k")).isEqualTo(3);
        assertThat(here.containsKey("untouched")).isFalse();
        there.remove("k");
        here.remove("k");
        assertThatThrownBy(() -> here.putFenced("k", 4, old)).isInstanceOf(FencedException.class);
        assertThat(here.putIfAbsent("k", 5)).isNull();
      }
    }
  }

  @Test
  void neitherClearNorDestroyForgets() {
    try (Cluster cluster = Cluster.local()) {
      Cache<String, Integer> cache = cluster.cache("fenced");
      cache.putFenced("k", 1, NEW);
      cache.clear();
      assertThatThrownBy(() -> cache.putFenced("k", 2, OLD)).isInstanceOf(FencedException.class);
      cache.destroy();
      Cache<String, Integer> anew = cluster.cache("fenced");
      assertThatThrownBy(() -> anew.putFenced("k", 2, OLD)).isInstanceOf(FencedException.class);
      anew.putFenced("k", 2, new FencingToken("another", 1, "a"));
      assertThat(anew.get("k")).isEqualTo(2);
    }
  }
}
