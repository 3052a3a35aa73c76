/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Mode;
import org.memogrid.internal.node.Node;
import org.memogrid.testkit.Await;

/** How long results live, and what callers get when they are old, failed or null. */
@Timeout(120)
class MemoAgeTest {
  private static final Duration TTL = Duration.ofSeconds(100);
  @RegisterExtension private static final Members members = new Members();

  private final AtomicInteger runs = new AtomicInteger();
  private final AtomicBoolean broken = new AtomicBoolean();

  private int count(int key) {
    int run = runs.incrementAndGet();
    if (broken.get()) {
      throw new IllegalStateException("broken");
    }
    return key * 100 + run;
  }

  private static void takeTime() {
    try {
      assertThat(new CountDownLatch(1).await(5, TimeUnit.MILLISECONDS)).isFalse();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @EnumSource
  void eachResultMayHaveALifeOfItsOwn(Mode mode) {
    List<Memo<Integer, Integer>> memos =
        members.open(
            mode,
            this::count,
            b ->
                b.timeToLive(TTL)
                    .expiry((k, v) -> k == 2 ? Duration.ZERO : Duration.ofSeconds(k * 1000L)));
    Memo<Integer, Integer> memo = memos.get(0);
    assertThat(memo.apply(1)).isEqualTo(101);
    Members.stored(memo, 1, 101);
    members.tick(999);
    assertThat(memo.apply(1)).isEqualTo(101);
    members.tick(2);
    assertThat(memo.apply(1)).isEqualTo(102);
    assertThat(memo.apply(2)).isEqualTo(203); // zero: not at all
    assertThat(memo.apply(2)).isEqualTo(204);
    assertThat(memo.peek(2)).isEmpty();
    assertThatThrownBy(() -> memo.apply(-1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(memo.name())
        .hasMessageContaining("expiry for -1 is PT-16M-40S")
        .hasMessageContaining("give zero");
  }

  @ParameterizedTest
  @EnumSource(names = {"LOCAL", "DISTRIBUTED"})
  void jitterEndsLivesAtDifferentTimesAndNoneLater(Mode mode) {
    List<Memo<Integer, Integer>> memos =
        members.open(mode, this::count, b -> b.timeToLive(TTL).jitter(0.5));
    Memo<Integer, Integer> memo = memos.get(0);
    List<Integer> keys = IntStream.range(0, 60).boxed().toList();
    keys.forEach(key -> Members.stored(memo, key, memo.apply(key)));
    members.tick(49);
    assertThat(keys).allMatch(key -> memo.peek(key).isPresent());
    members.tick(26);
    assertThat(keys).anyMatch(key -> memo.peek(key).isPresent());
    assertThat(keys).anyMatch(key -> memo.peek(key).isEmpty());
    members.tick(26);
    assertThat(keys).allMatch(key -> memo.peek(key).isEmpty());
  }

  @ParameterizedTest
  @EnumSource
  void nullsAreNotRememberedIfThatIsNotWanted(Mode mode) {
    List<Memo<Integer, @Nullable Integer>> memos =
        members.open(
            mode,
            k -> {
              runs.incrementAndGet();
              return k == 0 ? null : k;
            },
            b -> b.cacheNulls(false));
    assertThat(memos.get(0).apply(0)).isNull();
    assertThat(memos.get(0).apply(0)).isNull();
    assertThat(runs).hasValue(2);
    assertThat(memos.get(0).apply(1)).isEqualTo(1);
    assertThat(memos.get(0).apply(1)).isEqualTo(1);
    assertThat(runs).hasValue(3);
  }

  @ParameterizedTest
  @EnumSource
  void failuresAreRememberedAsLongAsIsWanted(Mode mode) {
    broken.set(true);
    List<Memo<Integer, Integer>> memos =
        members.open(
            mode,
            this::count,
            b ->
                b.cacheFailures(
                    e ->
                        e instanceof IllegalStateException
                            ? Optional.of(Duration.ofSeconds(10))
                            : Optional.empty()));
    Memo<Integer, Integer> memo = memos.get(0);
    assertThatThrownBy(() -> memo.apply(1)).isInstanceOf(IllegalStateException.class);
    MemoNode node = Members.node(memo);
    Await.until(
        "the failure is stored, and no longer on its way",
        () -> node.anywhere(1) != null && node.onItsWay(1).isEmpty());
    assertThatThrownBy(() -> memo.apply(1)).hasMessageContaining("broken");
    assertThat(memo.peek(1)).isEmpty();
    assertThat(runs).hasValue(1);
    if (mode == Mode.REPLICATED || mode == Mode.DISTRIBUTED) {
      assertThatThrownBy(() -> memos.get(2).apply(1))
          .isInstanceOf(MemoException.class)
          .hasMessageContaining("broken")
          .hasMessageContaining("of 1 failed on n0");
      assertThat(runs).hasValue(1);
    }
    broken.set(false);
    members.tick(11);
    assertThat(memo.apply(1)).isEqualTo(102);
  }

  @ParameterizedTest
  @EnumSource
  void aStaleValueIsReturnedWhileItIsReplacedButNotAfterAnInvalidation(Mode mode) {
    ConcurrentLinkedQueue<MemoEvent.Type> heard = new ConcurrentLinkedQueue<>();
    List<Memo<Integer, Integer>> memos =
        members.open(
            mode,
            this::count,
            b ->
                b.timeToLive(TTL)
                    .staleWhileRevalidate(TTL)
                    .listener(event -> heard.add(event.type())));
    for (Memo<Integer, Integer> memo : memos) {
      runs.set(0);
      memo.invalidate(1);
      assertThat(memo.apply(1)).isEqualTo(101);
      Members.stored(memo, 1, 101);
      members.tick(150);
      assertThat(memo.apply(1)).isEqualTo(101);
      Await.until("the new value", () -> memo.apply(1) == 102);
      assertThat(runs).hasValue(2);
      assertThat(memo.stats().refreshes()).isEqualTo(1);
      assertThat(memo.stats().stale()).isPositive();
      assertThat(heard).contains(MemoEvent.Type.STALE);
      heard.clear();
      Members.stored(memo, 1, 102);
      members.tick(150);
      memo.invalidate(1);
      assertThat(memo.apply(1)).isEqualTo(103);
      Members.stored(memo, 1, 103);
      members.tick(201); // not even stale any more
      assertThat(memo.apply(1)).isEqualTo(104);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aStaleValueStandsInForAFailureButNotAfterAnInvalidation(Mode mode) throws Exception {
    List<Memo<Integer, Integer>> memos =
        members.open(mode, this::count, b -> b.timeToLive(TTL).staleIfError(TTL));
    Memo<Integer, Integer> memo = memos.get(memos.size() - 1);
    assertThat(memo.apply(1)).isEqualTo(101);
    Members.stored(memo, 1, 101);
    members.tick(150);
    broken.set(true);
    assertThat(memo.apply(1)).isEqualTo(101);
    assertThat(Members.get(memo.async(1))).isEqualTo(101);
    assertThat(runs).hasValue(3);
    memo.invalidate(1);
    assertThatThrownBy(() -> memo.apply(1)).hasMessageContaining("broken");
    broken.set(false);
    assertThat(memo.apply(1)).isEqualTo(105);
  }

  @ParameterizedTest
  @EnumSource(names = {"LOCAL", "DISTRIBUTED"})
  void anInvalidationDuringTheFailingRunTakesTheStaleValueAway(Mode mode) throws Exception {
    CountDownLatch running = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    List<Memo<Integer, Integer>> memos =
        members.open(
            mode,
            k -> {
              if (runs.incrementAndGet() == 1) {
                return 1;
              }
              running.countDown();
              Members.await(goOn);
              throw new IllegalStateException("broken");
            },
            b -> b.timeToLive(TTL).staleIfError(TTL));
    Memo<Integer, Integer> memo = memos.get(0);
    memo.apply(1);
    Members.stored(memo, 1, 1);
    members.tick(150);
    Future<Integer> call = members.call(() -> memo.apply(1));
    Members.await(running);
    memo.invalidate(1);
    goOn.countDown();
    assertThatThrownBy(() -> Members.get(call)).hasStackTraceContaining("broken");
  }

  @ParameterizedTest
  @EnumSource
  void anOldValueIsReplacedAheadOfItsEnd(Mode mode) {
    List<Memo<Integer, Integer>> memos =
        members.open(mode, this::count, b -> b.timeToLive(TTL).refreshAhead(0.8));
    Memo<Integer, Integer> memo = memos.get(0);
    assertThat(memo.apply(1)).isEqualTo(101);
    Members.stored(memo, 1, 101);
    members.tick(79);
    assertThat(memo.apply(1)).isEqualTo(101);
    assertThat(memo.stats().refreshes()).isZero();
    members.tick(2);
    assertThat(memo.apply(1)).isEqualTo(101);
    Await.until("the new value", () -> memo.apply(1) == 102);
    assertThat(memo.stats().refreshes()).isEqualTo(1);
    Members.stored(memo, 1, 102);
    members.tick(79); // a life of its own
    assertThat(memo.apply(1)).isEqualTo(102);
  }

  /** All members find it old at once, and while it is computed. */
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.MATCH_ANY, names = "REPLICATED|DISTRIBUTED")
  void oneRunReplacesAnOldValueForAllMembers(Mode mode) {
    CountDownLatch goOn = new CountDownLatch(1);
    List<Memo<Integer, Integer>> memos =
        members.open(
            mode,
            k -> {
              int run = runs.incrementAndGet();
              if (run > 1) {
                Members.await(goOn);
              }
              return run;
            },
            b -> b.timeToLive(TTL).refreshAhead(0.5));
    memos.get(0).apply(1);
    Members.stored(memos.get(0), 1, 1);
    members.tick(60);
    for (int i = 0; i < 5; i++) {
      for (Memo<Integer, Integer> memo : memos) {
        assertThat(memo.apply(1)).isEqualTo(1);
      }
    }
    goOn.countDown();
    for (Memo<Integer, Integer> memo : memos) {
      Await.until("the new value", () -> memo.apply(1) == 2);
    }
    assertThat(runs).hasValue(2);
  }

  @ParameterizedTest
  @EnumSource(names = {"LOCAL", "DISTRIBUTED"})
  void whatWasDearIsReplacedEarlyNowAndThen(Mode mode) {
    for (double beta : new double[] {0, 50_000}) {
      runs.set(0);
      List<Memo<Integer, Integer>> memos =
          members.open(
              mode,
              k -> {
                takeTime();
                return count(k);
              },
              b -> b.timeToLive(TTL).earlyRefresh(beta));
      Memo<Integer, Integer> memo = memos.get(0);
      memo.apply(1);
      Members.stored(memo, 1, 101);
      if (beta == 0) {
        assertThat(IntStream.range(0, 1_000).map(i -> memo.apply(1))).containsOnly(101);
      } else {
        Await.until("a value before the old one's end", () -> memo.apply(1) > 101);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void aSlowRunIsNotWaitedForWhenThereIsAStaleValue(Mode mode) {
    CountDownLatch goOn = new CountDownLatch(1);
    List<Memo<Integer, Integer>> memos =
        members.open(
            mode,
            k -> {
              int run = runs.incrementAndGet();
              if (run > 1) {
                Members.await(goOn);
              }
              return run;
            },
            b -> b.timeToLive(TTL).staleIfError(TTL).softTimeout(Duration.ofMillis(50)));
    Memo<Integer, Integer> memo = memos.get(0);
    assertThat(memo.apply(1)).isEqualTo(1);
    Members.stored(memo, 1, 1);
    members.tick(150);
    assertThat(memo.apply(1)).isEqualTo(1);
    goOn.countDown();
    Await.until("the run went on", () -> memo.apply(1) == 2);
    assertThat(runs).hasValue(2);
  }

  @ParameterizedTest
  @EnumSource
  void aRunThatTakesTooLongFailsAndIsInterrupted(Mode mode) throws Exception {
    CountDownLatch interrupted = new CountDownLatch(1);
    CountDownLatch running = new CountDownLatch(1);
    List<Memo<Integer, Integer>> memos =
        members.open(
            mode,
            k -> {
              if (runs.incrementAndGet() > 1) {
                return k;
              }
              running.countDown();
              try {
                new CountDownLatch(1).await();
              } catch (InterruptedException e) {
                interrupted.countDown();
              }
              return -1;
            },
            b -> b.hardTimeout(Duration.ofMillis(500)));
    CountDownLatch timers = members.stopTimers(); // who came after its end would run again
    Future<Integer> runner = members.call(() -> memos.get(0).apply(1));
    Members.await(running);
    Future<Integer> waiter = members.call(() -> memos.get(memos.size() - 1).apply(1));
    if (mode == Mode.LOCAL) {
      Await.until("both wait", () -> Members.node(memos.get(0)).waiting() == 2);
    } else {
      Members.waitAtHome(memos, 1, 1);
    }
    timers.countDown();
    for (Future<Integer> call : List.of(runner, waiter)) {
      assertThatThrownBy(() -> Members.get(call))
          .hasCauseInstanceOf(MemoTimeoutException.class)
          .hasMessageContaining("took longer than PT0.5S on n0");
    }
    Members.await(interrupted);
    CountDownLatch again = members.stopTimers();
    assertThat(memos.get(0).apply(1)).isEqualTo(1);
    again.countDown();
    assertThat(memos.get(0).stats().failures()).isEqualTo(1);
  }

  /** As apply does, so do those who wait otherwise. */
  @ParameterizedTest
  @EnumSource
  void aSlowRunIsNotWaitedForByFuturesEither(Mode mode) throws Exception {
    CountDownLatch goOn = new CountDownLatch(1);
    List<Memo<Integer, Integer>> memos =
        members.open(
            mode,
            k -> {
              int run = runs.incrementAndGet();
              if (run > 2) {
                Members.await(goOn);
              }
              return run;
            },
            b -> b.timeToLive(TTL).staleIfError(TTL).softTimeout(Duration.ofMillis(50)));
    Memo<Integer, Integer> memo = memos.get(0);
    Members.stored(memo, 1, memo.apply(1));
    Members.stored(memo, 2, memo.apply(2));
    members.tick(150);
    assertThat(Members.get(memo.async(1))).isEqualTo(1);
    assertThat(Members.get(members.call(() -> memo.getAll(List.of(1, 2)))))
        .isEqualTo(java.util.Map.of(1, 1, 2, 2));
    goOn.countDown();
    Await.until("the runs went on", () -> memo.apply(1) > 2 && memo.apply(2) > 2);
    assertThat(runs).hasValue(4);
  }

  @ParameterizedTest
  @EnumSource
  void aRunThatTookTooLongIsAFailureAsAnyOther(Mode mode) {
    ConcurrentLinkedQueue<String> heard = new ConcurrentLinkedQueue<>();
    Memo<Integer, Integer> memo =
        members
            .open(
                mode,
                (Integer k) -> {
                  runs.incrementAndGet();
                  Members.await(new CountDownLatch(1));
                  return k;
                },
                b ->
                    b.hardTimeout(Duration.ofMillis(50))
                        .cacheFailures(
                            e ->
                                e instanceof MemoTimeoutException
                                    ? Optional.of(Duration.ofSeconds(10))
                                    : Optional.empty())
                        .listener(event -> heard.add(event.type() + " " + event.failure())))
            .get(0);
    assertThatThrownBy(() -> memo.apply(1)).isInstanceOf(MemoTimeoutException.class);
    Await.until("it is remembered", () -> Members.node(memo).anywhere(1) != null);
    assertThatThrownBy(() -> memo.apply(1)).hasMessageContaining("took longer than");
    assertThat(runs).hasValue(1);
    assertThat(heard)
        .hasSize(2)
        .anyMatch(event -> event.startsWith("STARTED"))
        .anyMatch(event -> event.startsWith("FAILED") && event.contains("MemoTimeoutException"));
  }

  /** The function's failure is what callers are to see, not that of a rule about it. */
  @Test
  void aFailureOfCacheFailuresHidesNoFailure() {
    broken.set(true);
    Memo<Integer, Integer> memo =
        members
            .open(
                Mode.LOCAL,
                this::count,
                b -> b.cacheFailures(e -> Optional.of(Duration.ofSeconds(-1))))
            .get(0);
    assertThatThrownBy(() -> memo.apply(1)).hasMessage("broken");
    assertThatThrownBy(() -> memo.apply(1)).hasMessage("broken");
    assertThat(runs).hasValue(2);
  }

  /** The member's one scheduler thread runs no code of users, and keeps no result alive. */
  @Test
  void futuresEndOnThreadsOfTheMemoAndLeaveNoTimers() throws Exception {
    CountDownLatch goOn = new CountDownLatch(1);
    Memo<Integer, String> memo =
        members
            .open(
                Mode.LOCAL,
                (Integer k) -> {
                  if (k == 1) {
                    Members.await(goOn);
                  }
                  return "v";
                },
                b -> b.waitTimeout(Duration.ofMillis(200)).hardTimeout(Duration.ofHours(1)))
            .get(0);
    AtomicReference<String> thread = new AtomicReference<>();
    CountDownLatch timers = members.stopTimers(); // what hangs on a future that has ended runs here
    CompletableFuture<String> dependent =
        memo.async(1).whenComplete((value, e) -> thread.set(Thread.currentThread().getName()));
    timers.countDown();
    assertThatThrownBy(() -> Members.get(dependent)).hasCauseInstanceOf(MemoTimeoutException.class);
    assertThat(thread.get()).contains("-memo-");
    goOn.countDown();
    Memo<Integer, String> other =
        members
            .open(
                Mode.LOCAL,
                (Integer k) -> "v",
                b -> b.waitTimeout(Duration.ofHours(1)).hardTimeout(Duration.ofHours(1)))
            .get(0);
    ScheduledThreadPoolExecutor scheduler =
        (ScheduledThreadPoolExecutor) members.cluster.node(0).unwrap(Node.class).scheduler();
    for (int key = 0; key < 100; key++) {
      assertThat(Members.get(other.async(key))).isEqualTo("v");
    }
    Await.until("no timers of calls that ended", () -> scheduler.getQueue().size() < 50);
  }

  @ParameterizedTest
  @EnumSource
  void whoWaitsTooLongFailsAlone(Mode mode) throws Exception {
    CountDownLatch running = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    AtomicInteger opened = new AtomicInteger();
    List<Memo<Integer, Integer>> memos =
        members.open(
            mode,
            k -> {
              running.countDown();
              Members.await(goOn);
              return k;
            },
            // Not of the member that runs, which would wait for its grant no longer either. In
            // LOCAL it waits for none.
            b ->
                opened.getAndIncrement() == 0 && mode != Mode.LOCAL
                    ? b
                    : b.waitTimeout(Duration.ofSeconds(1)));
    Future<Integer> runner = members.call(() -> memos.get(0).apply(1));
    Members.await(running);
    Memo<Integer, Integer> waits = memos.get(memos.size() - 1);
    assertThatThrownBy(() -> waits.apply(1))
        .isInstanceOf(MemoTimeoutException.class)
        .hasMessageContaining("waited longer than PT1S for the result for 1");
    assertThatThrownBy(() -> Members.get(waits.async(1)))
        .hasCauseInstanceOf(MemoTimeoutException.class);
    goOn.countDown();
    assertThat(Members.get(runner)).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource
  void aFailureIsForAllWhoWaitOrForOneAfterTheOther(Mode mode) throws Exception {
    for (FailurePolicy policy : FailurePolicy.values()) {
      runs.set(0);
      CountDownLatch running = new CountDownLatch(1);
      CountDownLatch goOn = new CountDownLatch(1);
      List<Memo<Integer, Integer>> memos =
          members.open(
              mode,
              k -> {
                if (runs.incrementAndGet() == 1) {
                  running.countDown();
                  Members.await(goOn);
                  throw new IllegalStateException("once");
                }
                return k;
              },
              b -> b.onFailure(policy));
      Future<Integer> first = members.call(() -> memos.get(0).apply(1));
      Members.await(running);
      List<Future<Integer>> others = new ArrayList<>();
      for (Memo<Integer, Integer> memo : memos) {
        others.add(members.call(() -> memo.apply(1)));
        others.add(members.call(() -> memo.apply(1)));
      }
      int here = mode == Mode.LOCAL ? 3 : 2;
      for (Memo<Integer, Integer> memo : memos) {
        int waiting = memo == memos.get(0) ? 3 : here;
        Await.until("all wait", () -> Members.node(memo).waiting() == waiting);
      }
      Members.waitAtHome(memos, 1, memos.size() - 1); // one request of each other member
      goOn.countDown();
      assertThatThrownBy(() -> Members.get(first)).hasStackTraceContaining("once");
      ConcurrentLinkedQueue<Object> outcomes = new ConcurrentLinkedQueue<>();
      for (Future<Integer> other : others) {
        try {
          outcomes.add(Members.get(other));
        } catch (java.util.concurrent.ExecutionException e) {
          outcomes.add("failed");
        }
      }
      assertThat(outcomes).containsOnly(policy == FailurePolicy.SHARE ? "failed" : (Object) 1);
      // In INVALIDATED, a member that asks again after the second run has ended runs once more.
      int most = mode == Mode.INVALIDATED ? 4 : 2;
      assertThat(runs.get()).isBetween(1, policy == FailurePolicy.SHARE ? 1 : most);
    }
  }
}
