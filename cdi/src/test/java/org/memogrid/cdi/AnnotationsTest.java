/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cdi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.enterprise.inject.se.SeContainer;
import java.io.IOException;
import java.math.RoundingMode;
import javax.cache.Cache;
import javax.cache.CacheManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the JSR's own tests of its annotations leave out. */
class AnnotationsTest {
  private final SeContainer container =
      Containers.of(Containers.Local.class, Shop.class, Shop.Folding.class, Shop.Alphabet.class);
  private final Shop shop = container.select(Shop.class).get();

  @AfterEach
  void close() {
    container.close();
  }

  private static int runs(Call call) throws Exception {
    int before = Shop.RUNS.get();
    call.run();
    return Shop.RUNS.get() - before;
  }

  private interface Call {
    void run() throws Exception;
  }

  private Cache<Object, Object> cache(String name) {
    Cache<Object, Object> cache = container.select(CacheManager.class).get().getCache(name);
    return java.util.Objects.requireNonNull(cache, name);
  }

  @Test
  void whatIsPutIsTheResultFromThenOn() throws Exception {
    shop.set("apple", 7);

    assertThat(runs(() -> assertThat(shop.price("apple")).isEqualTo(7))).isZero();

    shop.set("apple", 8);
    assertThat(shop.price("apple")).isEqualTo(8);
  }

  @Test
  void aPutBeforeTheCallStandsThoughTheCallFails() {
    assertThatThrownBy(() -> shop.setFirst("pear", 7)).hasMessage("no such article: pear");

    assertThat(shop.price("pear")).isEqualTo(7);
  }

  @Test
  void aPutAfterTheCallIsDoneForTheFailuresThatItNames() throws Exception {
    assertThatThrownBy(() -> shop.setUnless("fig", 7, new IllegalStateException("closed")))
        .hasMessage("closed");
    assertThat(runs(() -> assertThat(shop.price("fig")).isNotEqualTo(7))).isEqualTo(1);

    assertThatThrownBy(() -> shop.setUnless("date", 7, new Shop.Warning()))
        .isInstanceOf(Shop.Warning.class);
    assertThat(runs(() -> assertThat(shop.price("date")).isEqualTo(7))).isZero();
  }

  @Test
  void removalsHaveTheMethodRunAgain() throws Exception {
    var unused = shop.price("plum") + shop.price("lime");
    shop.forget("plum");
    assertThat(runs(() -> shop.price("plum"))).isEqualTo(1);
    assertThat(runs(() -> shop.price("lime"))).isZero();

    assertThatThrownBy(() -> shop.forgetFor("plum", new IllegalStateException("closed")))
        .hasMessage("closed");
    assertThat(runs(() -> shop.price("plum"))).isZero();
    assertThatThrownBy(() -> shop.forgetFor("plum", new Shop.Warning()))
        .isInstanceOf(Shop.Warning.class);
    assertThat(runs(() -> shop.price("plum"))).isEqualTo(1);

    shop.forgetAll();
    assertThat(runs(() -> shop.price("lime"))).isEqualTo(1);
  }

  @Test
  void whatWasChangedWhileTheMethodRanStands() throws Exception {
    Shop.clerk = () -> shop.sold("apple");
    assertThat(shop.counted("apple")).isEqualTo(1);
    assertThat(cache("stocks")).isEmpty();

    Shop.clerk = shop::closed;
    assertThat(shop.counted("apple")).isEqualTo(1);
    assertThat(cache("stocks")).isEmpty();

    Shop.clerk = () -> shop.sold("");
    assertThat(runs(() -> assertThatThrownBy(() -> shop.counted("")).hasMessage("no article")))
        .isEqualTo(1);
    assertThat(cache("stocks-failures")).isEmpty();

    Shop.clerk = () -> shop.delivered("apple", 2);
    assertThat(shop.counted("apple")).isEqualTo(1);
    assertThat(runs(() -> assertThat(shop.counted("apple")).isEqualTo(2))).isZero();

    Shop.clerk = () -> {};
    shop.sold("apple");
    assertThat(shop.counted("apple")).isEqualTo(1);
    assertThat(runs(() -> shop.counted("apple"))).isZero();
  }

  @Test
  void aSkippedGetRunsAndIsStored() throws Exception {
    int first = shop.price("kiwi");

    assertThat(runs(() -> assertThat(shop.priceToday("kiwi")).isNotEqualTo(first))).isEqualTo(1);
    assertThat(runs(() -> assertThat(shop.price("kiwi")).isNotEqualTo(first))).isZero();
  }

  @Test
  void failuresThatAreNamedAreRememberedAndOthersAreNot() throws Exception {
    assertThat(runs(() -> failsTwice("unknown", IllegalArgumentException.class))).isEqualTo(1);
    assertThat(runs(() -> failsTwice("unreadable", NumberFormatException.class))).isEqualTo(2);
    assertThat(runs(() -> failsTwice("offline", IOException.class))).isEqualTo(2);

    cache("stock-failures").clear();
    assertThat(runs(() -> failsTwice("unknown", IllegalArgumentException.class))).isEqualTo(1);
    assertThat(cache("stock")).isEmpty();
  }

  private void failsTwice(String sku, Class<? extends Exception> failure) {
    assertThatThrownBy(() -> shop.stock(sku)).isExactlyInstanceOf(failure);
    assertThatThrownBy(() -> shop.stock(sku)).isExactlyInstanceOf(failure);
  }

  @Test
  void nullIsNotStored() throws Exception {
    assertThat(
            runs(
                () -> {
                  assertThat(shop.name("apple")).isNull();
                  assertThat(shop.name("apple")).isNull();
                }))
        .isEqualTo(2);
    assertThat(cache("names")).isEmpty();
  }

  @Test
  void theKeyIsWhatTheParametersSay() {
    assertThat(shop.label("apple", "English")).isEqualTo(shop.label("apple", "French"));
    assertThat(shop.label("apple", "English")).isNotEqualTo(shop.label("pear", "English"));
    assertThat(shop.rounded(RoundingMode.UP, "a", "b"))
        .isEqualTo(shop.rounded(RoundingMode.UP, "a", "b"))
        .isNotEqualTo(shop.rounded(RoundingMode.UP, "b", "a"))
        .isNotEqualTo(shop.rounded(RoundingMode.DOWN, "a", "b"));
  }

  @Test
  void aGeneratorOfKeysMayBeABean() {
    assertThat(shop.folded("Apple")).isEqualTo(shop.folded("aPPLE")).isNotEqualTo(shop.folded("b"));
    assertThat(cache("folded").containsKey(new Shop.Folded("apple"))).isTrue();
  }
}
