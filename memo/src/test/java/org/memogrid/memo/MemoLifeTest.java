/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.TestTiming;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.TestCluster;

/** How long a result is remembered, by a clock that moves when it is told to. */
@Timeout(120)
class MemoLifeTest {
  private final AtomicLong now = new AtomicLong(1_700_000_000_000L);
  private final InstantSource clock = () -> Instant.ofEpochMilli(now.get());
  private final AtomicInteger runs = new AtomicInteger();

  private void tick(long seconds) {
    now.addAndGet(seconds * 1_000);
  }

  private TestCluster cluster() {
    return TestCluster.of(
        1, node -> TestTiming.clock(TestTiming.timing(node, TestTiming.ONE_AFTER_ANOTHER), clock));
  }

  private MemoBuilder<Integer, Integer> counting(Mode mode) {
    return Memo.<Integer, Integer>builder("counting", k -> runs.incrementAndGet()).mode(mode);
  }

  @ParameterizedTest
  @EnumSource
  void aResultIsForgottenWhenItsTimeIsUpAndNotBefore(Mode mode) {
    try (TestCluster members = cluster()) {
      Cluster node = members.node(0);
      Memo<Integer, Integer> memo = counting(mode).timeToLive(Duration.ofSeconds(100)).build(node);
      assertThat(memo.apply(1)).isEqualTo(1);
      stored(memo);
      tick(98);
      assertThat(memo.apply(1)).isEqualTo(1);
      assertThat(memo.peek(1)).contains(1);
      tick(3);
      assertThat(memo.peek(1)).isEmpty();
      assertThat(memo.apply(1)).isEqualTo(2);
      stored(memo);
      tick(98); // a life of its own
      assertThat(memo.apply(1)).isEqualTo(2);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"LOCAL", "INVALIDATED"})
  void aResultInUseStaysAndAnIdleOneIsForgotten(Mode mode) {
    try (TestCluster members = cluster()) {
      Memo<Integer, Integer> memo =
          counting(mode).maxIdle(Duration.ofSeconds(100)).build(members.node(0));
      assertThat(memo.apply(1)).isEqualTo(1);
      stored(memo);
      for (int i = 0; i < 5; i++) {
        tick(90);
        assertThat(memo.apply(1)).isEqualTo(1);
        renewed(memo);
      }
      tick(100);
      assertThat(memo.apply(1)).isEqualTo(1);
      renewed(memo);
      tick(126);
      assertThat(memo.apply(1)).isEqualTo(2);
    }
  }

  /** By the process's own clock: the one that the tests set makes an Instant of each look at it. */
  @ParameterizedTest
  @EnumSource
  void aHitAllocatesNothing(Mode mode) {
    try (TestCluster members = TestCluster.of(1)) {
      assertAllocatesNothing(
          counting(mode).timeToLive(Duration.ofSeconds(100)).build(members.node(0)));
    }
  }

  /** As long as it is far from being old, it is looked at near by and no clock is asked. */
  @ParameterizedTest
  @EnumSource
  void aHitOnWhatMayGrowOldAllocatesNothingEither(Mode mode) {
    try (TestCluster members = TestCluster.of(1)) {
      Memo<Integer, Integer> memo =
          counting(mode)
              .timeToLive(Duration.ofSeconds(100))
              .refreshAhead(0.9)
              .staleWhileRevalidate(Duration.ofSeconds(10))
              .build(members.node(0));
      assertThat(memo.apply(1)).isEqualTo(1);
      stored(memo);
      assertThat(memo.apply(1)).isEqualTo(1);
      MemoNode node = ((MemoHandle<Integer, Integer>) memo).node();
      assertThat(isNear(node)).isTrue();
      assertAllocatesNothing(memo);
    }
  }

  /** What is due is not taken for fresh because it is near. */
  @ParameterizedTest
  @EnumSource
  void whatIsOldIsNotLookedAtNearBy(Mode mode) {
    try (TestCluster members = cluster()) {
      Memo<Integer, Integer> memo =
          counting(mode)
              .timeToLive(Duration.ofSeconds(100))
              .refreshAhead(0.9)
              .staleIfError(Duration.ofSeconds(100))
              .build(members.node(0));
      assertThat(memo.apply(1)).isEqualTo(1);
      stored(memo);
      MemoNode node = ((MemoHandle<Integer, Integer>) memo).node();
      assertThat(memo.apply(1)).isEqualTo(1);
      tick(89);
      assertThat(memo.apply(1)).isEqualTo(1);
      assertThat(isNear(node)).isTrue();
      tick(2);
      assertThat(isNear(node)).isFalse();
      assertThat(memo.stats().refreshes()).isZero();
      assertThat(memo.apply(1)).isEqualTo(1);
      assertThat(memo.stats().refreshes()).isEqualTo(1);
    }
  }

  private static boolean isNear(MemoNode node) {
    return node.near(1) != null || node.nearValue(1) != null;
  }

  private static void assertAllocatesNothing(Memo<Integer, Integer> memo) {
    Integer key = 1;
    assertThat(memo.apply(key)).isEqualTo(1);
    stored(memo);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long least = Long.MAX_VALUE;
    int hits = 20_000;
    for (int round = 0; round < 10; round++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < hits; i++) {
        if (memo.apply(key) != 1) {
          throw new AssertionError("a run");
        }
      }
      least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
    }
    // A counter may grow a cell or a list of cells; not one byte per hit.
    assertThat(least).as("bytes of %s hits", hits).isLessThan(hits / 10);
  }

  /** The value is sent behind the answer. */
  private static void stored(Memo<Integer, Integer> memo) {
    MemoNode node = ((MemoHandle<Integer, Integer>) memo).node();
    Await.until("the value is stored", () -> node.here(1) != null && node.onItsWay(1).isEmpty());
  }

  private static void renewed(Memo<Integer, Integer> memo) {
    MemoNode node = ((MemoHandle<Integer, Integer>) memo).node();
    Await.until("all uses are told", node::isQuiet);
  }
}
