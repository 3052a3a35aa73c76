/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.Member;
import org.memogrid.cluster.TestTiming;
import org.memogrid.internal.node.Node;
import org.memogrid.internal.store.Envelope;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.TestCluster;

/**
 * Three members of one cluster, with a clock that moves when it is told to, and callers: for all
 * tests of a class.
 */
final class Members implements AfterAllCallback {
  private static final AtomicInteger NAMES = new AtomicInteger();

  final TestCluster cluster;
  final ExecutorService callers = Executors.newCachedThreadPool();
  private final AtomicLong now = new AtomicLong(1_700_000_000_000L);

  Members() {
    InstantSource clock = () -> Instant.ofEpochMilli(now.get());
    cluster =
        TestCluster.of(
            3,
            node -> TestTiming.clock(TestTiming.timing(node, TestTiming.ONE_AFTER_ANOTHER), clock));
  }

  void tick(long seconds) {
    tick(Duration.ofSeconds(seconds));
  }

  void tick(Duration length) {
    now.addAndGet(length.toMillis());
  }

  static String name() {
    return "options-" + NAMES.incrementAndGet();
  }

  /** One memo on each member (in LOCAL: on the first), of the same function and options. */
  <K, V> List<Memo<K, V>> open(
      Mode mode, Function<? super K, ? extends V> fn, UnaryOperator<MemoBuilder<K, V>> options) {
    String name = name();
    List<Memo<K, V>> memos = new ArrayList<>();
    for (Cluster node : mode == Mode.LOCAL ? List.of(cluster.node(0)) : cluster.nodes()) {
      memos.add(options.apply(Memo.<K, V>builder(name, fn).mode(mode)).build(node));
    }
    return memos;
  }

  <T> Future<T> call(Callable<T> call) {
    return callers.submit(call);
  }

  /** Waits until the value that was computed is stored: it is sent behind the answer. */
  static <K, V> void stored(Memo<K, V> memo, K key, @Nullable V value) {
    MemoNode node = node(memo);
    Await.until(
        value + " is stored",
        () -> {
          Envelope entry = node.anywhere(key);
          return entry != null
              && Objects.equals(Payload.result(entry, node.codec()), value)
              && node.onItsWay(key).isEmpty(); // whoever ran knows it too
        });
  }

  /**
   * Waits until so many requests for the key wait at its home. Callers count as waiting on their
   * own member before the home has heard of them.
   */
  static <K> void waitAtHome(List<? extends Memo<K, ?>> memos, K key, int requests) {
    MemoNode any = node(memos.get(0));
    Member home = any.store().topology().home(key);
    MemoNode there =
        memos.stream()
            .map(Members::node)
            .filter(n -> n.self().equals(home))
            .findFirst()
            .orElseThrow();
    Await.until(
        requests + " requests for " + key + " wait at " + home,
        () -> {
          CompletableFuture<Integer> waiting = new CompletableFuture<>();
          there.feed(core -> waiting.complete(core.waitingAtHome(key)));
          return waiting.join() == requests;
        });
  }

  /**
   * Has the first member's timers stand still, until the latch that this returns is counted down:
   * what is due meanwhile comes late, on whatever machine.
   */
  CountDownLatch stopTimers() {
    CountDownLatch stopped = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    cluster
        .node(0)
        .unwrap(Node.class)
        .scheduler() // of one thread
        .execute(
            () -> {
              stopped.countDown();
              await(goOn);
            });
    await(stopped);
    return goOn;
  }

  static MemoNode node(Memo<?, ?> memo) {
    return ((MemoHandle<?, ?>) memo).node();
  }

  static <T> T get(Future<T> future) throws Exception {
    return future.get(60, TimeUnit.SECONDS);
  }

  static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void afterAll(ExtensionContext context) {
    callers.shutdownNow();
    cluster.close();
  }
}
