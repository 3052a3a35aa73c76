/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Mode;

/** Hits that look at no entry: whose, until when, and that nothing is missed by it. */
@Timeout(120)
class NearValueTest {
  @RegisterExtension private static final Members members = new Members();

  private static final Duration MINUTE = Duration.ofMinutes(1);

  private final AtomicInteger price = new AtomicInteger(1);

  private static @Nullable Object kept(Memo<String, Integer> memo, String key) {
    return ((MemoHandle<String, Integer>) memo).node().nearValue(key);
  }

  /** Has every member of a key's result that can keep its value do so; says on how many it is. */
  private static int used(List<Memo<String, Integer>> memos, String key, int value) {
    int kept = 0;
    for (Memo<String, Integer> memo : memos) {
      for (int time = 0; time < 4; time++) {
        assertThat(memo.apply(key)).isEqualTo(value);
        Members.stored(memo, key, value);
      }
      kept += kept(memo, key) == null ? 0 : 1;
    }
    return kept;
  }

  private List<Memo<String, Integer>> open(
      Mode mode, UnaryOperator<MemoBuilder<String, Integer>> options) {
    Function<String, Integer> fn = key -> price.get();
    return members.open(mode, fn, options);
  }

  @ParameterizedTest
  @EnumSource
  void itIsFoundUntilItsKeyIsInvalidatedAnywhere(Mode mode) {
    List<Memo<String, Integer>> prices = open(mode, b -> b);
    int holders = mode == Mode.DISTRIBUTED ? 2 : prices.size();
    for (int round = 1; round < 4; round++) {
      price.set(round);
      assertThat(used(prices, "a", round)).isEqualTo(holders);
      assertThat(used(prices, "b", round)).isEqualTo(holders);
      long hits = prices.get(0).stats().hits();
      assertThat(prices.get(0).apply("a")).isEqualTo(round);
      assertThat(prices.get(0).stats().hits()).isEqualTo(hits + 1);
      prices.get(round % prices.size()).invalidate("a");
      price.set(-round);
      for (Memo<String, Integer> memo : prices) {
        assertThat(kept(memo, "a")).isNull();
        assertThat(memo.apply("a")).isEqualTo(-round);
        assertThat(memo.apply("b")).isEqualTo(round);
      }
      prices.get(round % prices.size()).invalidateAll();
      for (Memo<String, Integer> memo : prices) {
        assertThat(kept(memo, "b")).isNull();
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void whatARunReadsSoIsWhatItWasMadeOf(Mode mode) {
    List<Memo<String, Integer>> prices = open(mode, b -> b);
    assertThat(used(prices, "a", 1)).isPositive();
    List<Memo<String, Integer>> totals =
        members.open(
            mode, (String key) -> 10 * prices.get(0).apply(key), b -> b.trackDependencies(true));
    assertThat(used(totals, "a", 10)).as("what hangs on others is kept as an entry").isZero();
    price.set(2);
    prices.get(0).invalidate("a");
    totals.forEach(memo -> assertThat(memo.apply("a")).isEqualTo(20));
  }

  /** Not by the last millisecond: that is the engine's. */
  @ParameterizedTest
  @EnumSource(names = "LOCAL", mode = EnumSource.Mode.EXCLUDE)
  void itIsFoundAsLongAsItsEntryIsAsItShouldBeAndNoUseIsDue(Mode mode) {
    foundFor(59_998, open(mode, b -> b.timeToLive(MINUTE)));
    foundFor(14_999, open(mode, b -> b.maxIdle(MINUTE)));
    foundFor(53_999, open(mode, b -> b.timeToLive(MINUTE).refreshAhead(0.9)));
    foundFor(59_999, open(mode, b -> b.timeToLive(MINUTE).staleIfError(MINUTE)));
  }

  private void foundFor(long millis, List<Memo<String, Integer>> prices) {
    assertThat(used(prices, "a", price.get())).isPositive();
    List<Memo<String, Integer>> holders =
        prices.stream().filter(memo -> kept(memo, "a") != null).toList();
    members.tick(Duration.ofMillis(millis));
    holders.forEach(memo -> assertThat(kept(memo, "a")).isEqualTo(price.get()));
    members.tick(Duration.ofMillis(2));
    holders.forEach(memo -> assertThat(kept(memo, "a")).isNull());
  }

  /** Its entry has more to say than its value. */
  @ParameterizedTest
  @EnumSource
  void noneIsKeptOfWhatMustBeSeenInUseMayBeDueByChanceOrHasTags(Mode mode) {
    assertThat(used(open(mode, b -> b.timeToLive(MINUTE).earlyRefresh(1e-9)), "a", 1)).isZero();
    assertThat(used(open(mode, b -> b.maximumSize(9)), "a", 1)).isZero();
    List<Memo<String, Integer>> tagged = open(mode, b -> b.tags((key, value) -> Set.of("fruit")));
    assertThat(used(tagged, "a", 1)).isZero();
    price.set(2);
    tagged.get(0).invalidateTag("fruit");
    tagged.forEach(memo -> assertThat(memo.apply("a")).isEqualTo(2));
  }
}
