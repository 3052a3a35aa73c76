/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Which keys of a store are being changed, so that what was looked at is deleted if nobody has
 * changed it since, and in front of whatever comes next. Thread-safe.
 *
 * <p>Invariant: a key is here from before a change of it begins, or a look at it, until that is
 * done; and who looks was the first.
 */
final class KeyChanges {
  private final ConcurrentMap<Object, Key> keys = new ConcurrentHashMap<>();

  /** Read and written where the map computes its key alone. */
  private static final class Key {
    private int changes;
  }

  /** Makes a change that nobody asked about. */
  <T> CompletionStage<T> make(Object key, Supplier<CompletionStage<T>> change) {
    Key changed =
        keys.compute(
            key,
            (same, there) -> {
              Key now = there == null ? new Key() : there;
              now.changes++;
              return now;
            });
    return ending(key, changed, change);
  }

  /** Ends it, whatever becomes of it. */
  private <T> CompletionStage<T> ending(
      Object key, @Nullable Key changed, Supplier<CompletionStage<T>> change) {
    CompletionStage<T> made;
    try {
      made = change.get();
    } catch (RuntimeException | Error e) {
      end(key, changed);
      throw e;
    }
    return made.whenComplete((done, thrown) -> end(key, changed));
  }

  private void end(Object key, @Nullable Key changed) {
    keys.computeIfPresent(
        key,
        (same, there) -> {
          if (there != changed) {
            return there;
          }
          there.changes--;
          return there.changes > 0 ? there : null;
        });
  }

  /**
   * Makes a change if a look finds that it is to be made, and nobody else changes or looks at the
   * key meanwhile.
   *
   * @param change must only put it in the queue of changes: others wait while it does
   * @return whether it was made
   */
  CompletionStage<Boolean> makeIf(
      Object key, Supplier<CompletionStage<Boolean>> look, Supplier<CompletionStage<?>> change) {
    Key mine = new Key();
    if (keys.putIfAbsent(key, mine) != null) {
      return CompletableFuture.completedFuture(false);
    }
    CompletionStage<Boolean> looked;
    try {
      looked = look.get();
    } catch (RuntimeException | Error e) {
      keys.computeIfPresent(key, (same, there) -> isUntouched(there, mine) ? null : there);
      throw e;
    }
    return looked
        .handle((wanted, thrown) -> decided(key, mine, wanted, thrown, change))
        .thenCompose(decided -> decided);
  }

  private CompletionStage<Boolean> decided(
      Object key,
      Key mine,
      @Nullable Boolean wanted,
      @Nullable Throwable thrown,
      Supplier<CompletionStage<?>> change) {
    CompletableFuture<Boolean> decided = new CompletableFuture<>();
    boolean makes = thrown == null && Boolean.TRUE.equals(wanted);
    CompletionStage<?>[] made = new CompletionStage<?>[1];
    keys.computeIfPresent(
        key,
        (same, there) -> {
          if (!isUntouched(there, mine)) {
            return there;
          }
          if (!makes) {
            return null;
          }
          made[0] = change.get(); // here, so that no other change can be put before it
          there.changes++;
          return there;
        });
    if (thrown != null) {
      decided.completeExceptionally(thrown);
    } else if (made[0] == null) {
      decided.complete(false);
    } else {
      made[0].whenComplete(
          (done, failed) -> {
            end(key, mine);
            if (failed == null) {
              decided.complete(true);
            } else {
              decided.completeExceptionally(failed);
            }
          });
    }
    return decided;
  }

  private static boolean isUntouched(Key there, Key mine) {
    return there == mine && there.changes == 0;
  }
}
