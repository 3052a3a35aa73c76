/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.spring;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Cluster;
import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.cache.CacheManager;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.cache.concurrent.ConcurrentMapCacheManager;
import org.springframework.cache.support.NoOpCacheManager;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

/** Boot's own auto-configuration of caches beside ours: one of the two makes the manager. */
class BootCachingTest {
  /** Of Boot 4, in an artifact of its own, and of Boot 3.5. */
  private static final List<String> BOOTS =
      List.of(
          "org.springframework.boot.cache.autoconfigure.CacheAutoConfiguration",
          "org.springframework.boot.autoconfigure.cache.CacheAutoConfiguration");

  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  @EnableCaching
  static class Caching {}

  @BeforeEach
  void stayAlone() {
    System.setProperty("memogrid.cluster", "none");
  }

  @AfterEach
  void close() {
    Cluster.shared().close();
    System.clearProperty("memogrid.cluster");
  }

  private static ConfigurableApplicationContext start(String... settings) {
    SpringApplication application = new SpringApplication(Caching.class);
    application.setRegisterShutdownHook(false);
    application.setBannerMode(Banner.Mode.OFF);
    return application.run(settings);
  }

  @Test
  void oursMakesTheManagerAndBootsStandsBack() {
    try (ConfigurableApplicationContext app = start()) {
      assertThat(app.getBeansOfType(CacheManager.class).values())
          .singleElement()
          .isInstanceOf(MemogridCacheManager.class);
      assertThat(app.getBeanDefinitionNames()).doesNotContainAnyElementsOf(BOOTS);
    }
    try (ConfigurableApplicationContext app = start("--spring.cache.type=memogrid")) {
      assertThat(app.getBean(CacheManager.class)).isInstanceOf(MemogridCacheManager.class);
    }
  }

  @Test
  void whoNamesAnotherKindGetsThatFromBootAndJoinsNothing() {
    try (ConfigurableApplicationContext app = start("--spring.cache.type=simple")) {
      assertThat(app.getBean(CacheManager.class)).isInstanceOf(ConcurrentMapCacheManager.class);
      assertThat(app.getBeansOfType(Cluster.class)).isEmpty();
    }
    try (ConfigurableApplicationContext app = start("--spring.cache.type=none")) {
      assertThat(app.getBean(CacheManager.class)).isInstanceOf(NoOpCacheManager.class);
      assertThat(app.getBeansOfType(Cluster.class)).isEmpty();
    }
  }
}
