/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Mode;

/** What was made of a result goes with it: {@code trackDependencies}. */
@Timeout(120)
class MemoDependenciesTest {
  @RegisterExtension private static final Members members = new Members();

  private final AtomicInteger price = new AtomicInteger(1);

  @ParameterizedTest
  @EnumSource
  void whatWasComputedFromAnotherResultGoesWithIt(Mode mode) {
    for (boolean tracks : new boolean[] {true, false}) {
      price.set(1);
      List<Memo<String, Integer>> prices = members.open(mode, k -> price.get(), b -> b);
      List<Memo<String, Integer>> totals =
          members.open(mode, k -> 10 * prices.get(0).apply(k), b -> b.trackDependencies(tracks));
      List<Memo<String, Integer>> reports =
          members.open(mode, k -> 100 + totals.get(0).apply(k), b -> b.trackDependencies(tracks));
      for (Memo<String, Integer> report : reports) {
        assertThat(report.apply("a")).isEqualTo(110);
        Members.stored(report, "a", report.apply("a"));
        Members.stored(report, "b", report.apply("b"));
      }
      price.set(2);
      prices.get(prices.size() - 1).invalidate("a");
      for (Memo<String, Integer> report : reports) {
        assertThat(report.apply("a")).isEqualTo(tracks ? 120 : 110);
        assertThat(report.apply("b")).isEqualTo(110);
      }
      prices.get(0).invalidateAll();
      for (Memo<String, Integer> report : reports) {
        assertThat(report.apply("b")).isEqualTo(tracks ? 120 : 110);
      }
    }
  }

  /** However a run came to read it. */
  @ParameterizedTest
  @EnumSource
  void whateverWayAResultWasReadItsReadersGoWithIt(Mode mode) {
    Memo<String, Integer> prices = members.open(mode, (String k) -> price.get(), b -> b).get(0);
    Memo<String, Integer> totals =
        members
            .open(
                mode,
                (String how) ->
                    switch (how) {
                      case "all" -> prices.getAll(List.of("all")).get("all");
                      case "later" -> prices.async("later").join();
                      default -> prices.peek("peeked").orElse(0);
                    },
                b -> b.trackDependencies(true))
            .get(0);
    Members.stored(prices, "peeked", prices.apply("peeked"));
    for (String how : List.of("all", "later", "peeked")) {
      assertThat(totals.apply(how)).isEqualTo(1);
      Members.stored(totals, how, 1);
    }
    price.set(2);
    List.of("all", "later", "peeked").forEach(prices::invalidate);
    prices.apply("peeked");
    Members.stored(prices, "peeked", 2);
    for (String how : List.of("all", "later", "peeked")) {
      assertThat(totals.apply(how)).as(how).isEqualTo(2);
    }
  }

  /** A price, a total made of it, a report made of that; the total is gone, the report is not. */
  @ParameterizedTest
  @EnumSource
  void whatLiesBetweenMayBeGone(Mode mode) {
    Duration minute = Duration.ofMinutes(1);
    for (boolean isKept : new boolean[] {true, false}) {
      price.set(1);
      Memo<String, Integer> prices = open(mode, k -> price.get(), b -> b);
      Memo<String, Integer> totals =
          open(
              mode,
              k -> 10 * prices.apply(k),
              b -> b.expiry((k, v) -> isKept ? minute : Duration.ZERO).trackDependencies(true));
      List<Memo<String, Integer>> reports =
          members.open(mode, k -> 100 + read(totals, k), b -> b.trackDependencies(true));
      for (String how : List.of("now", "later", "all")) {
        assertThat(reports.get(0).apply(how)).isEqualTo(110);
        Members.stored(reports.get(0), how, 110);
      }
      members.tick(120);
      price.set(2);
      for (String how : List.of("now", "later", "all")) {
        assertThat(totals.peek(how)).isEmpty();
        prices.invalidate(how);
        for (Memo<String, Integer> report : reports) {
          assertThat(report.apply(how)).as(how).isEqualTo(120);
        }
      }
    }
  }

  private static Integer read(Memo<String, Integer> totals, String how) {
    return switch (how) {
      case "later" -> totals.async(how).join();
      case "all" -> requireNonNull(totals.getAll(List.of(how)).get(how));
      default -> totals.apply(how);
    };
  }

