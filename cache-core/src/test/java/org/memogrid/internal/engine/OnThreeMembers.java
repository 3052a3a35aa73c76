/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Member;

/** Tests of the clustered store under the cache's policy, on three members of one JVM. */
abstract class OnThreeMembers {
  static final Duration SECOND = Duration.ofSeconds(1);

  static SerialCodec codec;
  static LoopCluster cluster;

  @BeforeAll
  static void join() {
    codec = new SerialCodec();
    cluster = new LoopCluster(codec, 3);
  }

  @AfterAll
  static void leave() {
    cluster.close();
  }

  static <K, V> Cache<K, V> at(int member, String name, CacheOptions options) {
    return cluster.caches(member).cache(name + "-" + options.mode(), options);
  }

  static <K, V> Cache<K, V> at(int member, String name, Mode mode) {
    return at(member, name, CacheOptions.of(mode));
  }

  static int memberOf(Member member) {
    for (int i = 0; i < 3; i++) {
      if (cluster.node(i).self().equals(member)) {
        return i;
      }
    }
    throw new AssertionError(member);
  }
}
