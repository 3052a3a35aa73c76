/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Mode;

/** Functions that call memos: what ends, and what would wait for itself. */
@Timeout(180)
class MemoCycleTest {
  @RegisterExtension private static final Members MEMBERS = new Members();

  /** A run gives its permit back while it waits, or none could ever end. */
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.MATCH_ANY, names = "REPLICATED|DISTRIBUTED")
  void aDeepRecursionReturnsThoughOneRunMayRunAtATime(Mode mode) throws Exception {
    List<Memo<Integer, Long>> fib = new ArrayList<>();
    fib.addAll(
        MEMBERS.open(
            mode,
            n -> n < 2 ? (long) n : fib.get(n % 2).apply(n - 1) + fib.get(n % 2).apply(n - 2),
            memo -> memo.maxConcurrent(1)));
    Future<Long> here = MEMBERS.call(() -> fib.get(0).apply(90));
    Future<Long> there = MEMBERS.call(() -> fib.get(1).apply(90));
    assertThat(Members.get(here)).isEqualTo(2_880_067_194_370_816_120L);
    assertThat(Members.get(there)).isEqualTo(2_880_067_194_370_816_120L);
  }

  /** At its home, and on an executor's threads, a function waits for others as on its caller's. */
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.MATCH_ANY, names = "REPLICATED|DISTRIBUTED")
  void aRecursionReturnsWhereverItsFunctionsRun(Mode mode) throws Exception {
    ExecutorService threads = Executors.newCachedThreadPool();
    try {
      List<UnaryOperator<MemoBuilder<Integer, Long>>> options =
          List.of(
              memo -> memo.placement(Placement.OWNER).maxConcurrent(1),
              memo -> memo.executor(threads).maxConcurrent(1),
              memo -> memo.executor(threads).placement(Placement.OWNER).maxConcurrent(2));
      for (UnaryOperator<MemoBuilder<Integer, Long>> option : options) {
        AtomicInteger runs = new AtomicInteger();
        List<Memo<Integer, Long>> fib = new ArrayList<>();
        fib.addAll(
            MEMBERS.open(
                mode,
                n -> {
                  runs.incrementAndGet();
                  return n < 2
                      ? (long) n
                      : fib.get(n % 2).apply(n - 1) + fib.get(n % 2).apply(n - 2);
                },
                option));
        Future<Long> here = MEMBERS.call(() -> fib.get(0).apply(30));
        Future<Long> there = MEMBERS.call(() -> fib.get(1).apply(30));
        assertThat(Members.get(here)).isEqualTo(832_040L);
        assertThat(Members.get(there)).isEqualTo(832_040L);
        assertThat(runs).hasValue(31);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  /** A run at a key's home is in no thread of its caller's, nor is one on an executor. */
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.MATCH_ANY, names = "REPLICATED|DISTRIBUTED")
  void aRunThatAsksForItselfFailsWhereverItRuns(Mode mode) {
    ExecutorService threads = Executors.newCachedThreadPool();
    try {
      List<UnaryOperator<MemoBuilder<Integer, Integer>>> options =
          List.of(memo -> memo.placement(Placement.OWNER), memo -> memo.executor(threads));
      for (UnaryOperator<MemoBuilder<Integer, Integer>> option : options) {
        List<Memo<Integer, Integer>> memos = new ArrayList<>();
        memos.addAll(
            MEMBERS.open(mode, k -> memos.get(1).apply(k - k % 10 + (k % 10 + 1) % 3), option));
        for (int first = 0; first < 80; first += 10) { // wherever the homes of its three keys are
          int start = first;
          Future<Integer> call = MEMBERS.call(() -> memos.get(0).apply(start));
          assertThat(failure(call))
              .contains("MemoCycleException")
              .contains("of " + start)
              .contains("of " + (start + 1))
              .contains("of " + (start + 2));
        }
      }
    } finally {
      threads.shutdownNow();
    }
  }

  /**
   * 1. "a" runs on one member, "b" on another; 2. each asks for the other. No thread is in both
   * runs, so no member sees the cycle by itself.
   */
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "LOCAL")
  void runsOnTwoMembersThatWaitForEachOtherFail(Mode mode) {
    CountDownLatch both = new CountDownLatch(2);
    List<Memo<String, String>> memos = new ArrayList<>();
    memos.addAll(
        MEMBERS.open(
            mode,
            key -> {
              both.countDown();
              Members.await(both);
              return key.equals("a") ? memos.get(0).apply("b") : memos.get(1).apply("a");
            },
            memo -> memo));
    Future<String> a = MEMBERS.call(() -> memos.get(0).apply("a"));
    Future<String> b = MEMBERS.call(() -> memos.get(1).apply("b"));
    List<String> failures = List.of(failure(a), failure(b));
    assertThat(failures)
        .anySatisfy(
            text ->
                assertThat(text).contains("MemoCycleException").contains("of a").contains("of b"));
  }

  /** The same over two memos: neither alone knows of the other's waits. */
  @Test
  void runsOfTwoMemosThatWaitForEachOtherFail() {
    CountDownLatch both = new CountDownLatch(2);
    List<Memo<Integer, Integer>> odd = new ArrayList<>();
    List<Memo<Integer, Integer>> even = new ArrayList<>();
    odd.addAll(MEMBERS.open(Mode.DISTRIBUTED, k -> met(both, even.get(0)), memo -> memo));
    even.addAll(MEMBERS.open(Mode.REPLICATED, k -> met(both, odd.get(1)), memo -> memo));
    Future<Integer> one = MEMBERS.call(() -> odd.get(0).apply(1));
    Future<Integer> other = MEMBERS.call(() -> even.get(1).apply(1));
    assertThat(List.of(failure(one), failure(other)))
        .anySatisfy(
            text ->
                assertThat(text)
                    .contains("MemoCycleException")
                    .contains(odd.get(0).name())
                    .contains(even.get(0).name()));
  }

  /** Who waits for a run that waits for another is not in a cycle. */
  @Test
  void waitersThatAreInNoCycleAreLeftInPeace() throws Exception {
    CountDownLatch waiting = new CountDownLatch(1);
    List<Memo<String, String>> memos = new ArrayList<>();
    memos.addAll(
        MEMBERS.open(
            Mode.DISTRIBUTED,
            key -> {
              if (key.equals("leaf")) {
                Members.await(waiting);
                return key;
              }
              return key + " of " + memos.get(2).apply("leaf");
            },
            memo -> memo));
    Future<String> one = MEMBERS.call(() -> memos.get(0).apply("one"));
    Future<String> other = MEMBERS.call(() -> memos.get(1).apply("other"));
    Future<String> again = MEMBERS.call(() -> memos.get(1).apply("one"));
    waiting.countDown();
    assertThat(Members.get(one)).isEqualTo("one of leaf");
    assertThat(Members.get(other)).isEqualTo("other of leaf");
    assertThat(Members.get(again)).isEqualTo("one of leaf");
  }

  /**
   * 1. A recursion is sixty levels deep on one member; 2. runs on another wait for its outermost.
   * Each level waits with all above it: to look through them once for each way there would take
   * 2^60 steps.
   */
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "LOCAL")
  void whoWaitsForADeepRecursionLooksThroughItOnce(Mode mode) throws Exception {
    CountDownLatch deep = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    List<Memo<Integer, Integer>> memos = new ArrayList<>();
    memos.addAll(
        MEMBERS.open(
            mode,
            n -> {
              if (n == 0) {
                deep.countDown();
                Members.await(goOn);
                return 0;
              }
              return n > 60 ? memos.get(n / 100).apply(60) : memos.get(0).apply(n - 1) + 1;
            },
            memo -> memo));
    Future<Integer> inside = MEMBERS.call(() -> memos.get(0).apply(60));
    Members.await(deep);
    List<Future<Integer>> outside = new ArrayList<>();
    for (int i = 1; i <= 8; i++) {
      int key = 100 + i;
      outside.add(MEMBERS.call(() -> memos.get(1).apply(key)));
    }
    // One request is in behind them all: each member has had what came before.
    Future<Integer> last = MEMBERS.call(() -> memos.get(2).apply(200));
    Members.waitAtHome(memos, 60, 2);
    goOn.countDown();
    assertThat(Members.get(inside)).isEqualTo(60);
    assertThat(Members.get(last)).isEqualTo(60);
    for (Future<Integer> call : outside) {
      assertThat(Members.get(call)).isEqualTo(60);
    }
  }

  /** What a cycle is called does not depend on where its caller waits. */
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "LOCAL")
  void whoWaitsElsewhereHearsOfACycleAsACycle(Mode mode) {
    CountDownLatch running = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    List<Memo<Integer, Integer>> memos = new ArrayList<>();
    memos.addAll(
        MEMBERS.open(
            mode,
            k -> {
              running.countDown();
              Members.await(goOn);
              return memos.get(0).apply(k);
            },
            memo -> memo));
    Future<Integer> runs = MEMBERS.call(() -> memos.get(0).apply(1));
    Members.await(running);
    Future<Integer> waits = MEMBERS.call(() -> memos.get(2).apply(1));
    Members.waitAtHome(memos, 1, 1);
    goOn.countDown();
    for (Future<Integer> call : List.of(runs, waits)) {
      assertThatThrownBy(() -> Members.get(call)).hasCauseInstanceOf(MemoCycleException.class);
    }
  }

  @Test
  void aRunThatAsksForItselfFails() {
    List<Memo<Integer, Integer>> memos = new ArrayList<>();
    memos.addAll(MEMBERS.open(Mode.REPLICATED, k -> memos.get(0).apply((k + 1) % 3), memo -> memo));
    assertThatThrownBy(() -> memos.get(0).apply(0))
        .isInstanceOf(MemoCycleException.class)
        .hasMessageContaining("of 0")
        .hasMessageContaining("of 1")
        .hasMessageContaining("of 2");
  }

  private static Integer met(CountDownLatch both, Memo<Integer, Integer> next) {
    both.countDown();
    Members.await(both);
    return next.apply(1);
  }

  private static String failure(Future<?> call) {
    try {
      return "returned " + Members.get(call);
    } catch (ExecutionException e) {
      return String.valueOf(e.getCause());
    } catch (Exception e) {
      return "no end: " + e;
    }
  }
}
