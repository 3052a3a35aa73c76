/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.internal.node.Node;
import org.memogrid.internal.store.Store;
import org.memogrid.testkit.Await;

/** What is forgotten together, how much runs and is kept, where and how functions run. */
@Timeout(120)
class MemoOperationsTest {
  @RegisterExtension private static final Members members = new Members();

  private final AtomicInteger runs = new AtomicInteger();

  // ---- forgotten together

  @ParameterizedTest
  @EnumSource
  void aTagTakesAwayAllResultsThatHaveItAndNoOthers(Mode mode) {
    AtomicInteger source = new AtomicInteger(1);
    List<Memo<Integer, String>> memos =
        members.open(
            mode,
            k -> k + "@" + source.get(),
            b -> b.tags((k, v) -> Set.of(k % 2 == 0 ? "even" : "odd", "all")));
    for (Memo<Integer, String> memo : memos) {
      for (int k = 0; k < 10; k++) {
        Members.stored(memo, k, memo.apply(k));
      }
    }
    source.set(2);
    memos.get(0).invalidateTag("even");
    for (Memo<Integer, String> memo : memos) {
      for (int k = 0; k < 10; k++) {
        assertThat(memo.apply(k)).isEqualTo(k + (k % 2 == 0 ? "@2" : "@1"));
      }
    }
    memos.get(0).invalidateTag("no such");
    assertThat(memos.get(0).apply(1)).isEqualTo("1@1");
  }

  @ParameterizedTest
  @EnumSource
  void aPredicateTakesAwayWhatItHoldsOf(Mode mode) {
    AtomicInteger source = new AtomicInteger(1);
    List<Memo<String, String>> memos =
        members.open(mode, k -> k + "@" + source.get(), b -> b.key(k -> k.trim()));
    List<String> keys = List.of("fruit/apple", "fruit/pear ", "tool/saw");
    for (Memo<String, String> memo : memos) {
      keys.forEach(key -> Members.stored(memo, key.trim(), memo.apply(key)));
    }
    source.set(2);
    memos.get(memos.size() - 1).invalidateIf(key -> key.startsWith("fruit/"));
    for (Memo<String, String> memo : memos) {
      assertThat(keys.stream().map(memo))
          .containsExactly("fruit/apple@2", "fruit/pear@2", "tool/saw@1");
    }
  }

  /** What its result will be tagged with, nobody can know. */
  @ParameterizedTest
  @EnumSource
  void aRunThatATagOrPredicateOvertookIsNotRemembered(Mode mode) throws Exception {
    for (boolean byTag : new boolean[] {true, false}) {
      AtomicInteger source = new AtomicInteger(1);
      CountDownLatch running = new CountDownLatch(1);
      CountDownLatch goOn = new CountDownLatch(1);
      List<Memo<String, Integer>> memos =
          members.open(
              mode,
              k -> {
                int seen = source.get();
                if (seen == 1) {
                  running.countDown();
                  Members.await(goOn);
                }
                return seen;
              },
              b -> b.tags((k, v) -> List.of("t")));
      Future<Integer> early = members.call(() -> memos.get(0).apply("k"));
      Members.await(running);
      source.set(2);
      Memo<String, Integer> other = memos.get(memos.size() - 1);
      if (byTag) {
        other.invalidateTag("t");
      } else {
        other.invalidateIf(key -> key.equals("k"));
      }
      assertThat(other.apply("k")).isEqualTo(2);
      goOn.countDown();
      assertThat(Members.get(early)).isEqualTo(1);
      for (Memo<String, Integer> memo : memos) {
        assertThat(memo.apply("k")).isEqualTo(2);
      }
    }
  }

  /** A name's end is not taken for a version. */
  @ParameterizedTest
  @EnumSource
  void memosOfAnyNamesAndVersionsShareNothing(Mode mode) {
    String name = Members.name();
    Set<String> stores = new TreeSet<>();
    List<List<String>> all =
        List.of(
            List.of(name, "v2"),
            List.of(name + ".v2", ""),
            List.of(name + "/v2", ""),
            List.of(name + "%2Fv2", ""),
            List.of(name + "\nv2", ""),
            List.of(name, "v2\n"),
            List.of(name + "\nv2\n", ""));
    for (List<String> one : all) {
      stores.add(new MemoId(one.get(0), one.get(1), mode).store());
      try (Memo<Integer, String> memo =
          Memo.builder(one.get(0), (Integer k) -> one.toString())
              .version(one.get(1))
              .mode(mode)
              .timeToLive(Duration.ofSeconds(1_000 + stores.size()))
              .build(members.cluster.node(0))) {
        assertThat(memo.apply(1)).isEqualTo(one.toString());
        Members.stored(memo, 1, one.toString());
      }
    }
    assertThat(stores)
        .hasSize(all.size())
        .allMatch(store -> store.startsWith("org.memogrid.memo." + name));
  }

