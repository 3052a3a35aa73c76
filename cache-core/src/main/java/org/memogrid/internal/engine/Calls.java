/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The calls of this member that wait for other members. When the member leaves, the engine forgets
 * them and would let them wait for ever: {@link #end} gives them a moment and then fails the rest.
 *
 * <p>Invariant: a call is noted before {@code over} is read, and {@code over} is set before the
 * noted calls are failed, so none is missed. Thread-safe.
 */
final class Calls {
  private static final Duration GRACE = Duration.ofSeconds(2);
  private static final long STEP_NANOS = 1_000_000;

  private final Set<CompletableFuture<?>> waiting = ConcurrentHashMap.newKeySet();
  private volatile boolean over;

  /** What the call answers; what it throws, as it threw it. */
  @SuppressWarnings("CollectionUndefinedEquality") // each future is itself alone
  <T extends @Nullable Object> T await(CompletableFuture<T> call) {
    if (call.isDone()) {
      return result(call);
    }
    waiting.add(call);
    try {
      if (over) {
        fail(call);
      }
      return result(call);
    } finally {
      waiting.remove(call);
    }
  }

  private static <T extends @Nullable Object> T result(CompletableFuture<T> call) {
    try {
      return call.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException failure ? failure : e;
    }
  }

  /** Waits a moment for the calls under way, then fails them and all that come. */
  void end() {
    long deadline = System.nanoTime() + GRACE.toNanos();
    while (!waiting.isEmpty() && System.nanoTime() - deadline < 0) {
      LockSupport.parkNanos(STEP_NANOS);
    }
    over = true;
    waiting.forEach(Calls::fail);
  }

  private static void fail(CompletableFuture<?> call) {
    call.completeExceptionally(
        new IllegalStateException(
            "this member left the cluster while the call was under way; a write may have happened"
                + " or not: join again and look"));
  }
}
