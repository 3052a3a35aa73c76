/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Cache;
import org.memogrid.cache.Mode;

/** The clustered store under the cache's policy, on three members of one JVM. */
final class ClusterStoreTest {

  private static SerialCodec codec;
  private static LoopCluster cluster;

  @BeforeAll
  static void join() {
    codec = new SerialCodec();
    cluster = new LoopCluster(codec, 3);
  }

  @AfterAll
  static void leave() {
    cluster.close();
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void whatOneMemberPutsAllOthersGet(Mode mode) {
    Cache<String, Integer> here = cluster.caches(0).cache("put-" + mode, mode);
    Cache<String, Integer> there = cluster.caches(1).cache("put-" + mode);
    assertThat(there.mode()).isEqualTo(mode);
    for (int i = 0; i < 50; i++) {
      here.put("k" + i, i);
    }
    for (int i = 0; i < 50; i++) {
      assertThat(there.get("k" + i)).isEqualTo(i);
    }
    assertThat(there.size()).isEqualTo(50);
    assertThat(there.entries().mapToInt(Map.Entry::getValue).sum()).isEqualTo(49 * 25);
    assertThat(there.putIfAbsent("k1", 7)).isEqualTo(1);
    assertThat(there.putIfAbsent("new", 7)).isNull();
    assertThat(here.replace("new", 7, 8)).isTrue();
    assertThat(here.replace("new", 7, 9)).isFalse();
    assertThat(there.remove("new", 7)).isFalse();
    assertThat(there.remove("new", 8)).isTrue();
    assertThat(here.get("new")).isNull();
    assertThat(there.getAll(List.of("k1", "k2", "none"))).isEqualTo(Map.of("k1", 1, "k2", 2));
    there.clear();
    assertThat(here.size()).isZero();
  }
}
