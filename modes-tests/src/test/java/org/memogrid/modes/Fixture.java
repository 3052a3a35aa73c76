/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.modes.Contract.Caches;
import org.memogrid.testkit.Portable;

/** The grid of a test and the caches that it opened there, which go when it ends. */
final class Fixture {
  private static final AtomicInteger NAMES = new AtomicInteger();

  private final Grids.Setup setup;
  private final Grid grid;
  private final Portable.Fn<CacheOptions, CacheOptions> always;
  private final List<Caches<?, ?>> opened = new ArrayList<>();

  Fixture(Grids.Setup setup, Grid grid) {
    this(setup, grid, options -> options);
  }

  /**
   * @param always what all caches have, whatever a test asks for
   */
  Fixture(Grids.Setup setup, Grid grid, Portable.Fn<CacheOptions, CacheOptions> always) {
    this.setup = setup;
    this.grid = grid;
    this.always = always;
  }

  Grids.Setup setup() {
    return setup;
  }

  Grid grid() {
    return grid;
  }

  String freshName() {
    return "cache-" + NAMES.incrementAndGet();
  }

  <K, V> Caches<K, V> open(Portable.Fn<CacheOptions, CacheOptions> settings) {
    String name = freshName();
    Mode mode = setup.mode();
    Portable.Fn<CacheOptions, CacheOptions> common = always; // not this: it goes to other processes
    return open(
        name,
        node ->
            grid.open(
                node,
                cluster ->
                    cluster.cache(name, settings.apply(common.apply(CacheOptions.of(mode))))));
  }

  /** Opens a cache on every node in a way of its own. */
  <K, V> Caches<K, V> open(String name, Function<Integer, Cache<K, V>> opening) {
    List<Cache<K, V>> handles = new ArrayList<>();
    for (int node = 0; node < grid.size(); node++) {
      handles.add(opening.apply(node));
    }
    Caches<K, V> caches = new Caches<>(name, handles);
    opened.add(caches);
    return caches;
  }

  void destroyAll() {
    for (Caches<?, ?> caches : opened) {
      List<? extends Cache<?, ?>> handles = caches.all();
      (setup.mode() == Mode.LOCAL ? handles : handles.subList(0, 1)).forEach(Fixture::destroy);
    }
    opened.clear();
  }

  private static void destroy(Cache<?, ?> cache) {
    try {
      cache.destroy();
    } catch (IllegalStateException destroyedByTheTest) {
      // as it should be
    }
  }
}