  // ---- a value that is known

  /** The function has no part in it: neither in a batch, nor at the key's home. */
  @ParameterizedTest
  @EnumSource
  void aSeedStandsWhateverTheFunctionRunsWith(Mode mode) {
    List<Memo<Integer, Integer>> bulk =
        members.open(
            mode,
            k -> runs.incrementAndGet(),
            b ->
                b.bulk(
                    keys -> keys.stream().collect(Collectors.toMap(k -> k, k -> -1)),
                    batch -> batch.linger(Duration.ofMillis(1))));
    List<Memo<Integer, Integer>> atHome =
        members.open(mode, k -> runs.incrementAndGet(), b -> b.placement(Placement.OWNER));
    for (List<Memo<Integer, Integer>> memos : List.of(bulk, atHome)) {
      for (int key = 0; key < 12; key++) {
        memos.get(0).seed(key, 1_000 + key);
        assertThat(memos.get(0).apply(key)).isEqualTo(1_000 + key);
      }
    }
    assertThat(runs).hasValue(0);
  }

  // ---- how much

  /** 1. The one permit is held by a run; 2. what it waits for, asynchronously, needs one. */
  @ParameterizedTest
  @EnumSource(names = {"LOCAL", "DISTRIBUTED"})
  void functionsThatWaitForFuturesOfMemosLendThemTheirPlaces(Mode mode) throws Exception {
    List<Memo<Integer, Integer>> plain = new ArrayList<>();
    plain.addAll(
        members.open(
            mode,
            n ->
                n < 2
                    ? n
                    : plain.get(0).async(n - 1).join()
                        + plain.get(0).async(n - 2).thenApply(x -> x).join(),
            b -> b.maxConcurrent(1)));
    assertThat(Members.get(members.call(() -> plain.get(0).apply(20)))).isEqualTo(6_765);
    String name = Members.name();
    List<Memo<Integer, Integer>> stages = new ArrayList<>();
    stages.add(
        Memo.<Integer, Integer>builderAsync(
                name,
                n ->
                    n < 2
                        ? CompletableFuture.completedFuture(n)
                        : stages
                            .get(0)
                            .async(n - 1)
                            .thenCombine(stages.get(0).async(n - 2), Integer::sum))
            .mode(mode)
            .maxConcurrent(1)
            .build(members.cluster.node(0)));
    assertThat(Members.get(members.call(() -> stages.get(0).apply(20)))).isEqualTo(6_765);
  }

  /** The store weighs under its locks: by then it must be known. */
  @Test
  void aWeigherRunsOnTheThreadOfTheRunAndUnderNoLock() {
    Set<Boolean> inTheStore = new java.util.HashSet<>();
    Memo<Integer, Integer> memo =
        members
            .open(
                Mode.LOCAL,
                (Integer k) -> k,
                b ->
                    b.maximumWeight(
                        100,
                        (k, v) -> {
                          inTheStore.add(
                              List.of(new Throwable().getStackTrace())
                                  .toString()
                                  .contains("caffeine"));
                          return v;
                        }))
            .get(0);
    assertThat(memo.apply(1)).isEqualTo(1);
    assertThat(inTheStore).containsExactly(false);
    assertThatThrownBy(() -> memo.apply(-1)).hasMessageContaining("the weight of -1 is -1");
  }

  @ParameterizedTest
  @EnumSource
  void aMemberKeepsNoMoreThanItMay(Mode mode) {
    List<Memo<Integer, Integer>> memos = members.open(mode, k -> k, b -> b.maximumSize(20));
    IntStream.range(0, 200).forEach(k -> assertThat(memos.get(0).apply(k)).isEqualTo(k));
    for (Memo<Integer, Integer> memo : memos) {
      Await.until(
          "at most 20 entries",
          () -> {
            try (var entries = Members.node(memo).store().localEntries()) {
              return entries.count() <= 20;
            }
          });
    }
  }

