/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheEvent;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Expiry;
import org.memogrid.cache.Locking;
import org.memogrid.cache.Mode;
import org.memogrid.cache.TransactionConflictException;
import org.memogrid.cache.Transactions;
import org.memogrid.internal.engine.Timing;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.TestCluster;

/** What transactions promise, with either locking, in each mode that has them. */
@ParameterizedClass(name = "{0}")
@MethodSource("setups")
class TransactionsTest {
  private static final Map<Integer, TestCluster> CLUSTERS = new HashMap<>();
  private static final AtomicInteger NAMES = new AtomicInteger();
  private static final int ATTEMPTS = 200;

  /** Longer than anybody holds one here who does not wait for one. */
  private static final Duration LOCK = Duration.ofSeconds(5);

  private final Setup setup;
  private final TestCluster cluster;
  private final List<List<Cache<String, Integer>>> opened = new ArrayList<>();

  record Setup(Mode mode, int nodes, Locking locking) {
    @Override
    public String toString() {
      return mode + " on " + nodes + " " + locking;
    }
  }

  static Stream<Setup> setups() {
    List<Setup> setups = new ArrayList<>();
    Pattern chosen = Pattern.compile(System.getProperty("memogrid.test.setups", ""));
    for (Locking locking : Locking.values()) {
      setups.add(new Setup(Mode.LOCAL, 1, locking));
      for (int nodes = 1; nodes <= 3; nodes++) {
        setups.add(new Setup(Mode.REPLICATED, nodes, locking));
        setups.add(new Setup(Mode.DISTRIBUTED, nodes, locking));
      }
    }
    return setups.stream().filter(setup -> chosen.matcher(setup.toString()).find());
  }

  TransactionsTest(Setup setup) {
    this.setup = setup;
    this.cluster =
        CLUSTERS.computeIfAbsent(
            setup.nodes, nodes -> TestCluster.of(nodes, TransactionsTest::soonWithoutALock));
  }

  private static ClusterBuilder soonWithoutALock(ClusterBuilder builder) {
    return builder.closeOnExit(false).timing(Timing.DEFAULT.withLock(LOCK));
  }

  @AfterEach
  void destroyCaches() {
    opened.forEach(handles -> handles.get(0).destroy());
  }

  @AfterAll
  static void stopClusters() {
    CLUSTERS.values().forEach(TestCluster::close);
    CLUSTERS.clear();
  }

  /** Handles, one per node. */
  private List<Cache<String, Integer>> open() {
    String name = "tx-" + NAMES.incrementAndGet();
    CacheOptions options = CacheOptions.of(setup.mode).transactional(setup.locking);
    List<Cache<String, Integer>> handles = new ArrayList<>();
    cluster.nodes().forEach(node -> handles.add(node.cache(name, options)));
    opened.add(handles);
    return handles;
  }

  private Cluster node(int i) {
    return cluster.node(i % setup.nodes);
  }

  private <T> T turn(List<T> handles, int i) {
    return handles.get(i % handles.size());
  }

  private boolean optimistic() {
    return setup.locking == Locking.OPTIMISTIC;
  }

  private static int number(@Nullable Integer value) {
    return value == null ? 0 : value;
  }

  /** Runs work at the same time, and returns what each returned. */
  @CanIgnoreReturnValue
  private static <T> List<T> together(List<Callable<T>> work) {
    ExecutorService threads = Executors.newFixedThreadPool(work.size());
    try {
      List<T> results = new ArrayList<>();
      for (Future<T> each : threads.invokeAll(work)) {
        results.add(each.get());
      }
      return results;
    } catch (InterruptedException | ExecutionException e) {
      throw new AssertionError("one of the calls failed", e.getCause() == null ? e : e.getCause());
    } finally {
      threads.shutdown();
    }
  }

  @CanIgnoreReturnValue
  private static <T> T elsewhere(Callable<T> work) {
    return together(List.of(work)).get(0);
  }

