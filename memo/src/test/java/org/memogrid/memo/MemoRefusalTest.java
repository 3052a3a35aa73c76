/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.Supplier;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Mode;

/** What is refused is refused before anything has changed; what fails or waits loses nothing. */
@Timeout(120)
class MemoRefusalTest {
  @RegisterExtension private static final Members members = new Members();

  private final AtomicInteger runs = new AtomicInteger();
  private final AtomicInteger writes = new AtomicInteger();

  private Object count(Object key) {
    return runs.incrementAndGet();
  }

  @ParameterizedTest
  @EnumSource(names = "LOCAL", mode = EnumSource.Mode.EXCLUDE)
  void aWriteIsNotMadeForAKeyThatCanNotBeInvalidated(Mode mode) {
    Memo<Object, Object> memo = members.<Object, Object>open(mode, this::count, b -> b).get(0);
    assertThatThrownBy(() -> memo.invalidating(new Thread("key"), writes::incrementAndGet))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("can't be sent");
    memo.close();
    assertThatThrownBy(() -> memo.invalidating("key", writes::incrementAndGet))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("is closed");
    assertThat(writes).hasValue(0);
  }

  @ParameterizedTest
  @EnumSource
  void aWriteThatFailsInvalidatesAndItsFailureIsTheOneThatIsHeard(Mode mode) {
    Memo<Object, Object> memo = members.<Object, Object>open(mode, this::count, b -> b).get(0);
    assertThat(memo.apply("key")).isEqualTo(1);
    assertThatThrownBy(() -> memo.invalidating("key", MemoRefusalTest::fail))
        .isInstanceOf(IOException.class)
        .hasNoSuppressedExceptions();
    assertThat(memo.apply("key")).isEqualTo(2);
    assertThatThrownBy(
            () ->
                memo.invalidating(
                    "key",
                    () -> {
                      memo.close(); // so that the invalidation fails too
                      return fail();
                    }))
        .isInstanceOf(IOException.class)
        .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1));
  }

  private static Object fail() throws IOException {
    throw new IOException("the disk is full");
  }

  /** The function reads the source before the write, and returns after it. */
  @ParameterizedTest
  @EnumSource
  void aRunThatOverlapsAWriteIsNotRemembered(Mode mode) throws Exception {
    AtomicReference<String> source = new AtomicReference<>("old");
    CountDownLatch read = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    List<Memo<Object, Object>> memos =
        members.open(
            mode,
            key -> {
              String now = source.get();
              read.countDown();
              Members.await(goOn);
              return now;
            },
            b -> b);
    Future<Object> before = members.call(() -> memos.get(0).apply("key"));
    Members.await(read);
    Memo<Object, Object> writer = memos.get(memos.size() - 1);
    assertThat(writer.<String>invalidating("key", () -> source.getAndSet("new"))).isEqualTo("old");
    Future<Object> after = members.call(() -> writer.apply("key"));
    goOn.countDown();
    assertThat(Members.get(after)).isEqualTo("new");
    assertThat(Members.get(before)).isIn("old", "new"); // it waited before
    assertThat(memos).allSatisfy(memo -> assertThat(memo.apply("key")).isEqualTo("new"));
  }

  @ParameterizedTest
  @EnumSource(names = "LOCAL", mode = EnumSource.Mode.EXCLUDE)
  void aSeedThatCanNotBeStoredLeavesTheValue(Mode mode) {
    Memo<Object, Object> memo = members.<Object, Object>open(mode, this::count, b -> b).get(0);
    assertThat(memo.apply("key")).isEqualTo(1);
    assertThatThrownBy(() -> memo.seed("key", new Thread("never")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("the result for key can't be stored");
    assertThat(memo.peek("key")).contains(1);
  }

  @ParameterizedTest
  @EnumSource(names = "LOCAL", mode = EnumSource.Mode.EXCLUDE)
  void nothingIsAskedForIfOneKeyOfManyIsRefused(Mode mode) {
    Memo<Object, Object> memo = members.<Object, Object>open(mode, this::count, b -> b).get(0);
    assertThatThrownBy(() -> memo.getAll(List.of("a", "b", new Thread("key"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("can't be sent");
    assertThat(memo.stats().joins()).isZero();
    assertThat(((MemoHandle<?, ?>) memo).waiting()).isZero();
    assertThat(memo.apply("c")).isEqualTo(1); // the first run
  }

  @ParameterizedTest
  @EnumSource
  void aRunThatWaitsForManyLendsItsPlaceOnce(Mode mode) throws Exception {
    AtomicInteger inside = new AtomicInteger();
    CountDownLatch two = new CountDownLatch(1);
    CompletableFuture<Memo<Object, Object>> self = new CompletableFuture<>();
    Memo<Object, Object> memo =
        members
            .<Object, Object>open(
                mode,
                key -> {
                  if (key.equals(0)) {
                    return self.join().getAll(List.of(1, 2, 3, 4)).size();
                  }
                  if (inside.incrementAndGet() > 1) {
                    two.countDown();
                  }
                  boolean more = isReached(two);
                  inside.decrementAndGet();
                  return more;
                },
                b -> b.maxConcurrent(1))
            .get(0);
    self.complete(memo);
    assertThat(Members.get(members.call(() -> memo.apply(0)))).isEqualTo(4);
    assertThat(memo.getAll(List.of(1, 2, 3, 4)).values()).doesNotContain(true);
  }

  /** Within a moment: what does not happen can't be waited for. */
  private static boolean isReached(CountDownLatch latch) {
    try {
      return latch.await(100, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @EnumSource
  void whoWaitsForManyCanBeInterruptedAndLeaves(Mode mode) throws Exception {
    CountDownLatch begun = new CountDownLatch(2);
    CountDownLatch stopped = new CountDownLatch(2);
    Memo<Object, Object> memo =
        members
            .<Object, Object>open(
                mode,
                key -> {
                  begun.countDown();
                  try {
                    Members.await(new CountDownLatch(1));
                  } catch (AssertionError interrupted) {
                    stopped.countDown();
                  }
                  return key;
                },
                b -> b)
            .get(0);
    CompletableFuture<Thread> caller = new CompletableFuture<>();
    Future<Boolean> call =
        members.call(
            () -> {
              caller.complete(Thread.currentThread());
              assertThatThrownBy(() -> memo.getAll(List.of(1, 2)))
                  .isInstanceOf(MemoException.class)
                  .hasMessageContaining("interrupted");
              return Thread.interrupted();
            });
    Members.await(begun);
    caller.join().interrupt();
    assertThat(Members.get(call)).as("the interrupt is kept").isTrue();
    Members.await(stopped);
  }

  /** {@code async} and {@code getAll} give what {@code apply} does. */
  @ParameterizedTest
  @EnumSource
  void aStaleValueStandsInForAWaitThatIsTooLong(Mode mode) throws Exception {
    Duration life = Duration.ofSeconds(100);
    CountDownLatch goOn = new CountDownLatch(1);
    Function<Object, Object> fn =
        key -> {
          int run = runs.incrementAndGet();
          if (run > 1) {
            Members.await(goOn);
          }
          return run;
        };
    String name = Members.name();
    Supplier<MemoBuilder<Object, Object>> builder =
        () -> Memo.<Object, Object>builder(name, fn).mode(mode).timeToLive(life).staleIfError(life);
    try (Memo<Object, Object> patient = builder.get().build(members.cluster.node(0))) {
      Members.stored(patient, "key", patient.apply("key"));
    }
    Memo<Object, Object> memo =
        builder
            .get()
            .waitTimeout(Duration.ofMillis(50))
            .softTimeout(Duration.ofHours(1))
            .build(members.cluster.node(0));
    members.tick(150);
    assertThat(Members.get(members.call(() -> memo.apply("key")))).isEqualTo(1);
    assertThat(Members.get(memo.async("key"))).isEqualTo(1);
    assertThat(Members.get(members.call(() -> memo.getAll(List.of("key")))))
        .containsEntry("key", 1);
    goOn.countDown();
  }
}
