/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo.internal;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.memo.FailurePolicy;
import org.memogrid.memo.Memo;

/**
 * Has one of all that miss a key of a cache load it, in the cluster, while the others wait. It
 * stands on a memo that remembers nothing: the memo says who runs, the cache has the value.
 *
 * <ol>
 *   <li>Who misses calls the memo. One is given the lease; the others wait for its run.
 *   <li>The one that runs looks again: the value may have come between its miss and its lease.
 *   <li>It loads and stores, and only then its run ends: those who waited find the value.
 *   <li>If they don't, it was removed meanwhile, and they ask again.
 * </ol>
 *
 * <p>A load that fails is its caller's alone: the next one that waits loads in its place.
 */
public final class SingleFlight implements AutoCloseable {
  /** How often a value may be gone before a waiter has read it; then it loads by itself. */
  private static final int ROUNDS = 5;

  private final Memo<Object, Object> leases;
  private final ThreadLocal<Deque<Load>> loads = ThreadLocal.withInitial(ArrayDeque::new);

  /** Those of this process, by cluster and name: the managers of one process share them. */
  @GuardedBy("OPEN") private static final Map<Cluster, Map<String, SingleFlight>> OPEN = new WeakHashMap<>();

  private final Cluster cluster;
  private final String name;

  @GuardedBy("OPEN") private int users;

  /**
   * The one of a cache; each caller closes it once.
   *
   * @param name the same on all members that load into the cache by the same API
   * @param mode the cache's
   */
  public static SingleFlight open(Cluster cluster, String name, Mode mode) {
    synchronized (OPEN) {
      SingleFlight flight =
          OPEN.computeIfAbsent(cluster, c -> new HashMap<>())
              .computeIfAbsent(name, n -> new SingleFlight(cluster, n, mode));
      flight.users++;
      return flight;
    }
  }

  private SingleFlight(Cluster cluster, String name, Mode mode) {
    this.cluster = cluster;
    this.name = name;
    // A shared mode even for copies: the lease must be one in the cluster, nothing is stored.
    Mode leaseMode = mode == Mode.LOCAL ? Mode.LOCAL : Mode.DISTRIBUTED;
    this.leases =
        Memo.<Object, Object>builder(name, key -> lead())
            .mode(leaseMode)
            .cacheNulls(false)
            .onFailure(FailurePolicy.PROMOTE_NEXT)
            .build(cluster);
  }

  /**
   * The value of a key that was missed.
   *
   * @param look finds it in the cache
   * @param load makes it, stores it and answers it; null if there is nothing to store
   * @return null only if {@code load} answered that to this caller
   * @throws LoadFailure with what {@code load} threw
   */
  public @Nullable Object get(
      Object key, Supplier<@Nullable Object> look, Callable<? extends @Nullable Object> load) {
    Deque<Load> mine = loads.get();
    for (int round = 0; round < ROUNDS; round++) {
      Load own = new Load(look, load);
      mine.push(own);
      try {
        var unused = leases.apply(key);
      } finally {
        mine.pop();
        if (mine.isEmpty()) {
          loads.remove();
        }
      }
      Object value = own.done ? own.value : look.get();
      if (own.done || value != null) {
        return value;
      }
    }
    return call(load);
  }

  /** The memo's function: on the thread of the caller that was given the lease. */
  private @Nullable Object lead() {
    Load own = loads.get().element();
    Object there = own.look.get();
    own.value = there != null ? there : call(own.load);
    own.done = true;
    return null;
  }

  private static @Nullable Object call(Callable<? extends @Nullable Object> load) {
    try {
      return load.call();
    } catch (Exception e) {
      throw new LoadFailure(e);
    }
  }

  @Override
  public void close() {
    synchronized (OPEN) {
      if (--users > 0) {
        return;
      }
      Map<String, SingleFlight> open = OPEN.get(cluster);
      if (open != null) {
        open.remove(name, this);
      }
      leases.close();
    }
  }

  private static final class Load {
    private final Supplier<@Nullable Object> look;
    private final Callable<? extends @Nullable Object> load;
    private @Nullable Object value;
    private boolean done;

    Load(Supplier<@Nullable Object> look, Callable<? extends @Nullable Object> load) {
      this.look = look;
      this.load = load;
    }
  }

  /** What the user's load threw. */
  public static final class LoadFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private LoadFailure(Throwable cause) {
      super(cause);
    }
  }
}