  @Test
  void whatSeveralCachesGetIsThereTogether() {
    List<Cache<String, Integer>> left = open();
    List<Cache<String, Integer>> right = open();
    int answer =
        Transactions.call(
            node(0),
            () -> {
              left.get(0).put("a", 1);
              right.get(0).put("b", 2);
              left.get(0).putAll(Map.of("c", 3, "d", 4));
              return 5;
            });
    assertThat(answer).isEqualTo(5);
    for (int i = 0; i < setup.nodes; i++) {
      assertThat(turn(left, i).getAll(Set.of("a", "b", "c", "d")))
          .containsExactlyInAnyOrderEntriesOf(Map.of("a", 1, "c", 3, "d", 4));
      assertThat(turn(right, i).get("b")).isEqualTo(2);
    }
  }

  @Test
  void whatThrowsLeavesNothingBehind() {
    List<Cache<String, Integer>> left = open();
    List<Cache<String, Integer>> right = open();
    left.get(0).put("a", 1);
    assertThatThrownBy(
            () ->
                Transactions.run(
                    node(0),
                    () -> {
                      left.get(0).put("a", 10);
                      left.get(0).put("new", 10);
                      right.get(0).put("b", 20);
                      throw new java.io.IOException("no");
                    }))
        .isInstanceOf(java.io.IOException.class)
        .hasMessage("no");
    for (int i = 0; i < setup.nodes; i++) {
      assertThat(turn(left, i).get("a")).isEqualTo(1);
      assertThat(turn(left, i).get("new")).isNull();
      assertThat(turn(left, i).size()).isEqualTo(1);
      assertThat(turn(right, i).get("b")).isNull();
    }
    left.get(0).put("a", 2); // no lock is left
    assertThat(turn(left, 1).get("a")).isEqualTo(2);
  }

  @Test
  void aTransactionReadsItsOwnWritesAndNobodyElseDoesBeforeItHasCommitted() {
    List<Cache<String, Integer>> handles = open();
    handles.get(0).putAll(Map.of("old", 1, "gone", 2, "kept", 3));
    Cache<String, Integer> mine = handles.get(0);
    Transactions.run(
        node(0),
        () -> {
          mine.put("old", 10);
          mine.put("new", 20);
          assertThat(mine.remove("gone")).isEqualTo(2);
          Map<String, Integer> own = Map.of("old", 10, "new", 20, "kept", 3);
          assertThat(mine.get("old")).isEqualTo(10);
          assertThat(mine.get("gone")).isNull();
          assertThat(mine.containsKey("new")).isTrue();
          assertThat(mine.getAll(Set.of("old", "new", "gone", "kept")))
              .containsExactlyInAnyOrderEntriesOf(own);
          assertThat(mine.size()).isEqualTo(3);
          assertThat(mine.asMap()).containsExactlyInAnyOrderEntriesOf(own);
          for (int i = 0; i < setup.nodes; i++) {
            Cache<String, Integer> other = turn(handles, i);
            assertThat(elsewhere(() -> other.getAll(Set.of("old", "new", "gone", "kept"))))
                .containsExactlyInAnyOrderEntriesOf(Map.of("old", 1, "gone", 2, "kept", 3));
            assertThat(elsewhere(other::size)).isEqualTo(3);
          }
        });
    for (int i = 0; i < setup.nodes; i++) {
      assertThat(turn(handles, i).asMap())
          .containsExactlyInAnyOrderEntriesOf(Map.of("old", 10, "new", 20, "kept", 3));
    }
  }

  @Test
  void noIncrementIsLost() {
    List<Cache<String, Integer>> handles = open();
    int threads = 4;
    int each = 15;
    together(
        numbered(
            threads,
            i -> {
              for (int n = 0; n < each; n++) {
                Transactions.run(
                    node(i),
                    ATTEMPTS,
                    () -> {
                      Cache<String, Integer> cache = turn(handles, i);
                      cache.put("n", number(cache.get("n")) + 1);
                    });
              }
              return i;
            }));
    assertThat(handles.get(0).get("n")).isEqualTo(threads * each);
  }

