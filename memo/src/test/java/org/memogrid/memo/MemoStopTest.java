/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Mode;
import org.memogrid.testkit.Await;

/** Runs that nobody waits for stop, and nobody else notices. */
@Timeout(120)
class MemoStopTest {
  @RegisterExtension private static final Members members = new Members();

  /**
   * 1. A run of "outer" computes "inner" on its own thread; 2. somebody else waits for "inner"; 3.
   * who wanted "outer" leaves, so its thread is interrupted: in the midst of "inner".
   */
  @Test
  void aStopReachesARunAndNotTheOneWithinIt() throws Exception {
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    CompletableFuture<Boolean> stopped = new CompletableFuture<>();
    Memo<String, String> inner =
        members
            .open(
                Mode.LOCAL,
                (String k) -> {
                  inside.countDown();
                  Members.await(goOn);
                  return k;
                },
                b -> b)
            .get(0);
    Memo<String, String> outer =
        members
            .open(
                Mode.LOCAL,
                (String k) -> {
                  String got = inner.apply("inner");
                  stopped.complete(Thread.currentThread().isInterrupted());
                  return got;
                },
                b -> b)
            .get(0);
    CompletableFuture<String> left = outer.async("outer");
    Members.await(inside);
    Future<String> waits = members.call(() -> inner.apply("inner"));
    Await.until("both wait", () -> Members.node(inner).waiting() == 2);
    assertThat(left.cancel(true)).isTrue();
    // Told to stop before the inner run ends: later it would be interrupted where it waits for it.
    Await.until("nobody waits for the outer run", () -> Members.node(outer).waiting() == 0);
    goOn.countDown();
    assertThat(Members.get(waits)).isEqualTo("inner");
    assertThat(stopped.get(60, java.util.concurrent.TimeUnit.SECONDS))
        .as("interrupted once it was back")
        .isTrue();
  }

  @ParameterizedTest
  @EnumSource
  void anInterruptedCallerFailsAloneThoughOthersWaitForItsRun(Mode mode) throws Exception {
    AtomicReference<Thread> first = new AtomicReference<>();
    CountDownLatch running = new CountDownLatch(1);
    List<Memo<Integer, String>> memos =
        members.open(
            mode,
            k -> {
              if (first.compareAndSet(null, Thread.currentThread())) {
                running.countDown();
                Members.await(new CountDownLatch(1));
              }
              return "again";
            },
            b -> b);
    Future<String> interrupted = members.call(() -> memos.get(0).apply(1));
    Members.await(running);
    Memo<Integer, String> elsewhere = memos.get(memos.size() - 1);
    Future<String> here = members.call(() -> memos.get(0).apply(1));
    Future<String> there = members.call(() -> elsewhere.apply(1));
    int atOne = mode == Mode.LOCAL ? 3 : 2;
    Await.until("all wait", () -> Members.node(memos.get(0)).waiting() == atOne);
    if (mode != Mode.LOCAL) {
      Members.waitAtHome(memos, 1, 1);
    }
    requireNonNull(first.get()).interrupt();
    assertThatThrownBy(() -> Members.get(interrupted))
        .hasRootCauseInstanceOf(InterruptedException.class);
    assertThat(Members.get(here)).isEqualTo("again");
    assertThat(Members.get(there)).isEqualTo("again");
  }

  @Test
  void whatIsCancelledBeforeItsTurnIsNotRun() throws Exception {
    Set<Integer> ran = java.util.concurrent.ConcurrentHashMap.newKeySet();
    CountDownLatch running = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    AtomicBoolean waits = new AtomicBoolean();
    Memo<Integer, Integer> memo =
        members
            .open(
                Mode.LOCAL,
                (Integer k) -> {
                  ran.add(k);
                  if (k == 1) {
                    running.countDown();
                    Members.await(goOn);
                  }
                  return k;
                },
                b -> b.maxConcurrent(1))
            .get(0);
    Future<Integer> first = members.call(() -> memo.apply(1));
    Members.await(running);
    CompletableFuture<Integer> second = memo.async(2);
    Await.until("it waits for its turn", () -> waitsForAPermit(waits));
    second.cancel(true);
    goOn.countDown();
    assertThat(Members.get(first)).isEqualTo(1);
    assertThat(memo.apply(3)).isEqualTo(3);
    assertThat(ran).containsExactlyInAnyOrder(1, 3);
    assertThat(memo.apply(2)).isEqualTo(2);
  }

  private enum Moment {
    BEFORE_IT_CAN_BE_STOPPED,
    BEFORE_IT_BEGINS
  }

  /**
   * 1. A call without a thread of its own is told to compute; 2. it is cancelled, at one moment or
   * another on its way to the function; 3. the stop that follows must find its run.
   */
  @ParameterizedTest
  @EnumSource
  void whatIsCancelledOnItsWayToTheFunctionIsStopped(Moment moment) {
    MemoHandle<Integer, Integer> memo =
        (MemoHandle<Integer, Integer>)
            members
                .open(
                    Mode.LOCAL,
                    (Integer k) -> {
                      Members.await(new CountDownLatch(1)); // until it is stopped
                      return k;
                    },
                    b -> b)
                .get(0);
    Background.Starter<Integer> starting = memo.new Starting(null);
    AtomicReference<Background<Integer>> cancelled = new AtomicReference<>();
    CountDownLatch over = new CountDownLatch(1);
    Background<Integer> call =
        memo.newBackground(
            1,
            null,
            List.of(),
            null,
            new Background.Starter<>() {
              @Override
              public void expect(Runner.Run<Integer> run) {
                cancel(Moment.BEFORE_IT_CAN_BE_STOPPED);
                starting.expect(run);
              }

              @Override
              public void start(Runner.Run<Integer> run) {
                cancel(Moment.BEFORE_IT_BEGINS);
                starting.start(run);
                over.countDown();
              }

              private void cancel(Moment now) {
                if (now == moment) {
                  requireNonNull(cancelled.get()).abandon();
                  var unused = memo.waiting(); // the core has heard of it
                }
              }
            });
    cancelled.set(call);
    memo.node().call(memo, 1, call, List.of(), null, () -> {});
    Await.until("the run is over", () -> over.getCount() == 0);
    assertThat(memo.stats().failures()).as("a stop is no failure").isZero();
  }

