/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import io.reactivex.rxjava3.core.Flowable;
import io.reactivex.rxjava3.subjects.CompletableSubject;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.infinispan.commons.IllegalLifecycleStateException;
import org.infinispan.remoting.RemoteException;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;

/**
 * The calls of this member that wait for other members. When the member leaves, the engine forgets
 * them and would let them wait for ever: {@link #end} gives them a moment and then fails the rest.
 *
 * <p>Invariants: a call is noted before {@code over} is read, and {@code over} is set before the
 * noted calls are failed, so none is missed. No call is answered with success after {@code over}
 * was set: the engine takes the others for gone then, and writes for this member alone.
 * Thread-safe.
 */
final class Calls {
  private static final Duration GRACE = Duration.ofSeconds(2);
  private static final Duration LEAVING = Duration.ofSeconds(5);
  private static final long STEP_NANOS = 1_000_000;

  private final Set<CompletableFuture<?>> waiting = ConcurrentHashMap.newKeySet();
  private final CompletableSubject end = CompletableSubject.create();
  private volatile boolean over;

  /** What the call answers; what it throws, as it threw it. */
  @SuppressWarnings("CollectionUndefinedEquality") // each future is itself alone
  <T extends @Nullable Object> T await(CompletableFuture<T> call) {
    if (call.isDone()) {
      return inTime(result(call));
    }
    waiting.add(call);
    try {
      if (over) {
        fail(call);
      }
      return inTime(result(call));
    } finally {
      waiting.remove(call);
    }
  }

  private <T extends @Nullable Object> T inTime(T answer) {
    if (over) {
      throw left();
    }
    return answer;
  }

  /**
   * The same for a call that may be made again. It is if one that leaves answers that it has
   * stopped: the engine asks the owners of then, but not if it was one of them that had the second
   * copy.
   */
  <T extends @Nullable Object> T await(Supplier<CompletableFuture<T>> call) {
    long deadline = System.nanoTime() + LEAVING.toNanos();
    while (true) {
      try {
        return await(call.get());
      } catch (RuntimeException e) {
        if (!isOfOneThatLeaves(e) || over || System.nanoTime() - deadline > 0) {
          throw e;
        }
        LockSupport.parkNanos(STEP_NANOS);
      }
    }
  }

  private static boolean isOfOneThatLeaves(RuntimeException failure) {
    boolean remote = false;
    for (@Nullable Throwable cause = failure; cause != null; cause = cause.getCause()) {
      remote |= cause instanceof RemoteException;
      if (cause instanceof IllegalLifecycleStateException) {
        return remote;
      }
    }
    return false;
  }

  /** The same elements, or a failure once this member leaves. */
  <T> Flowable<T> untilEnd(Publisher<T> elements) {
    return Flowable.fromPublisher(elements).takeUntil(end.<T>toFlowable());
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
    end.onError(left());
  }

  private static void fail(CompletableFuture<?> call) {
    call.completeExceptionally(left());
  }

  private static IllegalStateException left() {
    return new IllegalStateException(
        "this member left the cluster while the call was under way; a write may have happened or"
            + " not: join again and look");
  }
}
