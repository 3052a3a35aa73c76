/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cdi;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.enterprise.inject.se.SeContainer;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.cache.CacheManager;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Cluster;
import org.memogrid.jcache.MemogridCachingProvider;

/**
 * A cache that an injection and an annotation name is created once:
 *
 * <ol>
 *   <li>The injection finds none and creates it.
 *   <li>Meanwhile an annotated method is called, which finds none either.
 *   <li>If it created one too, its caller would be told that there is one.
 * </ol>
 */
class OneCreationTest {
  /** As long as the second may take to come. It must not come at all. */
  private static final int PATIENCE_SECONDS = 2;

  private static final CountDownLatch FIRST = new CountDownLatch(1);
  private static final CountDownLatch BOTH = new CountDownLatch(2);

  /** As an injection names it. */
  @Clustered("prices")
  private static final class Named {}

  /** Its creation of a cache takes until another is under way. */
  static final class Slow {
    @Produces
    @ApplicationScoped
    CacheManager manager() {
      CacheManager real = MemogridCachingProvider.managerOn(Cluster.local());
      return (CacheManager)
          Proxy.newProxyInstance(
              Slow.class.getClassLoader(),
              new Class<?>[] {CacheManager.class},
              (proxy, method, arguments) -> {
                if (method.getName().equals("createCache")) {
                  FIRST.countDown();
                  BOTH.countDown();
                  var unused = BOTH.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
                }
                try {
                  return method.invoke(real, arguments);
                } catch (InvocationTargetException e) {
                  throw requireNonNull(e.getCause());
                }
              });
    }
  }

  @Test
  void anInjectionAndAnAnnotationCreateOneCache() throws Exception {
    Clustered named = requireNonNull(Named.class.getAnnotation(Clustered.class));
    try (SeContainer container =
        Containers.of(Slow.class, Shop.class, Shop.Folding.class, Shop.Alphabet.class)) {
      CompletableFuture<String> injected =
          CompletableFuture.supplyAsync(
              () ->
                  container
                      .select(Grid.class)
                      .get()
                      .standard(named, Object.class, Object.class)
                      .getName());
      assertThat(FIRST.await(60, TimeUnit.SECONDS)).isTrue();

      int price = container.select(Shop.class).get().price("apple");

      assertThat(price).isPositive();
      assertThat(injected.get(60, TimeUnit.SECONDS)).isEqualTo("prices");
    }
  }
}