  private static boolean waitsForAPermit(AtomicBoolean seen) {
    Thread.getAllStackTraces()
        .forEach(
            (thread, frames) -> {
              String stack = List.of(frames).toString();
              if (stack.contains("Semaphore.acquire") && stack.contains("Runner.compute")) {
                seen.set(true);
              }
            });
    return seen.get();
  }

  @Test
  void whatIsCancelledBeforeItsExecutorHasATurnIsNotRun() throws Exception {
    Queue<Runnable> later = new ArrayDeque<>();
    Set<Integer> ran = java.util.concurrent.ConcurrentHashMap.newKeySet();
    CountDownLatch handed = new CountDownLatch(2);
    Memo<Integer, Integer> memo =
        members
            .open(
                Mode.LOCAL,
                (Integer k) -> {
                  ran.add(k);
                  return k;
                },
                b ->
                    b.executor(
                        task -> {
                          synchronized (later) {
                            later.add(task);
                          }
                          handed.countDown();
                        }))
            .get(0);
    CompletableFuture<Integer> one = memo.async(1);
    CompletableFuture<Integer> two = memo.async(2);
    Members.await(handed);
    one.cancel(true);
    synchronized (later) {
      later.forEach(Runnable::run);
    }
    assertThat(Members.get(two)).isEqualTo(2);
    assertThat(ran).containsExactly(2);
  }

  @Test
  void whatIsCancelledBeforeItsBatchIsFullIsNotInIt() throws Exception {
    Queue<Set<Integer>> batches = new ConcurrentLinkedQueue<>();
    Memo<Integer, Integer> memo =
        members
            .open(
                Mode.LOCAL,
                (Integer k) -> k,
                b ->
                    b.bulk(
                        keys -> {
                          batches.add(Set.copyOf(keys));
                          return keys.stream().collect(Collectors.toMap(k -> k, k -> k));
                        },
                        batch -> batch.maxSize(3).linger(Duration.ofMinutes(5))))
            .get(0);
    CompletableFuture<Integer> one = memo.async(1);
    Await.until("it waits in the batch", () -> Members.node(memo).waiting() == 1);
    var unusedTwo = memo.async(2);
    Await.until("both wait in the batch", () -> Members.node(memo).waiting() == 2);
    // Nothing tells when a key is in the batch, so it is cancelled when the next is full or not.
    one.cancel(true);
    for (int key = 3; key <= 6; key++) {
      var unused = memo.async(key);
    }
    Await.until("a batch", () -> !batches.isEmpty());
    assertThat(batches).noneMatch(batch -> batch.contains(1));
  }

  /**
   * 1. A key's run lingers in the batch; 2. it is invalidated, so the next caller has a run of its
   * own; 3. that one joins the same batch.
   */
  @Test
  void aKeyThatIsTwiceInABatchAnswersBothItsCallers() throws Exception {
    Memo<Integer, Integer> memo =
        members
            .open(
                Mode.LOCAL,
                (Integer k) -> -1,
                b ->
                    b.bulk(
                        keys -> keys.stream().collect(Collectors.toMap(k -> k, k -> k)),
                        batch -> batch.maxSize(2).linger(Duration.ofMinutes(5))))
            .get(0);
    CompletableFuture<Integer> early = memo.async(7);
    Await.until("it is granted", () -> leased(memo) == 1);
    memo.invalidate(7);
    CompletableFuture<Integer> late = memo.async(7);
    assertThat(Members.get(early)).isEqualTo(7);
    assertThat(Members.get(late)).isEqualTo(7);
  }

  private static int leased(Memo<?, ?> memo) {
    CompletableFuture<Integer> leased = new CompletableFuture<>();
    Members.node(memo).feed(core -> leased.complete(core.leased()));
    return leased.join();
  }

  /** No thread can be made, or the executor is full: whoever waits hears so. */
  @Test
  void aRunWithoutAThreadFails() throws Exception {
    AtomicBoolean full = new AtomicBoolean(true);
    Memo<Integer, Integer> memo =
        members
            .open(
                Mode.LOCAL,
                (Integer k) -> k,
                b ->
                    b.executor(
                        task -> {
                          if (full.get()) {
                            throw new OutOfMemoryError("unable to create native thread");
                          }
                          task.run();
                        }))
            .get(0);
    Future<Integer> failed = members.call(() -> memo.apply(1));
    assertThatThrownBy(() -> Members.get(failed)).hasMessageContaining("unable to create");
    full.set(false);
    assertThat(Members.get(members.call(() -> memo.apply(1)))).isEqualTo(1);
    assertThat(Map.of(1, memo.apply(1))).containsEntry(1, 1);
  }
}
