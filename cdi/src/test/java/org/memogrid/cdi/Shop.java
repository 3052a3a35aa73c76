/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cdi;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.lang.annotation.Annotation;
import java.math.RoundingMode;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.cache.annotation.CacheDefaults;
import javax.cache.annotation.CacheKey;
import javax.cache.annotation.CacheKeyGenerator;
import javax.cache.annotation.CacheKeyInvocationContext;
import javax.cache.annotation.CachePut;
import javax.cache.annotation.CacheRemove;
import javax.cache.annotation.CacheRemoveAll;
import javax.cache.annotation.CacheResult;
import javax.cache.annotation.CacheValue;
import javax.cache.annotation.GeneratedCacheKey;
import org.jspecify.annotations.Nullable;

/** A service with annotations of all kinds. Counts how often its methods really run. */
@ApplicationScoped
@CacheDefaults(cacheName = "prices")
class Shop {
  static final AtomicInteger RUNS = new AtomicInteger();
  static final CountDownLatch SUPPLIER = new CountDownLatch(1);

  @CacheResult
  public Integer price(String sku) {
    return RUNS.incrementAndGet() * 100 + sku.length();
  }

  @CacheResult(skipGet = true)
  public Integer priceToday(String sku) {
    return RUNS.incrementAndGet() * 100 + sku.length();
  }

  @CachePut
  public void set(String sku, @CacheValue Integer price) {
    RUNS.incrementAndGet();
  }

  /** Refused after its price was noted. */
  @CachePut(afterInvocation = false)
  public void setFirst(String sku, @CacheValue Integer price) {
    throw new IllegalStateException("no such article: " + sku);
  }

  /** Noted in spite of a warning, and not if it fails. */
  @CachePut(cacheFor = Warning.class)
  public void setUnless(
      @CacheKey String sku, @CacheValue Integer price, @Nullable RuntimeException failure) {
    if (failure != null) {
      throw failure;
    }
  }

  @CacheRemove
  public void forget(String sku) {}

  /** Forgets it only if it fails in this way. */
  @CacheRemove(evictFor = Warning.class)
  public void forgetFor(@CacheKey String sku, RuntimeException failure) {
    throw failure;
  }

  @CacheRemoveAll
  public void forgetAll() {}

  /** Fails, and is remembered for some failures. */
  @CacheResult(
      cacheName = "stock",
      exceptionCacheName = "stock-failures",
      cachedExceptions = IllegalArgumentException.class,
      nonCachedExceptions = NumberFormatException.class)
  public Integer stock(String sku) throws Exception {
    RUNS.incrementAndGet();
    switch (sku) {
      case "unknown" -> throw new IllegalArgumentException("no such article");
      case "unreadable" -> throw new NumberFormatException("no number");
      case "offline" -> throw new java.io.IOException("no connection");
      default -> {
        return sku.length();
      }
    }
  }

  @CacheResult(cacheName = "names")
  public @Nullable String name(String sku) {
    RUNS.incrementAndGet();
    return null;
  }

  /** Only the article is the key. */
  @CacheResult(cacheName = "labels")
  public String label(@CacheKey String sku, String language) {
    return sku + " in " + language + " " + RUNS.incrementAndGet();
  }

  @CacheResult(cacheName = "folded", cacheKeyGenerator = Folding.class)
  public int folded(String sku) {
    return RUNS.incrementAndGet();
  }

  @CacheResult(cacheName = "rounded")
  public int rounded(RoundingMode mode, String... skus) {
    return RUNS.incrementAndGet();
  }

  /** Asks a supplier, who takes his time. */
  @CacheResult(cacheName = "deliveries")
  public Integer days(RoundingMode mode, String sku) throws InterruptedException {
    RUNS.incrementAndGet();
    if (!SUPPLIER.await(60, TimeUnit.SECONDS)) {
      throw new IllegalStateException("the supplier did not answer");
    }
    return sku.length();
  }

  /** Asks a clerk, who may do something else first. */
  @CacheResult(cacheName = "stocks", exceptionCacheName = "stocks-failures")
  public Integer counted(String sku) {
    RUNS.incrementAndGet();
    clerk.run();
    if (sku.isEmpty()) {
      throw new IllegalArgumentException("no article");
    }
    return 1;
  }

  @CacheRemove(cacheName = "stocks")
  public void sold(String sku) {}

  @CacheRemoveAll(cacheName = "stocks")
  public void closed() {}

  @CachePut(cacheName = "stocks")
  public void delivered(String sku, @CacheValue Integer stock) {}

  static volatile Runnable clerk = () -> {};
  static final Semaphore ASKED = new Semaphore(0);

  static final class Warning extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  /** A bean, so that it may use others. */
  @ApplicationScoped
  static class Folding implements CacheKeyGenerator {
    @Inject private Alphabet alphabet;

    @Override
    public GeneratedCacheKey generateCacheKey(
        CacheKeyInvocationContext<? extends Annotation> call) {
      return new Folded(alphabet.fold(String.valueOf(call.getKeyParameters()[0].getValue())));
    }
  }

  record Folded(String name) implements GeneratedCacheKey {}

  @ApplicationScoped
  static class Alphabet {
    String fold(String name) {
      return name.toLowerCase(java.util.Locale.ROOT);
    }
  }
}
