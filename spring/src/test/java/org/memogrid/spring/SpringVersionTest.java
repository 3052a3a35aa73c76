/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.spring;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.cache.jcache.config.JCacheConfigurer;
import org.springframework.core.SpringVersion;

/** The build runs these tests on two generations of Spring: each run is on the one it says. */
class SpringVersionTest {
  @Test
  void theseTestsRunOnTheSpringThatTheBuildSays() {
    String wanted = System.getProperty("memogrid.test.spring", SpringVersion.getVersion());
    assertThat(SpringVersion.getVersion()).isEqualTo(wanted);
    for (Class<?> each : new Class<?>[] {EnableCaching.class, JCacheConfigurer.class}) {
      assertThat(each.getProtectionDomain().getCodeSource().getLocation().getPath())
          .endsWith("-" + wanted + ".jar");
    }
  }
}
