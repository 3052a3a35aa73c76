/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Mode;

/** Calls deep down a stack, and user code that throws errors: the memo goes on for all others. */
@Timeout(120)
class MemoDepthTest {
  /** Several times what a default stack takes; the work grows with the square. */
  private static final int DEPTH = 1_500;

  @RegisterExtension private static final Members members = new Members();

  @ParameterizedTest
  @EnumSource(names = {"LOCAL", "DISTRIBUTED"})
  void aRecursionMayBeDeeperThanAnyStack(Mode mode) throws Exception {
    List<Memo<Integer, Long>> fib = new ArrayList<>();
    fib.addAll(
        members.open(
            mode,
            n -> n < 2 ? (long) n : fib.get(0).apply(n - 1) + fib.get(0).apply(n - 2),
            memo -> memo));
    long before = 0;
    long expected = 1;
    for (int n = 2; n <= DEPTH; n++) {
      long next = before + expected; // beyond 2^63, as the memo's
      before = expected;
      expected = next;
    }
    assertThat(Members.get(members.call(() -> fib.get(0).apply(DEPTH)))).isEqualTo(expected);
    assertThat(Members.get(members.call(() -> fib.get(0).apply(DEPTH + 1))))
        .isEqualTo(expected + before);
  }

  /**
   * 1. The caller's own recursion uses its stack up; 2. it overflows in the memo, maybe while this
   * thread has the core's turn; 3. other threads call the memo.
   */
  @ParameterizedTest
  @EnumSource(names = {"LOCAL", "DISTRIBUTED"})
  void aStackThatEndsInACallLeavesTheMemoWhole(Mode mode) throws Exception {
    Memo<Integer, Integer> memo = members.open(mode, (Integer k) -> k, b -> b).get(0);
    for (int i = 0; i < 4; i++) {
      AtomicInteger reached = new AtomicInteger(i * 100_000);
      AtomicBoolean overflown = new AtomicBoolean();
      Thread thread =
          new Thread(
              null,
              () -> {
                try {
                  descend(memo, reached);
                } catch (StackOverflowError e) {
                  overflown.set(true);
                }
              },
              "deep",
              300_000L + i * 3_000L);
      thread.start();
      thread.join(60_000);
      assertThat(overflown).isTrue();
      int last = reached.get();
      for (int key = last - 2; key <= last + 2; key++) {
        int asked = key;
        assertThat(Members.get(members.call(() -> memo.apply(asked)))).isEqualTo(key);
      }
      members.call(() -> invalidate(memo, last)).get();
    }
  }

  @SuppressWarnings("InfiniteRecursion") // until its stack ends: that is the test
  private static void descend(Memo<Integer, Integer> memo, AtomicInteger reached) {
    int unused = memo.apply(reached.incrementAndGet());
    descend(memo, reached);
  }

  private static boolean invalidate(Memo<Integer, Integer> memo, int key) {
    memo.invalidate(key);
    return true;
  }

  @ParameterizedTest
  @EnumSource(names = {"LOCAL", "DISTRIBUTED"})
  void anErrorOfTheListenerConcernsNobody(Mode mode) throws Exception {
    Memo<Integer, Integer> memo =
        members
            .open(
                mode,
                (Integer k) -> {
                  if (k < 0) {
                    throw new IllegalStateException("below zero");
                  }
                  return k;
                },
                b ->
                    b.maxConcurrent(1)
                        .listener(
                            event -> {
                              throw new AssertionError("no such");
                            }))
            .get(0);
    for (int key = 0; key < 3; key++) {
      int asked = key;
      assertThat(Members.get(members.call(() -> memo.apply(asked)))).isEqualTo(key);
    }
    Members.stored(memo, 0, 0);
    assertThat(members.call(() -> memo.apply(-1)))
        .failsWithin(java.time.Duration.ofSeconds(60))
        .withThrowableThat()
        .withMessageContaining("below zero");
  }

  /** The log is code of others too. */
  @Test
  void aTurnGoesOnAlsoIfNobodyHearsOfAFailure() {
    Turns turns =
        new Turns(
            e -> {
              throw new AssertionError("not heard", e);
            });
    List<Integer> handled = new ArrayList<>();
    turns.open();
    turns.add(
        () -> {
          throw new IllegalStateException("an event");
        });
    turns.add(() -> handled.add(1));
    assertThat(handled).containsExactly(1);
  }
}