  /** In LOCAL it is the total that nobody else knows of. */
  @Test
  void aSharedResultGoesThroughALocalOne() {
    List<Memo<String, Integer>> prices =
        members.open(Mode.DISTRIBUTED, (String k) -> price.get(), b -> b);
    Memo<String, Integer> totals =
        open(
            Mode.LOCAL,
            k -> 10 * prices.get(0).apply(k),
            b -> b.timeToLive(Duration.ofMinutes(1)).trackDependencies(true));
    List<Memo<String, Integer>> reports =
        members.open(
            Mode.REPLICATED, (String k) -> 100 + totals.apply(k), b -> b.trackDependencies(true));
    assertThat(reports.get(0).apply("a")).isEqualTo(110);
    Members.stored(reports.get(0), "a", 110);
    members.tick(120);
    price.set(2);
    prices.get(1).invalidate("a");
    assertThat(reports.get(2).apply("b")).isEqualTo(120);
    assertThat(reports.get(2).apply("a")).isEqualTo(120);
  }

  /** Weak, and said so: nobody tells a member's own memos what others invalidate. */
  @Test
  void aLocalResultGoesWithWhatIsInvalidatedOnItsOwnMemberAlone() {
    List<Memo<String, Integer>> prices =
        members.open(Mode.DISTRIBUTED, (String k) -> price.get(), b -> b);
    Memo<String, Integer> totals =
        open(Mode.LOCAL, k -> 10 * prices.get(0).apply(k), b -> b.trackDependencies(true));
    assertThat(totals.apply("a")).isEqualTo(10);
    price.set(2);
    prices.get(1).invalidate("a");
    assertThat(totals.apply("a")).isEqualTo(10);
    prices.get(0).invalidate("a");
    assertThat(totals.apply("a")).isEqualTo(20);
  }

  @ParameterizedTest
  @EnumSource
  void whatWasMadeOfAFailureGoesWithWhatHadFailed(Mode mode) {
    for (boolean isRemembered : new boolean[] {true, false}) {
      price.set(-1);
      Memo<String, Integer> prices = open(mode, k -> price.get(), b -> b);
      Memo<String, Integer> totals =
          open(
              mode,
              k -> requirePositive(prices.apply(k)),
              b ->
                  b.cacheFailures(
                          e -> isRemembered ? Optional.of(Duration.ofHours(1)) : Optional.empty())
                      .trackDependencies(true));
      Memo<String, Integer> reports =
          open(mode, k -> orZero(totals, k), b -> b.trackDependencies(true));
      assertThat(reports.apply("a")).isZero();
      Members.stored(reports, "a", 0);
      price.set(5);
      assertThat(reports.apply("a")).isZero();
      prices.invalidate("a");
      assertThat(reports.apply("a")).isEqualTo(5);
      assertThat(totals.apply("a")).isEqualTo(5);
    }
  }

  private static int requirePositive(int price) {
    if (price < 0) {
      throw new IllegalStateException("no price");
    }
    return price;
  }

  private static int orZero(Memo<String, Integer> totals, String key) {
    try {
      return totals.apply(key);
    } catch (IllegalStateException | MemoException noTotal) {
      return 0;
    }
  }

  /** Beyond so many keys it is found by any key of their memo. */
  @Test
  void whatIsMadeOfVeryManyResultsIsFoundByAnyOfTheirMemo() {
    List<Integer> many = IntStream.range(0, Dependencies.MOST + 1).boxed().toList();
    Memo<Integer, Integer> prices = open(Mode.DISTRIBUTED, k -> price.get(), b -> b);
    Memo<Integer, Integer> sums =
        open(
            Mode.DISTRIBUTED,
            n -> prices.getAll(many.subList(0, n)).values().stream().mapToInt(v -> v).sum(),
            b -> b.trackDependencies(true));
    for (int n : new int[] {many.size() - 1, many.size()}) {
      Members.stored(sums, n, sums.apply(n));
    }
    assertThat(tags(sums, many.size() - 1)).isEqualTo(many.size());
    assertThat(tags(sums, many.size())).isEqualTo(2);
    prices.invalidate(1_000); // which neither has read
    price.set(2);
    assertThat(sums.apply(many.size() - 1)).isEqualTo(many.size() - 1);
    assertThat(sums.apply(many.size())).isEqualTo(many.size());
    prices.invalidate(0);
    assertThat(sums.apply(many.size() - 1)).isEqualTo(many.size());
    assertThat(sums.apply(many.size())).isEqualTo(many.size() + 1);
  }

  private static int tags(Memo<Integer, Integer> memo, int key) {
    MemoNode node = Members.node(memo);
    return requireNonNull(node.anywhere(key)).tags().size();
  }

  /** On the first member. */
  private static <K> Memo<K, Integer> open(
      Mode mode, Function<K, Integer> fn, UnaryOperator<MemoBuilder<K, Integer>> options) {
    return members.open(mode, fn, options).get(0);
  }
}
