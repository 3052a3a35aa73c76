/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.lang.ref.WeakReference;
import org.infinispan.AdvancedCache;
import org.infinispan.context.Flag;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.testkit.Await;

/** Which caches there are, when members differ about it and when one has ended. */
final class OptionsRegistryTest {
  private static final int MEMBERS = 3;

  private final LoopCluster cluster = new LoopCluster(new SerialCodec(), MEMBERS);

  @AfterEach
  void close() {
    cluster.close();
  }

  /** What a member leaves behind that dies while it writes, whoever orders the writes of a name. */
  private void takeFrom(int member, String name) {
    cluster
        .node(member)
        .manager()
        .getCache(OptionsRegistry.NAME)
        .getAdvancedCache()
        .withFlags(Flag.CACHE_MODE_LOCAL)
        .remove(name);
  }

  @Test
  void whoOpensACacheBringsMembersThatDifferToAgree() {
    for (int differs = 0; differs < MEMBERS; differs++) {
      String name = "opened" + differs;
      var unused = cluster.caches(0).cache(name, Mode.REPLICATED);
      takeFrom(differs, name);
      Cache<Integer, Integer> opened = cluster.caches(1).cache(name, Mode.REPLICATED);
      opened.put(1, 1);
      for (int member = 0; member < MEMBERS; member++) {
        assertThat(cluster.node(member).runs(name)).isTrue();
        assertThat(cluster.caches(member).<Integer, Integer>cache(name).get(1)).isEqualTo(1);
      }
    }
  }

  @Test
  void whoDestroysACacheBringsMembersThatDifferToAgree() {
    for (int differs = 0; differs < MEMBERS; differs++) {
      String name = "destroyed" + differs;
      Cache<Integer, Integer> opened =
          cluster.caches((differs + 1) % MEMBERS).cache(name, Mode.REPLICATED);
      takeFrom(differs, name);
      opened.destroy();
      for (int member = 0; member < MEMBERS; member++) {
        assertThat(cluster.node(member).runs(name)).isFalse();
        assertThat(cluster.caches(member).names()).doesNotContain(name);
      }
    }
  }

  /** All members have, when the call returns, and whoever had it open is told. */
  @Test
  void whatIsDestroyedHasEndedOnAllMembers() {
    Cache<Integer, Integer> first = cluster.caches(0).cache("c", Mode.REPLICATED);
    Cache<Integer, Integer> second = cluster.caches(1).cache("c", Mode.REPLICATED);
    first.put(1, 1);
    first.destroy();
    for (int member = 0; member < MEMBERS; member++) {
      assertThat(cluster.node(member).runs("c")).isFalse();
      assertThat(cluster.caches(member).names()).isEmpty();
    }
    assertThatIllegalStateException().isThrownBy(() -> second.get(1));
    Cache<Integer, Integer> anew = cluster.caches(2).cache("c", Mode.DISTRIBUTED);
    anew.put(2, 2);
    assertThat(cluster.caches(0).<Integer, Integer>cache("c").get(2)).isEqualTo(2);
    assertThat(cluster.caches(0).<Integer, Integer>cache("c").get(1)).isNull();
    assertThatIllegalStateException()
        .isThrownBy(second::destroy) // it is another that has the name now
        .withMessageContaining("was destroyed");
    assertThat(anew.get(2)).isEqualTo(2);
  }

  @Test
  void theEngineLetsGoOfWhatHasEnded() {
    WeakReference<?> engines = destroyed();
    Await.until(
        "the collection of what was destroyed",
        () -> {
          System.gc();
          return engines.refersTo(null);
        });
  }

  private WeakReference<?> destroyed() {
    Cache<Integer, Integer> cache = cluster.caches(0).cache("c", Mode.REPLICATED);
    cache.put(1, 1);
    WeakReference<?> engines = new WeakReference<>(cache.unwrap(AdvancedCache.class));
    cache.destroy();
    var unused = cluster.caches(0).cache("another", Mode.REPLICATED); // forgets the destroyed
    return engines;
  }

  @Test
  void eachLifeHasANameOfItsOwnThatHasTheCachesInIt() {
    CacheOptions options = CacheOptions.of(Mode.REPLICATED);
    for (String name : new String[] {"c", "a#b", "c#0123456789abcdef", "é ß"}) {
      Incarnation one = Incarnation.first(name, options);
      assertThat(Incarnation.cacheName(one.engineName())).isEqualTo(name);
      assertThat(one).isEqualTo(Incarnation.first(name, options));
      assertThat(one.engineName())
          .isNotEqualTo(one.next(options).engineName())
          .isNotEqualTo(Incarnation.first(name, options.maxEntries(1)).engineName());
    }
    assertThat(Incarnation.cacheName(OptionsRegistry.NAME)).isEqualTo(OptionsRegistry.NAME);
    assertThat(Incarnation.cacheName("org.infinispan.CONFIG")).isEqualTo("org.infinispan.CONFIG");
  }
}
