/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.FreePorts;

/** A memo on three members in one JVM. */
@Timeout(120)
class MemoClusterTest {
  private static final FreePorts PORTS = FreePorts.take();
  private static final List<Cluster> NODES = new ArrayList<>();
  private static final ExecutorService CALLERS = Executors.newCachedThreadPool();
  private static final AtomicInteger NAMES = new AtomicInteger();

  private final AtomicInteger runs = new AtomicInteger();

  @BeforeAll
  static void join() {
    for (int i = 0; i < 3; i++) {
      NODES.add(
          Cluster.builder()
              .name("memo-test")
              .nodeName("n" + i)
              .port(PORTS.base())
              .allow(Priced.class.getName())
              .join());
    }
  }

  @AfterAll
  static void leave() {
    CALLERS.shutdownNow();
    for (Cluster node : NODES) {
      node.close();
    }
    PORTS.close();
  }

  /** One memo on each node, of the same function. */
  private static <K, V> List<Memo<K, V>> everywhere(
      Mode mode, Function<? super K, ? extends V> fn) {
    return everywhere(mode, null, fn);
  }

  private static <K, V> List<Memo<K, V>> everywhere(
      Mode mode, @Nullable Duration timeToLive, Function<? super K, ? extends V> fn) {
    String name = "memo-" + NAMES.incrementAndGet();
    List<Memo<K, V>> memos = new ArrayList<>();
    for (Cluster node : NODES) {
      MemoBuilder<K, V> builder = Memo.<K, V>builder(name, fn).mode(mode);
      if (timeToLive != null) {
        builder.timeToLive(timeToLive);
      }
      memos.add(builder.build(node));
    }
    return memos;
  }

