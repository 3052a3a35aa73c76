/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.spring;

import org.memogrid.cluster.Cluster;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.cache.CacheManager;
import org.springframework.cache.interceptor.CacheAspectSupport;
import org.springframework.context.annotation.Bean;

/**
 * Spring Boot finds this: a {@link MemogridCacheManager} on the application's cluster, or on {@link
 * Cluster#shared()} if it has none. Only where it is wanted: the application says {@code
 * EnableCaching}, has no cache manager, and names no other by {@code spring.cache.type}. Otherwise
 * nothing is joined.
 */
@AutoConfiguration(
    beforeName = {
      "org.springframework.boot.cache.autoconfigure.CacheAutoConfiguration", // of Boot 4
      "org.springframework.boot.autoconfigure.cache.CacheAutoConfiguration" // of Boot 3.5
    })
@ConditionalOnBean(CacheAspectSupport.class)
@ConditionalOnMissingBean(CacheManager.class)
@ConditionalOnProperty(name = "spring.cache.type", havingValue = "memogrid", matchIfMissing = true)
public class MemogridCacheAutoConfiguration {
  /** For Spring. */
  public MemogridCacheAutoConfiguration() {}

  /** The process's own cluster, which ends with the process: others may be using it. */
  @Bean(destroyMethod = "")
  @ConditionalOnMissingBean
  public Cluster memogridCluster() {
    return Cluster.shared();
  }

  /** The manager that {@code @Cacheable} uses. */
  @Bean
  public MemogridCacheManager memogridCacheManager(Cluster cluster) {
    return new MemogridCacheManager(cluster);
  }
}
