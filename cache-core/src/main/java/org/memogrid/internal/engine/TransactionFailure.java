/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import jakarta.transaction.HeuristicMixedException;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.function.Predicate;
import org.infinispan.commons.TimeoutException;
import org.infinispan.transaction.WriteSkewException;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.TransactionConflictException;

/** Why transactions were rolled back, out of the many layers of the engine's and the manager's. */
final class TransactionFailure {
  private TransactionFailure() {}

  /** A failure of a prepare, with the cache's name, which nothing above it knows. */
  static WriteSkewException inPrepare(String cache, Throwable conflict) {
    Throwable cause = conflictIn(conflict);
    Object key = cause instanceof WriteSkewException skew ? skew.getKey() : null;
    return new WriteSkewException(
        "cache '"
            + cache
            + "': "
            + (key == null
                ? "what the transaction touched was locked for too long: " + messageOf(cause)
                : "key " + shown(key) + " was changed by another since the transaction read it"),
        conflict,
        key == null ? "" : key);
  }

  /** It came from another member, maybe of a class that this one lacks. */
  static Object shown(Object key) {
    try {
      return key instanceof ClusterKey held ? held.key() : key;
    } catch (RuntimeException e) {
      return key;
    }
  }

  /** What a single call met. */
  static TransactionConflictException inCall(
      String cache, String operation, @Nullable Object key, Throwable failure) {
    return new TransactionConflictException(
        operation
            + (key == null ? "" : " of key " + key)
            + " in cache '"
            + cache
            + "' met another transaction: "
            + messageOf(conflictIn(failure))
            + "; run the transaction again",
        failure);
  }

  static RuntimeException rolledBack(Exception failure) {
    Throwable conflict = conflictIn(failure);
    if (conflict != null) {
      return new TransactionConflictException(
          "the transaction was rolled back: " + messageOf(conflict) + "; run it again", failure);
    }
    return new CacheException(
        "the transaction was rolled back: " + messageOf(rootOf(failure)), failure);
  }

  static CacheException inPart(Exception failure) {
    return new CacheException(
        "the transaction was committed in part: "
            + messageOf(rootOf(failure))
            + "; look at what its caches and databases have",
        failure);
  }

  static RuntimeException ofCommit(RuntimeException failure) {
    Throwable cause = failure.getCause();
    if (cause instanceof HeuristicMixedException) {
      return inPart(failure);
    }
    return cause == null ? failure : rolledBack(failure);
  }

  /** Whether it was rolled back since it met another. */
  static boolean isConflict(Throwable failure) {
    return conflictIn(failure) != null
        && find(failure, HeuristicMixedException.class::isInstance, newSet()) == null;
  }

  /** The outermost that tells of a conflict. */
  private static @Nullable Throwable conflictIn(@Nullable Throwable failure) {
    return find(
        failure,
        each -> each instanceof WriteSkewException || each instanceof TimeoutException,
        newSet());
  }

  /** Whether it met what nobody ends now. */
  static boolean isHeldInDoubt(Throwable failure) {
    return find(failure, HeldInDoubtException.class::isInstance, newSet()) != null;
  }

  private static Set<Throwable> newSet() {
    return Collections.newSetFromMap(new IdentityHashMap<>());
  }

  private static @Nullable Throwable find(
      @Nullable Throwable failure, Predicate<Throwable> wanted, Set<Throwable> seen) {
    if (failure == null || !seen.add(failure)) {
      return null;
    }
    if (wanted.test(failure)) {
      return failure;
    }
    Throwable found = find(failure.getCause(), wanted, seen);
    for (Throwable each : failure.getSuppressed()) {
      found = found != null ? found : find(each, wanted, seen);
    }
    return found;
  }

  private static Throwable rootOf(Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return root;
  }

  private static String messageOf(@Nullable Throwable failure) {
    String message = failure == null ? null : failure.getMessage();
    return message == null ? String.valueOf(failure) : message;
  }
}
