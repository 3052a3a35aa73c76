/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheException;

/**
 * Has users' calls wait for a cache that is not served now, and fails those that waited for too
 * long. Thread-safe.
 */
final class Hold {
  private static final long PATIENCE = Duration.ofSeconds(5).toNanos();

  /** While it goes on by itself. */
  private static final long LONGEST = Duration.ofSeconds(30).toNanos();

  private static final long LOOK = Duration.ofMillis(100).toNanos();
  private static final long STEP = Duration.ofMillis(1).toNanos();

  private final Service service;
  private final Lock lock = new ReentrantLock();
  private final Condition change = lock.newCondition();

  /** What calls wait for. */
  interface Service {
    boolean serves();

    /** Whether to wait is in vain. */
    boolean hasEnded();

    /** Whether it will serve without anybody's doing. May wait for the disk. */
    boolean goesOn();

    /** What to say to those who waited for too long, or in vain. May wait for the disk. */
    String why();
  }

  Hold(Service service) {
    this.service = service;
  }

  /** What the call answers, made when the cache is served; again if a member refused it. */
  <T extends @Nullable Object> T through(Supplier<T> call) {
    long start = System.nanoTime();
    while (true) {
      await(start);
      try {
        return call.get();
      } catch (RuntimeException e) {
        HeldException held = held(e);
        if (held == null) {
          throw e;
        }
        long waited = System.nanoTime() - start;
        if (waited > (HeldReasons.goesOn(String.valueOf(held.getMessage())) ? LONGEST : PATIENCE)) {
          String reason = service.serves() ? String.valueOf(held.getMessage()) : service.why();
          throw new CacheException(reason + "; a write may have happened or not");
        }
        LockSupport.parkNanos(STEP);
      }
    }
  }

  /** Returns when the cache is served. */
  void await() {
    await(System.nanoTime());
  }

  private void await(long start) {
    while (!service.serves()) {
      long waited = System.nanoTime() - start;
      if (service.hasEnded() || waited > LONGEST || (waited > PATIENCE && !service.goesOn())) {
        throw new CacheException(service.why());
      }
      try {
        awaitChange(waited > PATIENCE ? LOOK : PATIENCE - waited + 1);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new CacheException(service.why(), e);
      }
    }
  }

  @SuppressWarnings("WaitNotInLoop") // the caller looks again
  private void awaitChange(long nanos) throws InterruptedException {
    lock.lock();
    try {
      if (!service.serves() && !service.hasEnded()) {
        var unused = change.await(nanos, TimeUnit.NANOSECONDS);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Has those who wait look again. */
  void release() {
    lock.lock();
    try {
      change.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private static @Nullable HeldException held(Throwable failure) {
    for (@Nullable Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof HeldException held) {
        return held;
      }
    }
    return null;
  }
}
