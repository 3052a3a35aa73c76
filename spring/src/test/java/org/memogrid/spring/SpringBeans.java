/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.spring;

import java.util.concurrent.atomic.AtomicInteger;
import javax.cache.annotation.BeanProvider;
import manager.CacheNameOnEachMethodBlogManagerImpl;
import manager.ClassLevelCacheConfigBlogManagerImpl;
import manager.UsingDefaultCacheNameBlogManagerImpl;
import org.memogrid.cluster.Cluster;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Where the JSR's tests find what they test. Without it they all pass. */
public final class SpringBeans implements BeanProvider {
  static final AtomicInteger ASKED = new AtomicInteger();

  private final AnnotationConfigApplicationContext app =
      new AnnotationConfigApplicationContext(
          App.class,
          CacheNameOnEachMethodBlogManagerImpl.class,
          ClassLevelCacheConfigBlogManagerImpl.class,
          UsingDefaultCacheNameBlogManagerImpl.class);

  @Override
  public <T> T getBeanByType(Class<T> type) {
    ASKED.incrementAndGet();
    return app.getBean(type);
  }

  /** Classes, as the tests ask for them, and not interfaces. */
  @Configuration
  @EnableCaching(proxyTargetClass = true)
  static class App {
    @Bean
    Cluster cluster() {
      return Cluster.local();
    }

    @Bean
    MemogridCacheManager cacheManager(Cluster cluster) {
      return new MemogridCacheManager(cluster);
    }
  }
}
