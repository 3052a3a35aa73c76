/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import io.reactivex.rxjava3.core.Flowable;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;

/** What a store asks of the engine: once the cache is served, and failures come out as ours. */
final class StoreCalls {
  private final String cache;
  private final Calls calls;

  /** Null unless members share the cache in files. */
  private final @Nullable Recovery recovery;

  StoreCalls(String cache, Calls calls, @Nullable Recovery recovery) {
    this.cache = cache;
    this.calls = calls;
    this.recovery = recovery;
  }

  /** What the engine's call answers; it may be made again. */
  <T extends @Nullable Object> T call(Supplier<CompletableFuture<T>> call) {
    return recovery == null
        ? calls.await(call)
        : recovery.serving().hold().through(() -> calls.await(call));
  }

  /** The same for a write. */
  <T extends @Nullable Object> T write(Supplier<CompletableFuture<T>> call) {
    return recovery == null
        ? calls.write(call)
        : recovery.serving().hold().through(() -> calls.write(call));
  }

  /** What the engine's call answers, served or not. */
  <T extends @Nullable Object> T await(CompletableFuture<T> call) {
    return calls.await(call);
  }

  /** The same elements, or a failure once this member leaves or the cache ends. */
  <T> Flowable<T> untilEnd(Publisher<T> elements) {
    return calls.untilEnd(elements);
  }

  /** Whether it is served now. */
  boolean isServed() {
    return recovery == null || recovery.serving().serves();
  }

  void awaitServing() {
    if (recovery != null) {
      recovery.serving().hold().await();
    }
  }

  Set<String> missing() {
    return recovery == null ? Set.of() : recovery.missing();
  }

  void goOnWithoutMissing() {
    if (recovery != null) {
      recovery.goOnWithoutMissing();
    }
  }

  /** What the steps of an operation answer. */
  <T extends @Nullable Object> T doing(String operation, Supplier<T> steps) {
    try {
      return steps.get();
    } catch (RuntimeException e) {
      throw failed(operation, e);
    }
  }

  void run(String operation, Runnable steps) {
    try {
      steps.run();
    } catch (RuntimeException e) {
      throw failed(operation, e);
    }
  }

  RuntimeException failed(String operation, RuntimeException failure) {
    return EngineFailure.of(cache, operation, failure);
  }

  void end() {
    calls.endOfCache();
  }
}