  /** Also the conditional ones that are transactions of their own, beside those of others. */
  @Test
  void noUpdateIsLostWithinTransactionsAndOutside() {
    List<Cache<String, Integer>> handles = open();
    int each = 15;
    together(
        numbered(
            4,
            i -> {
              Cache<String, Integer> cache = turn(handles, i);
              for (int n = 0; n < each; n++) {
                if (i % 2 == 0) {
                  cache.update("n", old -> number(old) + 1);
                } else {
                  Transactions.run(
                      node(i), ATTEMPTS, () -> cache.update("n", old -> number(old) + 1));
                }
              }
              return i;
            }));
    assertThat(handles.get(0).get("n")).isEqualTo(4 * each);
  }

  @Test
  void whatIsThereOnceStaysThereOnce() {
    List<Cache<String, Integer>> left = open();
    List<Cache<String, Integer>> right = open();
    int accounts = 4;
    for (int a = 0; a < accounts; a++) {
      left.get(0).put("a" + a, 100);
      right.get(0).put("a" + a, 100);
    }
    AtomicBoolean over = new AtomicBoolean();
    List<Callable<Integer>> work = new ArrayList<>();
    AtomicInteger movers = new AtomicInteger(2);
    for (int i = 0; i < 2; i++) {
      int mover = i;
      work.add(
          () -> {
            Random random = new Random(mover);
            try {
              for (int n = 0; n < 20; n++) {
                String from = "a" + random.nextInt(accounts);
                String to = "a" + random.nextInt(accounts);
                int amount = random.nextInt(50);
                Transactions.run(
                    node(mover),
                    ATTEMPTS,
                    () -> {
                      Cache<String, Integer> source = turn(left, mover);
                      Cache<String, Integer> target = turn(right, mover);
                      source.put(from, number(source.get(from)) - amount);
                      target.put(to, number(target.get(to)) + amount);
                    });
              }
            } finally {
              over.set(movers.decrementAndGet() == 0);
            }
            return 0;
          });
    }
    work.add(
        () -> {
          int reads = 0;
          while (!over.get()) {
            int sum =
                Transactions.call(
                    node(1),
                    ATTEMPTS,
                    () -> {
                      int all = 0;
                      for (int a = 0; a < accounts; a++) { // in the movers' order: no deadlocks
                        all += number(turn(left, 1).get("a" + a));
                      }
                      for (int a = 0; a < accounts; a++) {
                        all += number(turn(right, 1).get("a" + a));
                      }
                      return all;
                    });
            assertThat(sum).isEqualTo(2 * accounts * 100);
            reads++;
          }
          return reads;
        });
    together(work);
  }

  /** Two doctors are on call; each may leave if the other stays. */
  @Test
  void twoThatReadBothAndEachWriteOneDoNotBothCommit() {
    List<Cache<String, Integer>> handles = open();
    for (int round = 0; round < 5; round++) {
      handles.get(0).putAll(Map.of("x", 1, "y", 1));
      CyclicBarrier both = new CyclicBarrier(2);
      together(
          numbered(
              2,
              i -> {
                Cache<String, Integer> cache = turn(handles, i);
                AtomicBoolean first = new AtomicBoolean(optimistic());
                Transactions.run(
                    node(i),
                    ATTEMPTS,
                    () -> {
                      int there = number(cache.get("x")) + number(cache.get("y"));
                      if (first.getAndSet(false)) {
                        both.await(60, TimeUnit.SECONDS);
                      }
                      if (there == 2) {
                        cache.put(i == 0 ? "x" : "y", 0);
                      }
                    });
                return i;
              }));
      assertThat(number(handles.get(0).get("x")) + number(handles.get(0).get("y")))
          .as("round %s", round)
          .isEqualTo(1);
    }
  }

  /** A key that was not there is read as much as one that was. */
  @Test
  void whatWasNotThereMayNotComeMeanwhile() {
    List<Cache<String, Integer>> handles = open();
    Cache<String, Integer> mine = handles.get(0);
    Cache<String, Integer> other = turn(handles, 1);
    CompletableFuture<Boolean> written = new CompletableFuture<>();
    Runnable meanwhile =
        () -> {
          other.put("absent", 1);
          written.complete(true);
        };
    Callable<Integer> work =
        () ->
            Transactions.call(
                node(0),
                () -> {
                  assertThat(mine.get("absent")).isNull();
                  Thread writer = new Thread(meanwhile, "meanwhile");
                  writer.start();
                  if (optimistic()) {
                    written.get(60, TimeUnit.SECONDS);
                  }
                  mine.put("seen", 0);
                  return 0;
                });
    if (optimistic()) {
      assertThatThrownBy(work::call)
          .isInstanceOf(TransactionConflictException.class)
          .hasMessageContaining("absent")
          .hasMessageContaining(mine.name());
      assertThat(mine.get("seen")).isNull();
    } else {
      assertThat(elsewhere(work)).isZero(); // who wrote it waited
      Await.until("the other's write", () -> written.isDone() && other.get("absent") != null);
      assertThat(mine.get("seen")).isZero();
    }
  }

