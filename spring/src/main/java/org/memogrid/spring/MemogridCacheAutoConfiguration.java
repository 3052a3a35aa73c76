/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.spring;

import org.memogrid.cluster.Cluster;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.cache.CacheManager;
import org.springframework.context.annotation.Bean;

/**
 * Spring Boot finds this: a {@link MemogridCacheManager} on {@link Cluster#shared()}, unless the
 * application has a cache manager, and on the application's cluster if it has one. Caching itself
 * is switched on by the application's {@code @EnableCaching}.
 */
@AutoConfiguration(
    beforeName = "org.springframework.boot.cache.autoconfigure.CacheAutoConfiguration")
public class MemogridCacheAutoConfiguration {
  /** For Spring. */
  public MemogridCacheAutoConfiguration() {}

  /** The process's own cluster, left when the application ends. */
  @Bean(destroyMethod = "close")
  @ConditionalOnMissingBean
  public Cluster memogridCluster() {
    return Cluster.shared();
  }

  /** The manager that {@code @Cacheable} uses. */
  @Bean
  @ConditionalOnMissingBean(CacheManager.class)
  public MemogridCacheManager memogridCacheManager(Cluster cluster) {
    return new MemogridCacheManager(cluster);
  }
}
