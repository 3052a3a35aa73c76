/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import io.reactivex.rxjava3.core.Flowable;
import io.reactivex.rxjava3.subjects.CompletableSubject;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
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
 * <p>The engine must not stop while a {@link #write} is under way. Without this:
 *
 * <ol>
 *   <li>Three have a key. The one that leaves sends a write of it to the one that orders it, which
 *       has the two others make it first.
 *   <li>One of them makes it. To the other the write is outdated: the members have changed.
 *   <li>So the one that orders it does not make it, and tells the one that sent it to try again,
 *       which is gone. The two that stay have different entries; the next write of the key goes on
 *       from the older, and what was read of the newer is lost.
 * </ol>
 *
 * <p>Invariants: a call is noted before {@code over} is read, and {@code over} is set before the
 * noted calls are failed, so none is missed; the same for writes and {@code shut}. No call is
 * answered with success after its member has left: the engine takes the others for gone then, and
 * writes for this member alone. Thread-safe.
 */
final class Calls {
  private static final Duration GRACE = Duration.ofSeconds(2);

  /** For the writes that are under way when none begins any more. */
  private static final Duration LAST = Duration.ofSeconds(1);

  private static final Duration LEAVING = Duration.ofSeconds(5);
  private static final long STEP_NANOS = 1_000_000;

  /** Of the member and of all its caches. */
  private final ConcurrentMap<CompletableFuture<?>, Calls> waiting;

  /** Of the writes of the member and of all its caches, each counted before it begins. */
  private final LongAdder begun;

  private final LongAdder ended;

  private final Time time;

  /** Those of the member; itself if it is. */
  private final Calls member;

  /** Null if it is the member's. */
  private final @Nullable String cache;

  private final CompletableSubject end = CompletableSubject.create();
  private volatile boolean over;

  /** No write begins any more. */
  private volatile boolean shut;

  /** What the end is measured by. */
  interface Time {
    long nanos();

    /** A step of waiting. */
    void pause();
  }

  private static final class RealTime implements Time {
    @Override
    public long nanos() {
      return System.nanoTime();
    }

    @Override
    public void pause() {
      LockSupport.parkNanos(STEP_NANOS);
    }
  }

  /** A member's. */
  Calls() {
    this(new RealTime());
  }

  Calls(Time time) {
    this.waiting = new ConcurrentHashMap<>();
    this.begun = new LongAdder();
    this.ended = new LongAdder();
    this.time = time;
    this.member = this;
    this.cache = null;
  }

  private Calls(Calls member, String cache) {
    this.waiting = member.waiting;
    this.begun = member.begun;
    this.ended = member.ended;
    this.time = member.time;
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

  /** The same for a write: it is not begun if this member leaves, which waits for it otherwise. */
  <T extends @Nullable Object> T write(Supplier<CompletableFuture<T>> call) {
    return whileWriting(() -> await(call));
  }

  /** The same for a write that is made once: what became of it may not be known. */
  <T extends @Nullable Object> T writeOnce(Supplier<CompletableFuture<T>> call) {
    return whileWriting(() -> await(call.get()));
  }

  private <T extends @Nullable Object> T whileWriting(Supplier<T> write) {
    begun.increment();
    VarHandle.fullFence(); // else shut could be read before others see the count
    try {
      if (member.shut) {
        throw left();
      }
      return write.get();
    } finally {
      ended.increment();
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
   * The member leaves: waits a moment for the calls under way, of its caches too, and for those
   * that they lead to; lets no write begin then, and waits for those that have; then fails the rest
   * and all that come.
   */
  void end() {
    waitUntil(GRACE, () -> waiting.isEmpty() && !isWriting());
    shut = true;
    waitUntil(LAST, () -> !isWriting());
    over = true;
    waiting.keySet().forEach(this::fail);
    end.onError(left());
  }

  /** In this order: whatever has ended by the first look has begun by the second. */
  private boolean isWriting() {
    long over = ended.sum();
    return begun.sum() != over;
  }

  private void waitUntil(Duration most, BooleanSupplier done) {
    long deadline = time.nanos() + most.toNanos();
    while (!done.getAsBoolean() && time.nanos() - deadline < 0) {
      time.pause();
    }
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
