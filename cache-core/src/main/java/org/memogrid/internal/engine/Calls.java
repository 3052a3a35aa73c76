/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import io.reactivex.rxjava3.core.Flowable;
import io.reactivex.rxjava3.subjects.CompletableSubject;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.infinispan.commons.IllegalLifecycleStateException;
import org.infinispan.remoting.RemoteException;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;

/**
 * The calls of this member that wait for other members. When the member leaves, the engine forgets
 * them and would let them wait for ever: {@link #end} gives them a moment and then fails the rest.
 * When a cache ends, members that had not answered do not answer any more, and the engine waits
 * until its timeout: {@link #endOfCache} fails them.
 *
 * <p>Invariants: a call is noted before {@code over} is read, and {@code over} is set before the
 * noted calls are failed, so none is missed. No call is answered with success after its member has
 * left: the engine takes the others for gone then, and writes for this member alone. Thread-safe.
 */
final class Calls {
  private static final Duration GRACE = Duration.ofSeconds(2);
  private static final Duration LEAVING = Duration.ofSeconds(5);
  private static final long STEP_NANOS = 1_000_000;

  /** Of the member and of all its caches. */
  private final ConcurrentMap<CompletableFuture<?>, Calls> waiting;

  /** Those of the member; itself if it is. */
  private final Calls member;

  /** Null if it is the member's. */
  private final @Nullable String cache;

  private final CompletableSubject end = CompletableSubject.create();
  private volatile boolean over;

  /** A member's. */
  Calls() {
    this.waiting = new ConcurrentHashMap<>();
    this.member = this;
    this.cache = null;
  }

  private Calls(Calls member, String cache) {
    this.waiting = member.waiting;
    this.member = member;
    this.cache = cache;
  }

  /** Those of one life of a cache. */
  Calls ofCache(String name) {
    return new Calls(this, name);
  }

  /** What the call answers; what it throws, as it threw it. */
  @SuppressWarnings("CollectionUndefinedEquality") // each future is itself alone
  <T extends @Nullable Object> T await(CompletableFuture<T> call) {
    if (call.isDone()) {
      return inTime(result(call));
    }
    waiting.put(call, this);
    try {
      if (over || member.over) {
        fail(call);
      }
      return inTime(result(call));
    } finally {
      waiting.remove(call);
    }
  }

  private <T extends @Nullable Object> T inTime(T answer) {
    if (member.over) {
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
        if (!isOfOneThatLeaves(e) || over || member.over || System.nanoTime() - deadline > 0) {
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

  /** The same elements, or a failure once this member leaves or the cache ends. */
  <T> Flowable<T> untilEnd(Publisher<T> elements) {
    Flowable<T> untilLeft = Flowable.fromPublisher(elements).takeUntil(member.end.<T>toFlowable());
    return member == this ? untilLeft : untilLeft.takeUntil(end.<T>toFlowable());
  }

  private static <T extends @Nullable Object> T result(CompletableFuture<T> call) {
    try {
      return call.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException failure ? failure : e;
    }
  }

  /**
   * The member leaves: waits a moment for the calls under way, of its caches too, then fails them
   * and all that come.
   */
  void end() {
    long deadline = System.nanoTime() + GRACE.toNanos();
    while (!waiting.isEmpty() && System.nanoTime() - deadline < 0) {
      LockSupport.parkNanos(STEP_NANOS);
    }
    over = true;
    waiting.keySet().forEach(this::fail);
    end.onError(left());
  }

  /** The cache has ended here: fails its calls under way and all that would wait. */
  void endOfCache() {
    over = true;
    waiting.forEach(
        (call, whose) -> {
          if (whose == this) {
            fail(call);
          }
        });
    end.onError(ended());
  }

  private void fail(CompletableFuture<?> call) {
    call.completeExceptionally(member.over ? left() : ended());
  }

  private IllegalStateException ended() {
    return new IllegalStateException(
        "cache '"
            + cache
            + "' was destroyed while the call was under way; open it again with"
            + " cluster.cache(...), it will be empty");
  }

  private static IllegalStateException left() {
    return new IllegalStateException(
        "this member left the cluster while the call was under way; a write may have happened or"
            + " not: join again and look");
  }
}
