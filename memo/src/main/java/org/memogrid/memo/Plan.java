/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.ToIntBiFunction;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;

/** What a memo was built with. Durations in milliseconds, 0 for none. Not changed once built. */
final class Plan<K, V> {
  /** May return a stage, whose value is the result. */
  Function<? super K, ?> fn;

  /** Whether the function always returns a stage, and callers get its value. */
  boolean stages;

  UnaryOperator<K> normaliser = UnaryOperator.identity();
  long timeToLive;
  long maxIdle;
  double jitter;
  @Nullable BiFunction<? super K, ? super V, Duration> expiry;
  double refreshAhead;
  double earlyRefresh;
  long staleWhileRevalidate;
  long staleIfError;
  long softTimeout;
  long hardTimeout;
  long waitTimeout;
  boolean cacheNulls = true;
  @Nullable Function<? super Throwable, Optional<Duration>> cacheFailures;
  FailurePolicy onFailure = FailurePolicy.SHARE;
  @Nullable BiFunction<? super K, ? super V, ? extends Collection<String>> tags;
  boolean trackDependencies;
  @Nullable Persist persist;
  long maximumSize;
  long maximumWeight;
  @Nullable ToIntBiFunction<? super K, ? super V> weigher;
  int maxConcurrent;
  @Nullable Executor executor;
  Placement placement = Placement.CALLER;
  @Nullable Function<? super Set<K>, ? extends Map<K, ? extends V>> bulk;
  BatchOptions batch;
  @Nullable MemoListener<? super K> listener;

  Plan(Function<? super K, ?> fn, BatchOptions batch) {
    this.fn = fn;
    this.batch = batch;
  }

  /** A copy, which later calls of the builder don't change. */
  Plan(Plan<K, V> from) {
    fn = from.fn;
    stages = from.stages;
    normaliser = from.normaliser;
    timeToLive = from.timeToLive;
    maxIdle = from.maxIdle;
    jitter = from.jitter;
    expiry = from.expiry;
    refreshAhead = from.refreshAhead;
    earlyRefresh = from.earlyRefresh;
    staleWhileRevalidate = from.staleWhileRevalidate;
    staleIfError = from.staleIfError;
    softTimeout = from.softTimeout;
    hardTimeout = from.hardTimeout;
    waitTimeout = from.waitTimeout;
    cacheNulls = from.cacheNulls;
    cacheFailures = from.cacheFailures;
    onFailure = from.onFailure;
    tags = from.tags;
    trackDependencies = from.trackDependencies;
    persist = from.persist;
    maximumSize = from.maximumSize;
    maximumWeight = from.maximumWeight;
    weigher = from.weigher;
    maxConcurrent = from.maxConcurrent;
    executor = from.executor;
    placement = from.placement;
    bulk = from.bulk;
    batch = from.batch;
    listener = from.listener;
  }

  /** How long a value is kept after it is stale. */
  long staleTime() {
    return Math.max(staleWhileRevalidate, staleIfError);
  }

  /** Whether a value's age makes a difference before its end. */
  boolean ages() {
    return staleTime() > 0 || refreshAhead > 0 || earlyRefresh > 0;
  }

  /** Whether the caller's thread must be free to leave while the function runs. */
  boolean runsElsewhere() {
    return executor != null || softTimeout > 0 || hardTimeout > 0;
  }

  CacheOptions store(Mode mode) {
    CacheOptions options = CacheOptions.of(mode);
    if (maximumSize > 0) {
      options = options.maxEntries(maximumSize);
    }
    if (persist != null) {
      options = options.persist(persist);
    }
    return weigher == null
        ? options
        : options.<Object, Object>maxWeight(maximumWeight, (key, held) -> Payload.weight(held));
  }

  /**
   * What all members must have alike, as far as it can be compared: of functions only whether they
   * are there. What concerns a member's own callers alone is not here, nor in LOCAL where it keeps
   * results.
   */
  String shared(Mode mode) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("mode", mode);
    put(all, "timeToLive", timeToLive);
    put(all, "maxIdle", maxIdle);
    put(all, "staleWhileRevalidate", staleWhileRevalidate);
    put(all, "staleIfError", staleIfError);
    if (jitter > 0) {
      all.put("jitter", jitter);
    }
    if (refreshAhead > 0) {
      all.put("refreshAhead", refreshAhead);
    }
    if (earlyRefresh > 0) {
      all.put("earlyRefresh", earlyRefresh);
    }
    put(all, "expiry", expiry != null);
    put(all, "cacheNulls=false", !cacheNulls);
    put(all, "cacheFailures", cacheFailures != null);
    put(all, "onFailure=PROMOTE_NEXT", onFailure == FailurePolicy.PROMOTE_NEXT);
    put(all, "tags", tags != null);
    put(all, Definitions.TRACKS, trackDependencies);
    if (maximumSize > 0) {
      all.put(Definitions.SIZE, maximumSize);
    }
    put(all, "maximumWeight", weigher != null);
    put(all, "placement=OWNER", placement == Placement.OWNER);
    if (persist != null && mode != Mode.LOCAL) {
      all.put(Definitions.PERSIST, persist); // the last: anything may be in a path
    }
    return all.entrySet().stream()
        .map(e -> e.getValue().equals(true) ? e.getKey() : e.getKey() + "=" + e.getValue())
        .collect(Collectors.joining(" "));
  }

  private static void put(Map<String, Object> all, String name, boolean is) {
    if (is) {
      all.put(name, true);
    }
  }

  private static void put(Map<String, Object> all, String name, long millis) {
    if (millis > 0) {
      all.put(name, Duration.ofMillis(millis));
    }
  }
}