  /**
   * 1. A reads an entry. 2. B removes it and makes another of the same key. 3. A must not write
   * what it made of the first.
   */
  @Test
  void anEntryThatWasMadeAnewIsAnother() {
    List<Cache<String, Integer>> handles = open();
    Cache<String, Integer> mine = handles.get(0);
    Cache<String, Integer> other = turn(handles, 1);
    mine.put("k", 1);
    Callable<Integer> work =
        () ->
            Transactions.call(
                node(0),
                () -> {
                  int read = number(mine.get("k"));
                  if (optimistic()) {
                    elsewhere(
                        () -> {
                          other.remove("k");
                          other.put("k", 5);
                          return 0;
                        });
                  }
                  mine.put("k", read + 1);
                  return 0;
                });
    if (optimistic()) {
      assertThatThrownBy(work::call).isInstanceOf(TransactionConflictException.class);
      assertThat(other.get("k")).isEqualTo(5);
    } else {
      assertThat(elsewhere(work)).isZero();
      assertThat(other.get("k")).isEqualTo(2);
    }
  }

  @Test
  void listenersHearOfCommitsAlone() {
    List<Cache<String, Integer>> handles = open();
    List<String> heard = new CopyOnWriteArrayList<>();
    var registration =
        turn(handles, 1)
            .listen(
                event -> heard.add(event.type() + " " + event.key() + " " + event.value()),
                CacheEvent.Type.CREATED,
                CacheEvent.Type.UPDATED,
                CacheEvent.Type.REMOVED);
    try (registration) {
      assertThatThrownBy(
              () ->
                  Transactions.run(
                      node(0),
                      () -> {
                        handles.get(0).put("k", 1);
                        throw new IllegalArgumentException("no");
                      }))
          .isInstanceOf(IllegalArgumentException.class);
      Transactions.run(
          node(0),
          () -> {
            handles.get(0).put("k", 2);
            handles.get(0).put("k", 3);
            assertThat(heard).isEmpty();
          });
      Await.until("the event", () -> !heard.isEmpty());
      assertThat(Transactions.call(node(0), () -> number(handles.get(0).get("k"))))
          .isEqualTo(3); // no event
      Transactions.run(node(0), () -> handles.get(0).remove("k"));
      Await.until("the events", () -> heard.size() >= 2);
      assertThat(heard).containsExactly("CREATED k 3", "REMOVED k 3");
    }
  }

  @Test
  void anInnerTransactionJoinsTheOuter() {
    List<Cache<String, Integer>> handles = open();
    Cache<String, Integer> cache = handles.get(0);
    Transactions.run(
        node(0),
        () -> {
          cache.put("a", 1);
          Transactions.run(node(0), () -> cache.put("b", number(cache.get("a")) + 1));
          assertThat(elsewhere(() -> turn(handles, 1).containsKey("b"))).isFalse();
        });
    assertThat(turn(handles, 1).get("b")).isEqualTo(2);
    assertThatThrownBy(
            () ->
                Transactions.run(
                    node(0),
                    () -> {
                      cache.put("c", 1);
                      try {
                        Transactions.run(
                            node(0),
                            () -> {
                              throw new IllegalArgumentException("inner");
                            });
                      } catch (IllegalArgumentException swallowed) {
                        // The whole can't commit any more.
                      }
                    }))
        .hasMessageContaining("rolled back");
    assertThat(cache.get("c")).isNull();
  }