  @Test
  void aLocalMemoKeepsNoMoreWeightThanItMay() {
    Memo<Integer, List<Integer>> memo =
        members
            .<Integer, List<Integer>>open(
                Mode.LOCAL,
                k -> IntStream.range(0, k).boxed().toList(),
                b -> b.maximumWeight(100, (k, v) -> v.size()))
            .get(0);
    for (int k = 0; k < 50; k++) {
      assertThat(memo.apply(k)).hasSize(k);
    }
    Await.until(
        "a weight of at most 100",
        () -> IntStream.range(0, 50).filter(k -> memo.peek(k).isPresent()).sum() <= 100);
    assertThatThrownBy(
            () ->
                Memo.builder(Members.name(), (Integer k) -> k)
                    .maximumWeight(1, (k, v) -> 1)
                    .build(members.cluster.node(0)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("use it in mode LOCAL");
  }

  @ParameterizedTest
  @EnumSource
  void noMoreThanSoManyFunctionsRunAtATime(Mode mode) throws Exception {
    AtomicInteger running = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    Semaphore goOn = new Semaphore(0);
    Memo<Integer, Integer> memo =
        members
            .<Integer, Integer>open(
                mode,
                k -> {
                  most.accumulateAndGet(running.incrementAndGet(), Math::max);
                  goOn.acquireUninterruptibly();
                  running.decrementAndGet();
                  return k;
                },
                b -> b.maxConcurrent(2))
            .get(0);
    List<Future<Integer>> calls = new ArrayList<>();
    for (int k = 0; k < 8; k++) {
      int key = k;
      calls.add(members.call(() -> memo.apply(key)));
    }
    Await.until("two run", () -> running.get() == 2);
    goOn.release(8);
    for (Future<Integer> call : calls) {
      assertThat(Members.get(call)).isBetween(0, 7);
    }
    assertThat(most).hasValue(2);
  }

  @ParameterizedTest
  @EnumSource
  void functionsThatWaitForOthersLendThemTheirPlaces(Mode mode) throws Exception {
    List<Memo<Integer, Long>> self = new ArrayList<>();
    List<Memo<Integer, Long>> memos =
        members.open(
            mode,
            n -> {
              runs.incrementAndGet();
              return n < 2 ? n : self.get(0).apply(n - 1) + self.get(self.size() - 1).apply(n - 2);
            },
            b -> b.maxConcurrent(1));
    self.addAll(memos);
    List<Future<Long>> calls = new ArrayList<>();
    for (Memo<Integer, Long> memo : memos) {
      calls.add(members.call(() -> memo.apply(25)));
      calls.add(members.call(() -> memo.getAll(List.of(20, 24, 25)).get(25)));
    }
    for (Future<Long> call : calls) {
      assertThat(Members.get(call)).isEqualTo(75_025L);
    }
  }

  // ---- where and how

  @ParameterizedTest
  @EnumSource
  void functionsRunOnTheExecutorIfThereIsOneAndElseOnTheCaller(Mode mode) {
    ExecutorService executor = Executors.newSingleThreadExecutor(r -> new Thread(r, "mine"));
    Memo<Integer, String> on =
        members
            .<Integer, String>open(
                mode, k -> Thread.currentThread().getName(), b -> b.executor(executor))
            .get(0);
    Memo<Integer, String> off =
        members.<Integer, String>open(mode, k -> Thread.currentThread().getName(), b -> b).get(0);
    assertThat(on.apply(1)).isEqualTo("mine");
    assertThat(on.async(2).join()).isEqualTo("mine");
    assertThat(off.apply(1)).isEqualTo(Thread.currentThread().getName());
    executor.shutdown();
    assertThatThrownBy(() -> on.apply(3))
        .isInstanceOf(java.util.concurrent.RejectedExecutionException.class);
    assertThatThrownBy(() -> on.async(4).join())
        .hasCauseInstanceOf(java.util.concurrent.RejectedExecutionException.class);
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void functionsRunAtTheirHomeIfThatIsWanted(Mode mode) {
    for (Placement placement : Placement.values()) {
      String name = Members.name();
      List<Memo<Integer, String>> memos = new ArrayList<>();
      for (Cluster node : members.cluster.nodes()) {
        memos.add(
            Memo.builder(name, (Integer k) -> node.self().name())
                .mode(mode)
                .placement(placement)
                .build(node));
      }
      MemoNode asks = Members.node(memos.get(0));
      for (int k = 0; k < 20; k++) {
        String home = asks.store().topology().home(k).name();
        assertThat(memos.get(0).apply(k)).isEqualTo(placement == Placement.OWNER ? home : "n0");
      }
      memos.get(1).close(); // a home without the function
      memos.get(2).close();
      for (int k = 20; k < 30; k++) {
        assertThat(memos.get(0).apply(k)).isEqualTo("n0");
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void manyKeysAreComputedInOneCall(Mode mode) {
    ConcurrentLinkedQueue<Integer> sizes = new ConcurrentLinkedQueue<>();
    Memo<Integer, Integer> memo =
        members
            .<Integer, Integer>open(
                mode,
                k -> {
                  runs.incrementAndGet();
                  return -k;
                },
                b ->
                    b.bulk(
                        keys -> {
                          sizes.add(keys.size());
                          return keys.stream().collect(Collectors.toMap(k -> k, k -> -k));
                        },
                        batch -> batch.maxSize(10).linger(Duration.ofMillis(20))))
            .get(0);
    List<Integer> keys = IntStream.rangeClosed(1, 30).boxed().toList();
    assertThat(new TreeMap<>(memo.getAll(keys)).values())
        .containsExactlyElementsOf(keys.stream().map(k -> -k).toList());
    assertThat(sizes).allMatch(size -> size <= 10).hasSizeLessThan(30);
    assertThat(sizes.stream().mapToInt(Integer::intValue).sum()).isEqualTo(30);
    assertThat(memo.apply(77)).isEqualTo(-77); // lingers, too
    assertThat(memo.async(78).join()).isEqualTo(-78);
    assertThat(memo.getAll(keys)).hasSize(30);
    assertThat(sizes.stream().mapToInt(Integer::intValue).sum()).isEqualTo(32);
    assertThat(runs).hasValue(0);
    assertThat(memo.stats().runs()).isEqualTo(32);
  }

  @Test
  void aBulkFunctionsFailureIsThatOfItsKeysAndWhatItLeavesOutIsNull() {
    Memo<Integer, Integer> memo =
        members
            .<Integer, Integer>open(
                Mode.DISTRIBUTED,
                k -> k,
                b ->
                    b.bulk(
                        keys -> {
                          if (keys.contains(13)) {
                            throw new IllegalStateException("thirteen");
                          }
                          return Map.of(1, 1);
                        }))
            .get(0);
    assertThat(memo.getAll(List.of(1, 2)).get(2)).isNull();
    assertThat(memo.apply(3)).isEqualTo(3); // alone, and at once
    assertThatThrownBy(() -> memo.getAll(List.of(13))).hasMessageContaining("thirteen");
  }

  @ParameterizedTest
  @EnumSource
  void listenersHearWhatHappensAndMayFail(Mode mode) {
    ConcurrentLinkedQueue<String> heard = new ConcurrentLinkedQueue<>();
    Memo<Integer, Integer> memo =
        members
            .<Integer, Integer>open(
                mode,
                k -> 10 / k,
                b ->
                    b.listener(
                        e -> {
                          heard.add(e.type() + " " + e.key());
                          throw new IllegalStateException("a listener that fails");
                        }))
            .get(0);
    assertThat(memo.apply(5)).isEqualTo(2);
    assertThatThrownBy(() -> memo.apply(0)).isInstanceOf(ArithmeticException.class);
    assertThat(heard).containsExactly("STARTED 5", "RETURNED 5", "STARTED 0", "FAILED 0");
  }

  @ParameterizedTest
  @EnumSource
  void aRunStopsWhenNobodyWaitsAndNotBefore(Mode mode) throws Exception {
    CountDownLatch running = new CountDownLatch(2);
    CountDownLatch goOn = new CountDownLatch(1);
    ConcurrentLinkedQueue<Integer> stopped = new ConcurrentLinkedQueue<>();
    List<Memo<Integer, Integer>> memos =
        members.open(
            mode,
            k -> {
              running.countDown();
              try {
                goOn.await();
              } catch (InterruptedException e) {
                stopped.add(k);
              }
              return k;
            },
            b -> b);
    Memo<Integer, Integer> other = memos.get(memos.size() - 1);
    CompletableFuture<Integer> alone = memos.get(0).async(1);
    CompletableFuture<Integer> oneOfTwo = memos.get(0).async(2);
    Members.await(running);
    CompletableFuture<Integer> remains = other.async(2);
    CompletableFuture<Integer> leaves = other.async(1);
    int calls = mode == Mode.LOCAL ? 4 : 2;
    Await.until("all wait", () -> Members.node(other).waiting() == calls);
    int elsewhere = mode == Mode.LOCAL ? 0 : 1;
    Members.waitAtHome(memos, 1, elsewhere);
    Members.waitAtHome(memos, 2, elsewhere); // before the home hears who leaves
    oneOfTwo.cancel(true);
    alone.cancel(true);
    leaves.cancel(true);
    Await.until("the run has stopped", () -> stopped.contains(1));
    goOn.countDown();
    assertThat(Members.get(remains)).isEqualTo(2);
    assertThat(stopped).containsExactly(1);
    assertThat(other.apply(1)).isEqualTo(1); // what the stopped run returned is not remembered
  }

  // ---- functions

  @ParameterizedTest
  @EnumSource
  void functionsOfNoneTwoAndThreeArguments(Mode mode) {
    Cluster node = members.cluster.node(0);
    Memo0<Integer> none =
        Memo0.of(
            Memo.<Integer>builder(Members.name(), () -> runs.incrementAndGet())
                .mode(mode)
                .build(node));
    Memo2<String, Integer, String> two =
        Memo2.of(
            Memo.<String, Integer, String>builder(
                    Members.name(), (a, b) -> a + b + runs.incrementAndGet())
                .mode(mode)
                .tags((key, v) -> Set.of(key.first()))
                .build(node));
    Memo3<Integer, Integer, Integer, Integer> three =
        Memo3.of(
            Memo.<Integer, Integer, Integer, Integer>builder(
                    Members.name(), (a, b, c) -> a + b + c + runs.incrementAndGet() * 100)
                .mode(mode)
                .build(node));
    assertThat(none.get()).isEqualTo(1);
    assertThat(none.get()).isEqualTo(1);
    assertThat(two.apply("a", 1)).isEqualTo("a12");
    assertThat(two.apply("a", 1)).isEqualTo("a12");
    assertThat(three.apply(1, 2, 3)).isEqualTo(306);
    assertThat(three.apply(1, 2, 3)).isEqualTo(306);
    assertThat(three.apply(3, 2, 1)).isEqualTo(406);
    none.invalidate();
    two.memo().invalidateTag("a");
    three.invalidate(1, 2, 3);
    assertThat(none.get()).isEqualTo(5);
    assertThat(two.apply("a", 1)).isEqualTo("a16");
    assertThat(three.apply(1, 2, 3)).isEqualTo(706);
    assertThatThrownBy(() -> two.apply("a", cast(null)))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("second");
  }

  @ParameterizedTest
  @EnumSource
  void theValueOfAStageIsRememberedNotTheStage(Mode mode) throws Exception {
    Cluster node = members.cluster.node(0);
    Memo<Integer, Integer> values =
        Memo.<Integer, Integer>builderAsync(
                Members.name(),
                k ->
                    CompletableFuture.supplyAsync(
                        () -> {
                          runs.incrementAndGet();
                          return 10 / k;
                        },
                        members.callers))
            .mode(mode)
            .build(node);
    assertThat(values.apply(5)).isEqualTo(2);
    assertThat(values.apply(5)).isEqualTo(2);
    assertThat(runs).hasValue(1);
    assertThatThrownBy(() -> values.apply(0)).isInstanceOf(ArithmeticException.class);
    List<Memo<Integer, CompletionStage<Integer>>> stages =
        members.open(
            mode,
            k -> CompletableFuture.supplyAsync(() -> k + runs.incrementAndGet(), members.callers),
            b -> b);
    runs.set(0);
    assertThat(Members.get(stages.get(0).apply(5).toCompletableFuture())).isEqualTo(6);
    assertThat(Members.get(stages.get(0).apply(5).toCompletableFuture())).isEqualTo(6);
    if (mode == Mode.REPLICATED || mode == Mode.DISTRIBUTED) {
      assertThat(Members.get(stages.get(2).apply(5).toCompletableFuture())).isEqualTo(6);
    }
  }

  // ---- the builder

  @Test
  void statisticsCountWhatHappenedOnTheirMember() throws Exception {
    CountDownLatch goOn = new CountDownLatch(1);
    List<Memo<Integer, Integer>> memos =
        members.open(
            Mode.DISTRIBUTED,
            k -> {
              Members.await(goOn);
              if (runs.incrementAndGet() == 1) {
                throw new IllegalStateException("the first fails");
              }
              return k;
            },
            b -> b.onFailure(FailurePolicy.PROMOTE_NEXT));
    List<Future<Integer>> calls = new ArrayList<>();
    for (Memo<Integer, Integer> memo : memos) {
      calls.add(members.call(() -> memo.apply(1)));
    }
    Members.waitAtHome(memos, 1, 2);
    goOn.countDown();
    calls.forEach(call -> Await.until("an end", call::isDone));
    memos.forEach(memo -> Members.stored(memo, 1, 1));
    assertThat(sum(memos, MemoStats::runs)).isEqualTo(2);
    assertThat(sum(memos, MemoStats::failures)).isEqualTo(1);
    assertThat(sum(memos, MemoStats::promotions)).isEqualTo(1);
    assertThat(sum(memos, stats -> stats.runTime().toNanos())).isPositive();
    assertThat(sum(memos, MemoStats::fences)).isZero();
    long hits = memos.get(0).stats().hits();
    assertThat(memos.get(0).apply(1)).isEqualTo(1);
    assertThat(memos.get(0).stats().hits()).isEqualTo(hits + 1);
    assertThat(sum(memos, MemoStats::runs)).isEqualTo(2);
  }

  private static long sum(List<Memo<Integer, Integer>> memos, ToLongFunction<MemoStats> what) {
    return memos.stream().mapToLong(memo -> what.applyAsLong(memo.stats())).sum();
  }

  @Test
  void aMemoKeepsWhatItWasBuiltWithWhateverItsBuilderIsToldLater() {
    MemoBuilder<Integer, String> builder =
        Memo.<Integer, String>builder(Members.name(), k -> k + " of " + runs.incrementAndGet())
            .mode(Mode.LOCAL)
            .key(k -> k / 10);
    try (Memo<Integer, String> first = builder.build(members.cluster.node(0))) {
      builder.mode(Mode.DISTRIBUTED).version("2").key(k -> -k);
      assertThat(first.apply(11)).isEqualTo("1 of 1");
      try (Memo<Integer, String> second = builder.build(members.cluster.node(0))) {
        assertThat(second.apply(11)).isEqualTo("-11 of 2");
        assertThat(first.apply(19)).isEqualTo("1 of 1");
        assertThat(Members.node(first).store().mode()).isEqualTo(Mode.LOCAL);
        assertThat(Members.node(second).store().mode()).isEqualTo(Mode.DISTRIBUTED);
      }
    }
  }

  /** The defaults are what the manual says. */
  @Test
  void aBuilderThatIsToldNothingMakesADistributedMemoThatForgetsNothing() {
    Memo<Integer, Integer> memo =
        Memo.builder(Members.name(), (Integer k) -> runs.incrementAndGet())
            .build(members.cluster.node(0));
    assertThat(Members.node(memo).store().mode()).isEqualTo(Mode.DISTRIBUTED);
    assertThat(memo.apply(1)).isEqualTo(1);
    Members.stored(memo, 1, 1);
    members.tick(Duration.ofDays(20_000).toSeconds());
    assertThat(memo.apply(1)).isEqualTo(1);
    assertThat(memo.stats().stale() + memo.stats().refreshes()).isZero();
  }

  // ---- bad input

  @Test
  void otherOptionsForANameAreRefusedEverywhereAndNothingIsHalfRegistered() {
    String name = Members.name();
    Memo<Integer, Integer> first =
        Memo.builder(name, (Integer k) -> k)
            .timeToLive(Duration.ofMinutes(5))
            .build(members.cluster.node(0));
    for (Mode mode : Mode.values()) {
      assertThatThrownBy(
              () -> Memo.builder(name, (Integer k) -> k).mode(mode).build(members.cluster.node(1)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("memo '" + name + "'")
          .hasMessageContaining("timeToLive=PT5M")
          .hasMessageContaining("here mode=" + mode)
          .hasMessageContaining("another version or name");
    }
    try (Memo<Integer, Integer> same =
        Memo.builder(name, (Integer k) -> -k)
            .timeToLive(Duration.ofMinutes(5))
            .waitTimeout(Duration.ofHours(1)) // its own affair
            .build(members.cluster.node(1))) {
      assertThat(first.apply(1)).isEqualTo(1);
      Members.stored(same, 1, 1);
      assertThat(same.apply(1)).isEqualTo(1);
    }
    try (Memo<Integer, Integer> other =
        Memo.builder(name, (Integer k) -> -k).version("2").build(members.cluster.node(1))) {
      assertThat(other.apply(1)).isEqualTo(-1);
    }
  }

  /** What could not be opened binds nobody to its options. */
  @Test
  void aMemoThatCouldNotBeOpenedLeavesNothingBehind() {
    String name = Members.name();
    Cluster node = members.cluster.node(0);
    Store inTheWay =
        node.unwrap(Node.class)
            .store(
                new MemoId(name, "", Mode.DISTRIBUTED).store(), CacheOptions.of(Mode.REPLICATED));
    assertThatThrownBy(() -> Memo.builder(name, (Integer k) -> k).build(node))
        .isInstanceOf(RuntimeException.class);
    inTheWay.destroy();
    try (Memo<Integer, Integer> memo =
        Memo.builder(name, (Integer k) -> k).timeToLive(Duration.ofMinutes(5)).build(node)) {
      assertThat(memo.apply(1)).isEqualTo(1);
    }
  }

  @Test
  void whatMakesNoSenseIsRefusedByName() {
    MemoBuilder<Integer, Integer> builder = Memo.builder("price", (Integer k) -> k);
    Duration less = Duration.ofSeconds(-1);
    for (Runnable call :
        List.<Runnable>of(
            () -> builder.timeToLive(less),
            () -> builder.maxIdle(less),
            () -> builder.staleWhileRevalidate(less),
            () -> builder.staleIfError(less),
            () -> builder.softTimeout(less),
            () -> builder.hardTimeout(less),
            () -> builder.waitTimeout(less))) {
      assertThatThrownBy(call::run)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("memo 'price'")
          .hasMessageContaining("is PT-1S")
          .hasMessageContaining("give at least 1 ms");
    }
    for (Runnable call :
        List.<Runnable>of(
            () -> builder.jitter(1.5),
            () -> builder.refreshAhead(Double.NaN),
            () -> builder.earlyRefresh(-1),
            () -> builder.maximumSize(0),
            () -> builder.maxConcurrent(0),
            () -> builder.maximumWeight(0, (k, v) -> 1))) {
      assertThatThrownBy(call::run)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("memo 'price'");
    }
    Cluster node = members.cluster.node(0);
    for (MemoBuilder<Integer, Integer> alone :
        List.of(
            Memo.builder("price", (Integer k) -> k).refreshAhead(0.8),
            Memo.builder("price", (Integer k) -> k).jitter(0.1),
            Memo.builder("price", (Integer k) -> k).softTimeout(Duration.ofSeconds(1)))) {
      assertThatThrownBy(() -> alone.build(node))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("memo 'price'")
          .hasMessageContaining("give ");
    }
    assertThatThrownBy(
            () -> Memo.builder("price", MemoOperationsTest.<TriFunction<?, ?, ?, ?>>cast(null)))
        .isInstanceOf(NullPointerException.class)
        .hasMessageContaining("memo 'price'");
    assertThatThrownBy(() -> builder.bulk(k -> Map.of(), batch -> batch.maxSize(0)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("memo 'price'");
    assertThatThrownBy(() -> builder.bulk(k -> Map.of(), batch -> batch.linger(less)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("memo 'price'");
    assertThat(new TreeSet<>(node.cacheNames())).noneMatch(cache -> cache.contains("price"));
  }

  @SuppressWarnings({"unchecked", "NullAway", "TypeParameterUnusedInFormals"})
  private static <T> T cast(@org.jspecify.annotations.Nullable Object object) {
    return (T) object;
  }
}
