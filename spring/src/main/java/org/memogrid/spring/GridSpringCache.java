/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.spring;

import static java.util.Objects.requireNonNull;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Cache;
import org.memogrid.internal.store.Loads;
import org.memogrid.memo.internal.SingleFlight;
import org.springframework.cache.support.AbstractValueAdaptingCache;

/**
 * A cache of the cluster as Spring sees it. {@code get(key, loader)} and {@code retrieve(key,
 * loader)} load once for all members that miss the key at the same time. Null is kept as a value.
 */
final class GridSpringCache extends AbstractValueAdaptingCache {
  /** Stands for null, which no cache holds; text, so that it may cross the wire anywhere. */
  private static final String NULL = "\u0000org.memogrid.spring.null";

  private final Cache<Object, Object> cache;
  private final Loads<Object, Object> loads;
  private final SingleFlight flights;
  private final Executor threads;

  GridSpringCache(Cache<Object, Object> cache, SingleFlight flights, Executor threads) {
    super(true);
    this.cache = cache;
    this.loads = loadsOf(cache);
    this.flights = flights;
    this.threads = threads;
  }

  @SuppressWarnings("unchecked") // of the same entries
  private static Loads<Object, Object> loadsOf(Cache<Object, Object> cache) {
    return cache.unwrap(Loads.class);
  }

  @Override
  public String getName() {
    return cache.name();
  }

  @Override
  public Object getNativeCache() {
    return cache;
  }

  @Override
  protected @Nullable Object lookup(Object key) {
    return cache.get(key);
  }

  @Override
  protected @Nullable Object fromStoreValue(@Nullable Object stored) {
    return NULL.equals(stored) ? null : stored;
  }

  @Override
  protected Object toStoreValue(@Nullable Object value) {
    return value == null ? NULL : value;
  }

  @Override
  @SuppressWarnings("unchecked") // what the caller's own loader made
  public <T> @Nullable T get(Object key, Callable<T> valueLoader) {
    requireNonNull(key, "key");
    requireNonNull(valueLoader, "valueLoader");
    Object there = cache.get(key);
    if (there == null) {
      try {
        there = flights.get(key, () -> cache.get(key), () -> load(key, valueLoader));
      } catch (SingleFlight.LoadFailure e) {
        throw new ValueRetrievalException(key, valueLoader, requireNonNull(e.getCause()));
      }
    }
    return (T) fromStoreValue(there);
  }

  /** What was put or evicted meanwhile stands; then the value is its callers' alone. */
  private Object load(Object key, Callable<?> valueLoader) throws Exception {
    try (Loads.Load<Object> load = loads.begin(key)) {
      Object made = toStoreValue(valueLoader.call());
      var unused = load.keep(made);
      return made;
    }
  }

  @Override
  public @Nullable CompletableFuture<?> retrieve(Object key) {
    Object there = cache.get(key);
    return there == null ? null : CompletableFuture.completedFuture(toValueWrapper(there));
  }

  /** Waits, if it must, on a thread of the manager's. */
  @Override
  @SuppressWarnings("unchecked")
  public <T> CompletableFuture<T> retrieve(Object key, Supplier<CompletableFuture<T>> valueLoader) {
    Object there = cache.get(key);
    if (there != null) {
      return CompletableFuture.completedFuture((T) fromStoreValue(there));
    }
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return get(key, () -> valueLoader.get().join());
          } catch (ValueRetrievalException e) {
            Throwable cause = requireNonNull(e.getCause());
            throw cause instanceof CompletionException c ? c : new CompletionException(cause);
          }
        },
        threads);
  }

  @Override
  public void put(Object key, @Nullable Object value) {
    cache.put(key, toStoreValue(value));
  }

  @Override
  public @Nullable ValueWrapper putIfAbsent(Object key, @Nullable Object value) {
    return toValueWrapper(cache.putIfAbsent(key, toStoreValue(value)));
  }

  @Override
  public void evict(Object key) {
    var unused = cache.remove(key);
  }

  @Override
  public boolean evictIfPresent(Object key) {
    return cache.remove(key) != null;
  }

  @Override
  public void clear() {
    cache.clear();
  }

  @Override
  public boolean invalidate() {
    boolean any = cache.size() > 0;
    cache.clear();
    return any;
  }

  void close() {
    flights.close();
    cache.close();
  }
}