  @Test
  void whoWaitsForEachOtherIsReleased() {
    List<Cache<String, Integer>> handles = open();
    CyclicBarrier both = new CyclicBarrier(2);
    CountDownLatch committed = new CountDownLatch(1);
    List<String> ends =
        together(
            numbered(
                2,
                i -> {
                  Cache<String, Integer> cache = turn(handles, i);
                  try {
                    Transactions.run(
                        node(i),
                        () -> {
                          cache.put(i == 0 ? "x" : "y", i);
                          both.await(60, TimeUnit.SECONDS);
                          cache.put(i == 0 ? "y" : "x", i);
                        });
                    committed.countDown();
                    return "committed";
                  } catch (TransactionConflictException e) {
                    return "" + e.getMessage();
                  }
                }));
    if (!optimistic()) {
      assertThat(ends)
          .anySatisfy(end -> assertThat(end).contains("key").contains(handles.get(0).name()));
    }
    Transactions.run(
        node(1),
        () -> {
          turn(handles, 1).put("x", 5);
          turn(handles, 1).put("y", 5);
        });
    assertThat(handles.get(0).getAll(Set.of("x", "y"))).isEqualTo(Map.of("x", 5, "y", 5));
  }

  @Test
  void whoReadsOutsideOfTransactionsDoesNotWait() {
    List<Cache<String, Integer>> handles = open();
    handles.get(0).put("k", 1);
    Transactions.run(
        node(0),
        () -> {
          handles.get(0).put("k", 2);
          for (int i = 0; i < setup.nodes; i++) {
            Cache<String, Integer> cache = turn(handles, i);
            // Who waited would have to until the transaction ends, which is after this.
            assertThat(CompletableFuture.supplyAsync(() -> cache.get("k")))
                .succeedsWithin(Await.LONG)
                .isEqualTo(1);
          }
        });
  }

  @Test
  void whatATransactionCannotDoIsRefused() {
    Cache<String, Integer> cache = open().get(0);
    cache.put("k", 1);
    assertThatThrownBy(() -> Transactions.run(node(0), cache::clear))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(cache.name())
        .hasMessageContaining("clear");
    assertThatThrownBy(() -> cache.put("k", 2, Expiry.idle(Duration.ofSeconds(1))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("idle");
    assertThat(cache.get("k")).isEqualTo(1);
    cache.clear();
    assertThat(cache.size()).isZero();
  }

  @Test
  void anEntryEndsAlsoIfATransactionWroteIt() {
    List<Cache<String, Integer>> handles = open();
    Transactions.run(
        node(0),
        () -> {
          handles.get(0).put("k", 1, Expiry.ttl(Duration.ofMillis(300)));
          assertThat(handles.get(0).get("k")).isEqualTo(1);
        });
    Await.until("its end", () -> turn(handles, 1).get("k") == null);
    assertThat(handles.get(0).get("k")).isNull();
  }

  @Test
  void anotherOptionIsRefused() {
    Cache<String, Integer> cache = open().get(0);
    assertThatThrownBy(() -> node(0).cache(cache.name(), CacheOptions.of(setup.mode)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("transactional=" + setup.locking);
  }

  @Test
  void aSwallowedConflictStillEndsTheTransaction() {
    List<Cache<String, Integer>> handles = open();
    Cache<String, Integer> cache = handles.get(0);
    cache.put("k", 1);
    assertThatThrownBy(
            () ->
                Transactions.run(
                    node(0),
                    () -> {
                      cache.put("k", 2);
                      try {
                        cache.clear();
                      } catch (IllegalStateException swallowed) {
                        // refused, and nothing is wrong with the transaction
                      }
                      try {
                        Transactions.run(
                            node(0),
                            () -> {
                              throw new TransactionConflictException("lost", new Exception());
                            });
                      } catch (TransactionConflictException swallowed) {
                        cache.put("k", 3);
                      }
                    }))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("too late");
    assertThat(cache.get("k")).isEqualTo(1);
  }

  private static <T> List<Callable<T>> numbered(int count, Numbered<T> work) {
    List<Callable<T>> all = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int number = i;
      all.add(() -> work.run(number));
    }
    return all.stream().collect(Collectors.toList());
  }

  /** Work that knows which of several it is. */
  private interface Numbered<T> {
    T run(int number) throws Exception;
  }
}
