/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.spring;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Cluster;
import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.cache.Cache;
import org.springframework.cache.CacheManager;
import org.springframework.cache.annotation.CachingConfigurer;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.cache.concurrent.ConcurrentMapCacheManager;
import org.springframework.cache.support.NoOpCacheManager;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Spring Boot gets a cluster only where it is wanted, and closes none that others use. */
class BootWantedTest {
  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  @EnableCaching
  static class Caching {}

  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  static class NotCaching {}

  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  @EnableCaching
  static class OwnManager {
    @Bean
    CacheManager own() {
      return new ConcurrentMapCacheManager();
    }
  }

  /** As with Boot's own caching, which makes such a manager of the setting. */
  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  @EnableCaching
  static class AnotherKind {
    @Bean
    CachingConfigurer configurer() {
      return new CachingConfigurer() {
        @Override
        public CacheManager cacheManager() {
          return new NoOpCacheManager();
        }
      };
    }
  }

  @BeforeEach
  void stayAlone() {
    System.setProperty("memogrid.cluster", "none");
  }

  @AfterEach
  void close() {
    Cluster.shared().close();
    System.clearProperty("memogrid.cluster");
  }

  private static ConfigurableApplicationContext start(Class<?> app, String... settings) {
    SpringApplication application = new SpringApplication(app);
    application.setRegisterShutdownHook(false);
    application.setBannerMode(Banner.Mode.OFF);
    return application.run(settings);
  }

  private static void joinsNothing(Class<?> app, String... settings) {
    try (ConfigurableApplicationContext started = start(app, settings)) {
      assertThat(started.getBeansOfType(Cluster.class)).isEmpty();
      assertThat(started.getBeansOfType(MemogridCacheManager.class)).isEmpty();
    }
  }

  @Test
  void anApplicationWithoutCachingJoinsNothing() {
    joinsNothing(NotCaching.class);
  }

  @Test
  void anApplicationWithACacheManagerOfItsOwnJoinsNothing() {
    joinsNothing(OwnManager.class);
  }

  @Test
  void anApplicationThatNamesAnotherKindOfCacheJoinsNothing() {
    joinsNothing(AnotherKind.class, "--spring.cache.type=none");
  }

  @Test
  void whoEndsLeavesTheClusterToTheOthersOfItsProcess() {
    try (ConfigurableApplicationContext stays = start(Caching.class)) {
      Cache cache = requireNonNull(stays.getBean(CacheManager.class).getCache("c"));
      assertThat(cache).isInstanceOf(GridSpringCache.class);
      cache.put("k", 1);
      start(Caching.class).close();
      assertThat(cache.get("k", Integer.class)).isEqualTo(1);
    }
  }
}
