/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** What tests of pipelines on a member that is alone have in common. */
final class Lone {
  private static final AtomicInteger NAMES = new AtomicInteger();
  private static final Duration TICK = Duration.ofMillis(1);

  private Lone() {}

  /** Another each time, for names. */
  static int number() {
    return NAMES.incrementAndGet();
  }

  /** One with a name of its own, which tries again at once. */
  static <I extends @Nullable Object, O extends @Nullable Object>
      PipelineBuilder<I, I, O> pipeline() {
    return Pipeline.<I, O>named("p" + number()).backoff(TICK, TICK);
  }

  static <T extends @Nullable Object> T get(CompletableFuture<T> future) throws Exception {
    return future.get(60, TimeUnit.SECONDS);
  }

  static Throwable failure(CompletableFuture<?> future) {
    Throwable thrown = catchThrowable(() -> get(future));
    return thrown instanceof ExecutionException wrapped
        ? Objects.requireNonNull(wrapped.getCause())
        : thrown;
  }

  static void awaitGate(CountDownLatch gate) {
    try {
      assertThat(gate.await(60, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
