/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.time.Duration;
import java.time.InstantSource;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cluster.Member;
import org.memogrid.internal.store.Store;
import org.memogrid.internal.store.Topology;

/** The stores of one process, in memory, whatever mode they were asked for. Thread-safe. */
public final class LocalStores implements StoreFactory {
  private static final Duration SWEEP = Duration.ofSeconds(5);

  private final ConcurrentMap<String, LocalStore> stores = new ConcurrentHashMap<>();
  private final InstantSource clock;
  private final CoarseClock coarse;
  private final Topology topology;
  private final Future<?> sweeper;

  /**
   * @param scheduler removes now and then what is over; not shut down by {@link #close}
   */
  public LocalStores(Member self, InstantSource clock, ScheduledExecutorService scheduler) {
    this.clock = clock;
    this.coarse = new CoarseClock(clock);
    this.topology = new SelfTopology(self);
    this.sweeper =
        scheduler.scheduleWithFixedDelay(
            () -> stores.values().forEach(LocalStore::sweep),
            SWEEP.toMillis(),
            SWEEP.toMillis(),
            TimeUnit.MILLISECONDS);
  }

  @Override
  public Store open(String name, CacheOptions options) {
    LocalStore store =
        stores.computeIfAbsent(
            name, n -> new LocalStore(n, options, clock, coarse, topology, this::forget));
    OtherOptions.refuse(name, store.options(), options);
    return store;
  }

  private void forget(LocalStore destroyed) {
    stores.remove(destroyed.name(), destroyed);
  }

  @Override
  public @Nullable CacheOptions optionsOf(String name) {
    LocalStore store = stores.get(name);
    return store == null ? null : store.options();
  }

  @Override
  public Set<String> names() {
    return Set.copyOf(stores.keySet());
  }

  @Override
  public void close() {
    sweeper.cancel(false);
    stores.values().forEach(LocalStore::close);
    stores.clear();
    coarse.close();
  }
}
