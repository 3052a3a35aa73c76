/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.ConcurrentMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;

/** What the views of a cache cost: who walks over all entries, and lets go of them afterwards. */
final class CacheMapTest {
  private final Cluster cluster = Cluster.local();
  private int walks;
  private int open;
  private ConcurrentMap<String, Integer> map;

  @BeforeEach
  @SuppressWarnings("unchecked")
  void fill() {
    Cache<String, Integer> cache = cluster.cache("walked", Mode.LOCAL);
    cache.putAll(Map.of("a", 1, "b", 2, "c", 3));
    Cache<String, Integer> watched =
        (Cache<String, Integer>)
            Proxy.newProxyInstance(
                Cache.class.getClassLoader(),
                new Class<?>[] {Cache.class},
                (proxy, method, args) -> {
                  if (method.getName().equals("entries")) {
                    return walk(cache);
                  }
                  try {
                    return method.invoke(cache, args);
                  } catch (InvocationTargetException e) {
                    throw e.getCause();
                  }
                });
    map = new CacheMap<>(watched);
  }

  private Stream<Map.Entry<String, Integer>> walk(Cache<String, Integer> cache) {
    walks++;
    open++;
    return cache.entries().onClose(() -> open--);
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  @Test
  void aKeyIsRemovedWithoutAWalk() {
    assertThat(map.keySet().remove("a")).isTrue();
    assertThat(map.keySet().remove("a")).isFalse();
    assertThat(map.keySet().contains("b")).isTrue();
    assertThat(map.entrySet().remove(entry("b", 3))).isFalse();
    assertThat(map.entrySet().remove(entry("b", 2))).isTrue();
    assertThat(walks).isZero();
    assertThat(map).containsOnlyKeys("c");
  }

  @Test
  void aWalkThatIsAtItsEndIsClosed() {
    Iterator<Map.Entry<String, Integer>> entries = map.entrySet().iterator();
    for (int i = 0; i < 3; i++) {
      assertThat(entries.next()).isNotNull();
      assertThat(open).isEqualTo(1);
    }
    assertThat(entries.hasNext()).isFalse();
    assertThat(open).isZero();
    assertThat(entries.hasNext()).isFalse();
    map.keySet().forEach(key -> assertThat(open).isEqualTo(1));
    map.forEach((key, value) -> assertThat(open).isEqualTo(1));
    map.replaceAll((key, value) -> value + 10);
    assertThat(map.values().contains(11)).isTrue();
    assertThat(open).isZero();
  }

  @Test
  void whatEndsEarlyIsClosedToo() {
    Map<String, Integer> other = new HashMap<>(Map.of("x", 1, "y", 2, "z", 3));
    assertThat(map.equals(other)).isFalse();
    assertThat(map.containsValue(2)).isTrue();
    assertThat(map.values().remove(2)).isTrue();
    assertThat(map.values().remove(2)).isFalse();
    assertThat(walks).isEqualTo(4);
    assertThat(open).isZero();
  }
}
