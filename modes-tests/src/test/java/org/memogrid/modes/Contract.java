/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.testkit.Portable;

/**
 * A theme of the contract: tests over a cache that is open on every node of a grid. {@link
 * CacheContractTest} runs all themes for each mode, node count and place.
 */
interface Contract {
  Fixture fixture();

  default Mode mode() {
    return fixture().setup().mode();
  }

  default int nodes() {
    return fixture().setup().nodes();
  }

  /** Whether members see each other's entries. */
  default boolean shared() {
    return mode() == Mode.REPLICATED || mode() == Mode.DISTRIBUTED;
  }

  /** Handles, one per node, to a new cache without limits. */
  default <K, V> Caches<K, V> caches() {
    return fixture().open(options -> options);
  }

  /** Handles, one per node, to a new cache. */
  default <K, V> Caches<K, V> caches(Portable.Fn<CacheOptions, CacheOptions> settings) {
    return fixture().open(settings);
  }

  /** Runs work at the same time, and returns what each returned. */
  static <T> List<T> together(List<? extends Callable<T>> work) {
    ExecutorService threads = Executors.newFixedThreadPool(work.size());
    try {
      List<Future<T>> futures = threads.invokeAll(work);
      return futures.stream().map(Contract::result).toList();
    } catch (InterruptedException e) {
      throw new AssertionError("interrupted", e);
    } finally {
      threads.shutdown();
    }
  }

  private static <T> T result(Future<T> future) {
    try {
      return future.get();
    } catch (ExecutionException e) {
      throw new AssertionError("one of the calls failed", e.getCause());
    } catch (InterruptedException e) {
      throw new AssertionError("interrupted", e);
    }
  }

  /** One cache, by its handles: one per node. */
  record Caches<K, V>(String name, List<Cache<K, V>> all) {
    /** The handle on the oldest node. */
    Cache<K, V> here() {
      return all.get(0);
    }

    /** The handle on the youngest node: another, if there are two. */
    Cache<K, V> there() {
      return all.get(all.size() - 1);
    }

    /** The handle of some node, by turns. */
    Cache<K, V> turn(int i) {
      return all.get(i % all.size());
    }

    /** All handles but that on the oldest node. */
    List<Cache<K, V>> others() {
      return all.subList(1, all.size());
    }
  }
}
