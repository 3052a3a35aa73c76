/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Persist;

/**
 * How long calls wait for the loader and the writer of a program, and what they are told then. What
 * they have asked for goes on: what is loaded is kept, and a write may land.
 *
 * <p>The key's lock is held meanwhile, and the engine has a limit of its own for those who wait for
 * it ({@link #ofEngine}). It is as long, so that one limit is what a user gives.
 */
final class Patience {
  /** The engine's own, for a lock and for another member. */
  private static final Duration FOR_LOCKS = Duration.ofSeconds(10);

  private static final Duration FOR_MEMBERS = Duration.ofSeconds(15);
  private static final Duration MORE = Duration.ofSeconds(5);

  private final String cache;
  private final Persist persist;
  private final Duration turn;
  private final Duration answer;

  private Patience(String cache, Persist persist, Duration turn, Duration answer) {
    this.cache = cache;
    this.persist = persist;
    this.turn = turn;
    this.answer = answer;
  }

  /** Null if nothing is to be waited for, or for ever. */
  static @Nullable Patience of(String cache, CacheOptions options, boolean shared) {
    Persist persist = options.persist();
    if (persist == null || !persist.isOfProgram()) {
      return null;
    }
    Duration given = persist.waitTimeout();
    if (given != null) {
      return new Patience(cache, persist, given, given);
    }
    return shared ? new Patience(cache, persist, FOR_LOCKS, FOR_MEMBERS) : null;
  }

  /**
   * How long the engine is to wait for another member, where users wait so long: for the lock, then
   * for the loader or the writer. Never less than it does by itself.
   */
  static Duration ofEngine(Duration given) {
    Duration both = given.multipliedBy(2).plus(MORE);
    return both.compareTo(FOR_MEMBERS) < 0 ? FOR_MEMBERS : both;
  }

  /** Fails the call when the loader takes too long. */
  <T> CompletableFuture<T> reading(CompletableFuture<T> call) {
    return call.orTimeout(answer.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** Fails the call when its turn or the writer takes too long. */
  <T> CompletableFuture<T> writing(CompletableFuture<T> call) {
    return call.orTimeout(turn.plus(answer).toNanos(), TimeUnit.NANOSECONDS);
  }

  /** What the reader of the keys is told. */
  RuntimeException ofRead(Collection<ClusterKey> keys, RuntimeException failure) {
    return isLate(failure)
        ? new CacheException(
            "cache '"
                + cache
                + "': "
                + named(keys)
                + " was not loaded within "
                + answer
                + ", by "
                + persist
                + "; what the loader answers at last is kept, so try again, or let calls wait longer"
                + " with .waitTimeout(...) on the Persist",
            failure)
        : failure;
  }

  /** What the writer of the keys is told. */
  RuntimeException ofWrite(
      String operation, Collection<ClusterKey> keys, RuntimeException failure) {
    return isLate(failure)
        ? new CacheException(
            operation
                + " on cache '"
                + cache
                + "' was not finished: of "
                + named(keys)
                + " a call waits at most "
                + turn
                + " for its turn and "
                + answer
                + " for "
                + persist
                + "; it may have happened, or may still: look, then try again, or let calls wait"
                + " longer with .waitTimeout(...) on the Persist",
            failure)
        : failure;
  }

  private static boolean isLate(RuntimeException failure) {
    for (@Nullable Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof TimeoutException
          || cause instanceof org.infinispan.commons.TimeoutException) {
        return true;
      }
    }
    return false;
  }

  private static String named(Collection<ClusterKey> keys) {
    return "key '"
        + keys.iterator().next()
        + (keys.size() == 1 ? "'" : "' or one of " + (keys.size() - 1) + " others");
  }
}
