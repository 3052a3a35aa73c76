/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.spring;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.springframework.cache.Cache;
import org.springframework.cache.CacheManager;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;

/** Spring's contract of a cache, on one member. */
class SpringCacheTest {
  private final Cluster cluster = Cluster.local();
  private final MemogridCacheManager manager = new MemogridCacheManager(cluster);

  @AfterEach
  void close() {
    manager.destroy();
    cluster.close();
  }

  @Test
  void nullIsAValue() {
    Cache cache = manager.getCache("c");
    cache.put("a", null);
    assertThat(cache.get("a")).isNotNull().extracting(Cache.ValueWrapper::get).isNull();
    assertThat(cache.get("b")).isNull();
    assertThat(requireNonNull(cache.putIfAbsent("a", 1)).get()).isNull();
    assertThat(cache.retrieve("b")).isNull();
    assertThat(requireNonNull(cache.retrieve("a")).join()).isInstanceOf(Cache.ValueWrapper.class);
  }

  @Test
  void aLoadThatFailsIsItsCallersAndNothingIsKept() {
    Cache cache = manager.getCache("c");
    assertThatThrownBy(
            () ->
                cache.get(
                    "a",
                    () -> {
                      throw new IOException("no");
                    }))
        .isInstanceOf(Cache.ValueRetrievalException.class)
        .hasCauseInstanceOf(IOException.class);
    CompletableFuture<Object> later =
        cache.retrieve("a", () -> CompletableFuture.failedFuture(new IOException("no")));
    assertThatThrownBy(later::join)
        .isInstanceOf(CompletionException.class)
        .hasRootCauseInstanceOf(IOException.class);
    assertThat(cache.get("a")).isNull();
    assertThat(cache.get("a", () -> 7)).isEqualTo(7);
  }

  @Test
  void aLoadMayLoadAnother() {
    Cache cache = manager.getCache("c");
    Cache other = manager.getCache("d");
    assertThat(cache.get("a", () -> other.get("a", () -> cache.get("b", () -> 3)))).isEqualTo(3);
    assertThat(requireNonNull(cache.get("b")).get()).isEqualTo(3);
  }

  @Test
  void concurrentMissesLoadOnce() {
    Cache cache = manager.getCache("c");
    AtomicInteger runs = new AtomicInteger();
    CompletableFuture<Integer> gate = new CompletableFuture<>();
    CompletableFuture<Integer> first =
        cache.retrieve(
            "a",
            () -> {
              runs.incrementAndGet();
              return gate;
            });
    CompletableFuture<Integer> second =
        cache.retrieve("a", () -> CompletableFuture.completedFuture(runs.incrementAndGet()));
    gate.complete(42);
    // Whoever was first has decided for both.
    assertThat(first.join()).isEqualTo(second.join());
    assertThat(runs.get()).isEqualTo(1);
  }

  @Test
  void whatWasChangedWhileAValueWasLoadedStands() {
    Cache cache = manager.getCache("c");
    assertThat(
            cache.get(
                "a",
                () -> {
                  cache.evict("a");
                  return 1;
                }))
        .isEqualTo(1);
    assertThat(cache.get("a")).isNull();
    assertThat(
            cache.get(
                "a",
                () -> {
                  cache.put("a", 2);
                  return 1;
                }))
        .isEqualTo(1);
    assertThat(requireNonNull(cache.get("a")).get()).isEqualTo(2);
    assertThat(cache.<Integer>get("b", () -> 3)).isEqualTo(3);
    assertThat(requireNonNull(cache.get("b")).get()).isEqualTo(3);
  }

  @Test
  void twoApplicationsOfOneProcessShareACache() {
    MemogridCacheManager other = new MemogridCacheManager(cluster);
    assertThat(manager.getCache("c").get("a", () -> 1)).isEqualTo(1);
    assertThat(other.getCache("c").get("a", () -> 2)).isEqualTo(1);
    other.destroy();
    assertThat(manager.getCache("c").get("b", () -> 3)).isEqualTo(3);
  }

  @Test
  void optionsAreGivenByName() {
    manager.with("short", CacheOptions.of(Mode.REPLICATED).timeToLive(Duration.ofMinutes(1)));
    assertThat(manager.getCacheNames()).containsExactly("short");
    assertThat(manager.getCache("short").getNativeCache())
        .hasToString("Cache[short, REPLICATED timeToLive=PT1M]");
    assertThatThrownBy(() -> manager.with("short", CacheOptions.of(Mode.LOCAL)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("'short' is open already");
  }

  @Configuration(proxyBeanMethods = false)
  @EnableCaching
  static class Caching {}

  @Test
  void bootFindsTheManagerAndAnApplicationsOwnWins() throws IOException {
    try (InputStream listed =
        requireNonNull(
            getClass()
                .getResourceAsStream(
                    "/META-INF/spring/"
                        + "org.springframework.boot.autoconfigure.AutoConfiguration.imports"))) {
      assertThat(new String(listed.readAllBytes(), StandardCharsets.UTF_8))
          .contains(MemogridCacheAutoConfiguration.class.getName());
    }
    try (AnnotationConfigApplicationContext app = new AnnotationConfigApplicationContext()) {
      app.registerBean("cluster", Cluster.class, () -> cluster, d -> d.setDestroyMethodName(""));
      app.register(Caching.class, MemogridCacheAutoConfiguration.class);
      app.refresh();
      assertThat(app.getBean(CacheManager.class)).isInstanceOf(MemogridCacheManager.class);
      assertThat(app.getBean(Cluster.class)).isSameAs(cluster);
    }
    try (AnnotationConfigApplicationContext app = new AnnotationConfigApplicationContext()) {
      app.registerBean("cluster", Cluster.class, () -> cluster, d -> d.setDestroyMethodName(""));
      app.registerBean("own", CacheManager.class, () -> manager, d -> d.setDestroyMethodName(""));
      app.register(Caching.class, MemogridCacheAutoConfiguration.class);
      app.refresh();
      assertThat(app.getBeansOfType(CacheManager.class)).containsOnlyKeys("own");
    }
  }
}
