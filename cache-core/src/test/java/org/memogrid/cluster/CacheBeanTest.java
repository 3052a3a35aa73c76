/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;

/** Caches in JMX. */
final class CacheBeanTest {
  private static final MBeanServer JMX = ManagementFactory.getPlatformMBeanServer();

  private static ObjectName named(String rest) throws JMException {
    return new ObjectName("org.memogrid:type=Cache,name=" + rest);
  }

  @Test
  void aCacheIsShownFromItsOpeningUntilItsMemberLeaves() throws JMException {
    ObjectName shown = named("bean-test");
    try (Cluster cluster = Cluster.local()) {
      assertThat(JMX.isRegistered(shown)).isFalse();
      Cache<String, Integer> cache =
          cluster.cache("bean-test", CacheOptions.of(Mode.LOCAL).maxEntries(10));
      cache.put("k", 1);
      assertThat(cache.get("k")).isEqualTo(1);
      assertThat(cache.get("other")).isNull();
      assertThat(JMX.getAttribute(shown, "Mode")).isEqualTo("LOCAL");
      assertThat(JMX.getAttribute(shown, "Options")).isEqualTo("LOCAL maxEntries=10");
      assertThat(JMX.getAttribute(shown, "Open")).isEqualTo(true);
      assertThat(JMX.getAttribute(shown, "Puts")).isEqualTo(1L);
      assertThat(JMX.getAttribute(shown, "Hits")).isEqualTo(1L);
      assertThat(JMX.getAttribute(shown, "Misses")).isEqualTo(1L);
      cache.destroy();
      assertThat(JMX.getAttribute(shown, "Open")).isEqualTo(false);
      cluster.cache("bean-test", Mode.LOCAL).put("k", 1);
      assertThat(JMX.getAttribute(shown, "Open")).isEqualTo(true);
      assertThat(JMX.getAttribute(shown, "Options")).isEqualTo("LOCAL");
    }
    assertThat(JMX.isRegistered(shown)).isFalse();
  }

  @Test
  void twoMembersOfOneProcessAreShownBothAndASignInANameIsQuoted() throws JMException {
    try (Cluster one = Cluster.local();
        Cluster two = Cluster.local()) {
      one.cache("bean=test", Mode.LOCAL).put("k", 1);
      var unused = two.cache("bean=test", Mode.LOCAL);
      assertThat(JMX.queryNames(named("\"bean=test\",*"), null)).hasSize(2);
      assertThat(JMX.getAttribute(named("\"bean=test\""), "Puts")).isEqualTo(1L);
    }
    assertThat(JMX.queryNames(named("\"bean=test\",*"), null)).isEmpty();
  }
}
