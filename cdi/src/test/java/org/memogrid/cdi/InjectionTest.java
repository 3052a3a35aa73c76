/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cdi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.context.Dependent;
import jakarta.enterprise.inject.Produces;
import jakarta.enterprise.inject.se.SeContainer;
import jakarta.inject.Inject;
import java.util.function.Function;
import javax.cache.CacheManager;
import javax.cache.configuration.MutableConfiguration;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.jcache.MemogridConfiguration;
import org.memogrid.memo.Memo;

class InjectionTest {
  @Dependent
  static class Wishes {
    @Inject
    @Clustered("prices")
    javax.cache.Cache<String, Integer> prices;

    @Inject CacheManager manager;

    @Inject
    @Clustered(value = "users", mode = Mode.REPLICATED)
    Cache<String, Integer> users;

    @Inject
    @Clustered("sleepy")
    Memo<Integer, Integer> sleepy;

    @Inject
    @Clustered(value = "prices", mode = Mode.DISTRIBUTED)
    javax.cache.Cache<String, Integer> again;
  }

  @ApplicationScoped
  @Clustered(value = "sleepy", mode = Mode.REPLICATED)
  static class Sleepy implements Function<Integer, Integer> {
    @Inject private Step step;

    @Override
    public Integer apply(Integer t) {
      return t + step.size();
    }
  }

  @ApplicationScoped
  static class Step {
    int size() {
      return 1;
    }
  }

  @Test
  void cachesManagerAndMemoAreInjected() {
    Wishes wishes;
    try (SeContainer container =
        Containers.of(Containers.Local.class, Wishes.class, Sleepy.class, Step.class)) {
      wishes = container.select(Wishes.class).get();
      Cluster cluster = container.select(Cluster.class).get();

      wishes.prices.put("apple", 5);
      wishes.users.put("eve", 6);
      assertThat(wishes.again.get("apple")).isEqualTo(5);
      assertThat(wishes.manager.getCache("prices", String.class, Integer.class))
          .isSameAs(wishes.prices);
      assertThat(cluster.<String, Integer>cache("users", Mode.REPLICATED).get("eve")).isEqualTo(6);
      assertThat(wishes.sleepy.apply(5)).isEqualTo(6);
      assertThat(wishes.sleepy.mode()).isEqualTo(Mode.REPLICATED);
      assertThat(container.select(Wishes.class).get().sleepy).isSameAs(wishes.sleepy);
    }
    assertThat(wishes.prices.isClosed()).isTrue();
    assertThatThrownBy(() -> wishes.sleepy.apply(6)).isInstanceOf(IllegalStateException.class);
  }

  @Dependent
  static class WithoutFunction {
    @Inject
    @Clustered("missing")
    Memo<Integer, Integer> missing;
  }

  @Test
  void aMemoWithoutAFunctionIsRefusedAtTheStart() {
    assertThatThrownBy(() -> Containers.of(Containers.Local.class, WithoutFunction.class))
        .hasMessageContaining("memo 'missing'")
        .hasMessageContaining("@Clustered(\"missing\")");
  }

  @ApplicationScoped
  @Clustered("missing")
  static class One implements Function<Integer, Integer> {
    @Override
    public Integer apply(Integer t) {
      return t;
    }
  }

  @ApplicationScoped
  @Clustered("missing")
  static class Other extends One {}

  @Test
  void twoFunctionsOfOneMemoAreRefused() {
    try (SeContainer container =
        Containers.of(Containers.Local.class, WithoutFunction.class, One.class, Other.class)) {
      assertThatThrownBy(() -> container.select(WithoutFunction.class).get())
          .hasStackTraceContaining("memo 'missing' has several functions");
    }
  }

  @Dependent
  static class OtherTypes {
    @Inject
    @Clustered("prices")
    javax.cache.Cache<String, String> prices;
  }

  @Dependent
  static class OtherMode {
    @Inject
    @Clustered(value = "prices", mode = Mode.REPLICATED)
    javax.cache.Cache<String, Integer> prices;
  }

  @Dependent
  static class TwoModes {
    @Inject
    @Clustered(
        value = "prices",
        mode = {Mode.LOCAL, Mode.REPLICATED})
    javax.cache.Cache<String, Integer> prices;
  }

  @Test
  void aCacheThatIsThereAndDoesNotAgreeIsRefused() {
    try (SeContainer container =
        Containers.of(Containers.Local.class, OtherTypes.class, OtherMode.class, TwoModes.class)) {
      var unused =
          container
              .select(CacheManager.class)
              .get()
              .createCache(
                  "prices",
                  new MemogridConfiguration<String, Integer>(Mode.LOCAL)
                      .setTypes(String.class, Integer.class));

      assertThatThrownBy(() -> container.select(OtherTypes.class).get())
          .hasStackTraceContaining("cache 'prices' has the types java.lang.String and")
          .hasStackTraceContaining("java.lang.Integer, and is injected with");
      assertThatThrownBy(() -> container.select(OtherMode.class).get())
          .hasStackTraceContaining("cache 'prices' is LOCAL, and is injected as REPLICATED");
      assertThatThrownBy(() -> container.select(TwoModes.class).get())
          .hasStackTraceContaining("names several modes: name one, or none");
    }
  }

  /** An application that has a manager of its own. */
  @ApplicationScoped
  static class OwnManager {
    static final CacheManager MANAGER =
        org.memogrid.jcache.MemogridCachingProvider.managerOn(Cluster.local());

    @Produces
    CacheManager manager() {
      return MANAGER;
    }
  }

  @Dependent
  static class Simple {
    @Inject CacheManager manager;

    @Inject
    @Clustered("simple")
    javax.cache.Cache<String, Integer> simple;
  }

  @Test
  void theApplicationsOwnManagerIsUsed() {
    try (SeContainer container = Containers.of(OwnManager.class, Simple.class)) {
      Simple simple = container.select(Simple.class).get();

      assertThat(simple.manager).isSameAs(OwnManager.MANAGER);
      assertThat(simple.simple.getCacheManager()).isSameAs(OwnManager.MANAGER);
    }
    assertThat(OwnManager.MANAGER.isClosed()).as("it is the application's").isFalse();
    OwnManager.MANAGER.close();
  }

  @Test
  void aCacheOfNoTypesIsInjectedAsWhateverIsAskedFor() {
    try (SeContainer container = Containers.of(Containers.Local.class, Simple.class)) {
      CacheManager manager = container.select(CacheManager.class).get();
      var unused = manager.createCache("simple", new MutableConfiguration<>());

      javax.cache.Cache<String, Integer> simple = container.select(Simple.class).get().simple;

      simple.put("apple", 5);
      assertThat(manager.getCache("simple").get("apple")).isEqualTo(5);
    }
  }
}