  private static <T> List<Future<T>> atOnce(int count, Function<Integer, Callable<T>> task) {
    CyclicBarrier barrier = new CyclicBarrier(count);
    List<Future<T>> futures = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Callable<T> own = task.apply(i);
      futures.add(
          CALLERS.submit(
              () -> {
                barrier.await();
                return own.call();
              }));
    }
    return futures;
  }

  /** Waits until so many callers wait on each member, and the others at the key's home. */
  private static void allWait(
      List<? extends Memo<Integer, ?>> memos, Mode mode, Integer key, int onEach) {
    for (Memo<?, ?> memo : memos) {
      Await.until("all wait", () -> Members.node(memo).waiting() == onEach);
    }
    if (mode != Mode.LOCAL) {
      Members.waitAtHome(memos, key, memos.size() - 1);
    }
  }

  private static <T> T get(Future<T> future) throws Exception {
    return future.get(60, TimeUnit.SECONDS);
  }

  @ParameterizedTest
  @EnumSource
  void oneRunServesAllThatCallMeanwhile(Mode mode) throws Exception {
    CountDownLatch goOn = new CountDownLatch(1);
    List<Memo<Integer, Integer>> memos =
        everywhere(
            mode,
            k -> {
              runs.incrementAndGet();
              Members.await(goOn);
              return k + 1;
            });
    List<Future<Integer>> answers = atOnce(63, i -> () -> memos.get(i % 3).apply(5));
    allWait(memos, mode, 5, 21);
    goOn.countDown();
    for (Future<Integer> answer : answers) {
      assertThat(get(answer)).isEqualTo(6);
    }
    assertThat(runs).hasValue(mode == Mode.LOCAL ? 3 : 1);
    for (Memo<Integer, Integer> memo : memos) {
      assertThat(memo.apply(5)).isEqualTo(6);
    }
    assertThat(runs).hasValue(mode == Mode.LOCAL ? 3 : 1);
  }

  @ParameterizedTest
  @EnumSource
  void aFailureReachesAllThatWaitAndIsNotRemembered(Mode mode) throws Exception {
    CountDownLatch goOn = new CountDownLatch(1);
    List<Memo<Integer, Integer>> memos =
        everywhere(
            mode,
            k -> {
              if (runs.incrementAndGet() <= (mode == Mode.LOCAL ? 3 : 1)) {
                Members.await(goOn);
                throw new ArithmeticException("not today");
              }
              return k;
            });
    List<Future<Integer>> answers = atOnce(12, i -> () -> memos.get(i % 3).apply(1));
    allWait(memos, mode, 1, 4);
    goOn.countDown();
    for (Future<Integer> answer : answers) {
      assertThatThrownBy(() -> get(answer)).hasStackTraceContaining("not today");
    }
    assertThat(runs).hasValue(mode == Mode.LOCAL ? 3 : 1);
    for (Memo<Integer, Integer> memo : memos) {
      assertThat(memo.apply(1)).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @EnumSource
  void nullIsRememberedAndListsComeBackAsTheyAre(Mode mode) {
    List<Memo<Integer, @Nullable Object>> memos =
        everywhere(
            mode,
            k -> {
              runs.incrementAndGet();
              return switch (k) {
                case 0 -> null;
                case 1 -> new ArrayList<>(Arrays.asList(k));
                default -> new ArrayList<>(List.of(6, 7, 8)).subList(1, 3);
              };
            });
    for (int round = 0; round < 2; round++) {
      for (Memo<Integer, @Nullable Object> memo : memos) {
        assertThat(memo.apply(0)).isNull();
        assertThat(memo.apply(1)).isEqualTo(List.of(1));
        assertThat(memo.apply(2)).isEqualTo(List.of(7, 8));
        assertThat(memo.peek(0)).isEmpty();
      }
    }
    assertRuns(mode, 3);
  }

  @ParameterizedTest
  @EnumSource
  void afterInvalidateNobodyGetsTheOldValue(Mode mode) {
    AtomicInteger source = new AtomicInteger(1);
    List<Memo<String, Integer>> memos = everywhere(mode, k -> source.get());
    for (int round = 1; round <= 20; round++) {
      for (Memo<String, Integer> memo : memos) {
        assertThat(memo.apply("k")).isEqualTo(source.get());
      }
      source.incrementAndGet();
      if (round % 2 == 0) {
        memos.get(round % 3).invalidateAll();
      } else {
        memos.get(round % 3).invalidate("k");
      }
      if (mode == Mode.LOCAL) {
        memos.forEach(memo -> memo.invalidate("k"));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "LOCAL")
  void aRunThatAnInvalidationOvertookIsNotRemembered(Mode mode) throws Exception {
    AtomicInteger source = new AtomicInteger(1);
    CountDownLatch running = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    List<Memo<String, Integer>> memos =
        everywhere(
            mode,
            k -> {
              int seen = source.get();
              if (seen == 1) {
                running.countDown();
                await(goOn);
              }
              return seen;
            });
    Future<Integer> early = CALLERS.submit(() -> memos.get(0).apply("k"));
    await(running);
    source.set(2);
    memos.get(1).invalidate("k");
    Integer fresh = get(CALLERS.submit(() -> memos.get(0).apply("k")));
    goOn.countDown();
    assertThat(fresh).isEqualTo(2);
    assertThat(get(early)).isEqualTo(1);
    for (Memo<String, Integer> memo : memos) {
      assertThat(memo.apply("k")).isEqualTo(2);
    }
    assertThat(memos.get(0).stats().fences()).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource
  void aResultExpires(Mode mode) {
    List<Memo<Integer, Integer>> memos =
        everywhere(mode, Duration.ofMillis(300), k -> runs.incrementAndGet());
    int first = memos.get(0).apply(1);
    Await.until("another run", () -> memos.get(0).apply(1) > first);
    Await.until("another run elsewhere", () -> memos.get(1).apply(1) > first);
  }

  @Test
  void keysOfTheirOwnClassAndTheirNormalForm() {
    String name = "memo-" + NAMES.incrementAndGet();
    List<Memo<String, String>> memos = new ArrayList<>();
    for (Cluster node : NODES) {
      memos.add(
          Memo.<String, String>builder(
                  name,
                  k -> {
                    runs.incrementAndGet();
                    return k + "!";
                  })
              .key(k -> k.trim())
              .build(node));
    }
    assertThat(memos.get(0).apply(" a")).isEqualTo("a!");
    assertThat(memos.get(2).apply("a ")).isEqualTo("a!");
    assertThat(runs).hasValue(1);
  }

  /** The race: it is being stored on another member while this one looks for it. */
  @ParameterizedTest
  @EnumSource
  void whatWasReturnedIsSeenByAPeek(Mode mode) {
    Memo<Integer, Integer> memo = everywhere(mode, (Integer k) -> k + 1).get(0);
    for (int key = 0; key < 1_000; key++) {
      assertThat(memo.apply(key)).isEqualTo(key + 1);
      assertThat(memo.peek(key)).as("key %s", key).contains(key + 1);
    }
  }

  @ParameterizedTest
  @EnumSource
  void asyncGetAllSeedAndRecompute(Mode mode) throws Exception {
    List<Memo<Integer, Integer>> memos =
        everywhere(
            mode,
            k -> {
              runs.incrementAndGet();
              return k * 10;
            });
    Memo<Integer, Integer> memo = memos.get(0);
    CompletableFuture<Integer> future = memo.async(3);
    assertThat(future.get(30, TimeUnit.SECONDS)).isEqualTo(30);
    assertThat(memo.async(3).get(30, TimeUnit.SECONDS)).isEqualTo(30);
    assertThat(memo.getAll(List.of(1, 2, 3))).isEqualTo(Map.of(1, 10, 2, 20, 3, 30));
    assertThat(runs).hasValue(3);
    assertThat(memo.recompute(3)).isEqualTo(30);
    assertThat(runs).hasValue(4);
    memo.seed(3, 7);
    assertThat(memo.apply(3)).isEqualTo(7);
    assertThat(memo.peek(3)).contains(7);
    assertThat(memo.peek(99)).isEmpty();
    assertThat(memo.<String>invalidating(3, () -> "written")).isEqualTo("written");
    assertThat(memo.apply(3)).isEqualTo(30);
    assertThat(runs).hasValue(5);
  }

  @ParameterizedTest
  @EnumSource
  void recursionUsesTheCallersThread(Mode mode) {
    List<Memo<Integer, Long>> self = new ArrayList<>();
    List<Memo<Integer, Long>> memos =
        everywhere(
            mode,
            n -> {
              runs.incrementAndGet();
              return n < 2 ? n : self.get(0).apply(n - 1) + self.get(0).apply(n - 2);
            });
    self.addAll(memos);
    assertThat(memos.get(0).apply(40)).isEqualTo(102_334_155L);
    assertThat(runs).hasValue(41);
  }

  @ParameterizedTest
  @EnumSource
  void aRunThatNeedsItselfFails(Mode mode) {
    List<Memo<Integer, Integer>> self = new ArrayList<>();
    List<Memo<Integer, Integer>> memos = everywhere(mode, k -> self.get(0).apply((k + 1) % 3) + 1);
    self.addAll(memos);
    assertThatThrownBy(() -> memos.get(0).apply(0))
        .isInstanceOf(MemoCycleException.class)
        .hasMessageContaining("of 0")
        .hasMessageContaining("of 2");
  }

  @Test
  void whatCanNotTravelIsRefusedAtTheCall() {
    List<Memo<Object, Object>> memos = everywhere(Mode.REPLICATED, k -> new Thread("never"));
    assertThatThrownBy(() -> memos.get(0).apply(new Thread("key")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("memo '")
        .hasMessageContaining("Thread");
    assertThatThrownBy(() -> memos.get(0).apply("k"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("the result for k");
    assertThatThrownBy(() -> memos.get(0).apply(cast(null)))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("key");
  }

  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"LOCAL"})
  void allWhoWaitHearThatAResultCanNotTravelAndWhatToDo(Mode mode) throws Exception {
    CountDownLatch goOn = new CountDownLatch(1);
    List<Memo<Integer, Object>> memos =
        everywhere(
            mode,
            k -> {
              runs.incrementAndGet();
              Members.await(goOn);
              return new Unknown(k);
            });
    List<Throwable> heard = new ArrayList<>();
    List<Future<Object>> answers = atOnce(12, i -> () -> memos.get(i % 3).apply(1));
    allWait(memos, mode, 1, 4);
    goOn.countDown();
    for (Future<Object> answer : answers) {
      Throwable thrown = catchThrowable(() -> get(answer)).getCause();
      assertThat(thrown)
          .isInstanceOfAny(IllegalArgumentException.class, MemoException.class)
          .hasMessageContaining("the result for 1 can't be stored")
          .hasMessageContaining("ClusterBuilder.allow(\"" + Unknown.class.getName() + "\")");
      heard.add(thrown);
    }
    assertThat(runs).hasValue(1);
    assertThat(heard).filteredOn(MemoException.class::isInstance).hasSize(8);
  }

  @ParameterizedTest
  @EnumSource
  void recordsOnTheAllowListAreKeysAndResults(Mode mode) {
    List<Memo<Priced, Priced>> memos =
        everywhere(
            mode,
            k -> {
              runs.incrementAndGet();
              return new Priced(k.article(), k.cents() + 1);
            });
    for (Memo<Priced, Priced> memo : memos) {
      assertThat(memo.apply(new Priced("apple", 1))).isEqualTo(new Priced("apple", 2));
    }
    assertRuns(mode, 1);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aFailureElsewhereNamesWhatWasThrownAndWhere(boolean broken) throws Exception {
    CountDownLatch running = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    List<Memo<Integer, Integer>> memos =
        everywhere(
            Mode.DISTRIBUTED,
            k -> {
              running.countDown();
              await(goOn);
              throw new Untold(broken);
            });
    Future<Integer> computes = CALLERS.submit(() -> memos.get(1).apply(5));
    await(running);
    Future<Integer> waits = CALLERS.submit(() -> memos.get(2).apply(5));
    Members.waitAtHome(memos, 5, 1);
    goOn.countDown();
    assertThat(catchThrowable(() -> get(computes))).isNotNull();
    assertThat(catchThrowable(() -> get(waits)).getCause())
        .isInstanceOf(MemoException.class)
        .hasMessageContaining(Untold.class.getName() + (broken ? "" : ": told"))
        .hasMessageContaining("of 5 failed on n1");
  }

  /** Not on the allow list. */
  private record Unknown(int key) {}

  /** On the allow list. */
  private record Priced(String article, int cents) {}

  /** Perhaps one whose own text fails. */
  @SuppressWarnings("serial")
  private static final class Untold extends RuntimeException {
    private final boolean broken;

    Untold(boolean broken) {
      super("told");
      this.broken = broken;
    }

    @Override
    public String getMessage() {
      if (broken) {
        throw new IllegalStateException("no text");
      }
      return "told";
    }
  }

  @Test
  void aNameIsOpenOnceInAProcess() {
    Cluster node = NODES.get(0);
    String name = "memo-" + NAMES.incrementAndGet();
    Memo<Integer, Integer> first = Memo.<Integer, Integer>builder(name, k -> 1).build(node);
    assertThatThrownBy(() -> Memo.<Integer, Integer>builder(name, k -> 2).build(node))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(name);
    assertThatThrownBy(
            () -> Memo.<Integer, Integer>builder(name, k -> 2).mode(Mode.REPLICATED).build(node))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(name);
    assertThat(first.apply(0)).isEqualTo(1);
    first.close();
    assertThatThrownBy(() -> first.apply(0)).isInstanceOf(IllegalStateException.class);
    try (Memo<Integer, Integer> again = Memo.<Integer, Integer>builder(name, k -> 2).build(node)) {
      assertThat(again.apply(0)).isEqualTo(1);
      assertThat(again.apply(1)).isEqualTo(2);
    }
  }

  @ParameterizedTest
  @EnumSource
  void closingReleasesThoseThatWaitAndLeavingDoesNotDisturb(Mode mode) throws Exception {
    CountDownLatch running = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    List<Memo<Integer, Integer>> memos =
        everywhere(
            mode,
            k -> {
              running.countDown();
              await(goOn);
              return k;
            });
    Future<Integer> computes = CALLERS.submit(() -> memos.get(0).apply(1));
    await(running);
    int other = mode == Mode.LOCAL ? 0 : 1;
    CountDownLatch entered = new CountDownLatch(2);
    Thread[] waiter = new Thread[1];
    Future<Integer> interrupted =
        CALLERS.submit(
            () -> {
              waiter[0] = Thread.currentThread();
              entered.countDown();
              return memos.get(other).apply(1);
            });
    Future<Integer> released =
        CALLERS.submit(
            () -> {
              entered.countDown();
              return memos.get(other).apply(1);
            });
    await(entered);
    CompletableFuture<Integer> cancelled = memos.get(other).async(1);
    cancelled.cancel(true);
    waiter[0].interrupt();
    assertThatThrownBy(() -> get(interrupted)).hasRootCauseInstanceOf(InterruptedException.class);
    assertThat(released.isDone()).isFalse();
    memos.get(other).close();
    assertThatThrownBy(() -> get(released)).hasCauseInstanceOf(IllegalStateException.class);
    goOn.countDown();
    assertThat(get(computes)).isEqualTo(1);
  }

  /**
   * 1. A call finds its memo open; 2. the memo is closed, and releases all that wait; 3. the call
   * comes to the run that goes on. The normaliser stands between 1 and 3.
   */
  @ParameterizedTest
  @EnumSource
  void aCallThatMeetsTheCloseIsReleased(Mode mode) throws Exception {
    CountDownLatch running = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    Function<Integer, Integer> fn =
        k -> {
          running.countDown();
          await(goOn);
          return k;
        };
    String name = "memo-" + NAMES.incrementAndGet();
    Memo<Integer, Integer> first = Memo.builder(name, fn).mode(mode).build(NODES.get(0));
    List<Memo<Integer, Integer>> closing = new ArrayList<>();
    closing.add(
        Memo.builder(name, fn)
            .mode(mode)
            .key(
                k -> {
                  closing.get(0).close();
                  return k;
                })
            .build(NODES.get(1)));
    Future<Integer> computes = CALLERS.submit(() -> first.apply(1));
    await(running);
    Future<Integer> meets = CALLERS.submit(() -> closing.get(0).apply(1));
    assertThatThrownBy(() -> get(meets))
        .hasCauseInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
    assertThat(goOn.getCount()).as("the run goes on").isOne();
    goOn.countDown();
    assertThat(get(computes)).isEqualTo(1);
  }

  /** After each member has called for so many keys, one member after the other. */
  private void assertRuns(Mode mode, int keys) {
    switch (mode) {
      case LOCAL -> assertThat(runs).hasValue(3 * keys);
      // A member that asks before the home knows that the run has ended gets its value.
      case INVALIDATED -> assertThat(runs.get()).isBetween(keys, 3 * keys);
      case REPLICATED, DISTRIBUTED -> assertThat(runs).hasValue(keys);
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @SuppressWarnings({"unchecked", "NullAway", "TypeParameterUnusedInFormals"})
  private static <T> T cast(@Nullable Object object) {
    return (T) object;
  }
}
