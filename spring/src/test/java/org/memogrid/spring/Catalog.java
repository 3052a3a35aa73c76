/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.spring;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Cluster;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** An application of the usual kind: a slow service behind an annotation. */
public class Catalog {
  static final AtomicInteger RUNS = new AtomicInteger();
  static final CountDownLatch SUPPLIER = new CountDownLatch(1);

  /** Asks a supplier, who takes his time. */
  @Cacheable(cacheNames = "prices", sync = true)
  public Integer price(String sku) {
    RUNS.incrementAndGet();
    try {
      if (!SUPPLIER.await(60, TimeUnit.SECONDS)) {
        throw new IllegalStateException("the supplier did not answer");
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    return sku.length();
  }

  /** The same without waiting. */
  @Cacheable(cacheNames = "prices", sync = true)
  public CompletableFuture<Integer> priceLater(String sku) {
    return CompletableFuture.supplyAsync(() -> price(sku));
  }

  /** Has none. */
  @Cacheable(cacheNames = "names", sync = true)
  public @Nullable String name(String sku) {
    RUNS.incrementAndGet();
    return null;
  }

  /** The price has changed. */
  @CacheEvict("prices")
  public void changed(String sku) {}

  /** The application. */
  @Configuration
  @EnableCaching
  public static class App {
    /** The service. */
    @Bean
    public Catalog catalog() {
      return new Catalog();
    }

    /** The cache. */
    @Bean
    public MemogridCacheManager cacheManager(Cluster cluster) {
      return new MemogridCacheManager(cluster);
    }
  }

  /** Starts the application on a cluster. */
  static AnnotationConfigApplicationContext start(Cluster cluster) {
    AnnotationConfigApplicationContext app = new AnnotationConfigApplicationContext();
    app.registerBean("cluster", Cluster.class, () -> cluster);
    app.register(App.class);
    app.refresh();
    return app;
  }
}
