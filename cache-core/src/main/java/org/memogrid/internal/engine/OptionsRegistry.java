/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.infinispan.Cache;
import org.infinispan.configuration.cache.CacheMode;
import org.infinispan.configuration.cache.ConfigurationBuilder;
import org.infinispan.manager.EmbeddedCacheManager;
import org.infinispan.notifications.Listener;
import org.infinispan.notifications.cachelistener.annotation.CacheEntryCreated;
import org.infinispan.notifications.cachelistener.annotation.DataRehashed;
import org.infinispan.notifications.cachelistener.event.CacheEntryCreatedEvent;
import org.infinispan.notifications.cachelistener.event.DataRehashedEvent;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cluster.Partitions;

/**
 * Which caches the cluster has and with which options: a replicated map that every member holds
 * from its start. The engine itself answers a request for a cache that exists with the old one,
 * whatever was asked for.
 */
final class OptionsRegistry {
  static final String NAME = "org.memogrid.options";

  private final Cache<String, byte[]> entries;
  private final Calls calls;

  /**
   * Opens the map on this member; the others must do the same.
   *
   * @param noted is told of each name that is noted while this member is here, on every member and
   *     before {@link #agree} returns on the one that noted it; must not block
   */
  OptionsRegistry(
      EmbeddedCacheManager manager,
      Partitions partitions,
      Calls calls,
      BiConsumer<String, CacheOptions> noted) {
    this.calls = calls;
    ConfigurationBuilder builder = new ConfigurationBuilder();
    EngineConfiguration.whenSplit(builder.clustering().cacheMode(CacheMode.REPL_SYNC), partitions);
    manager.defineConfiguration(NAME, builder.build());
    this.entries = manager.getCache(NAME);
    entries.addListener(new Notes(noted));
  }

  /** Has the listener told, on the engine's threads, when entries of other members have arrived. */
  void onArrivals(Runnable listener) {
    entries.addListener(new Arrivals(listener));
  }

  @Nullable CacheOptions get(String name) {
    byte[] bytes = call(name, () -> entries.getAsync(name));
    return bytes == null ? null : OptionsFormat.read(bytes);
  }

  /**
   * The options that the cluster has for a name.
   *
   * @param noted whether this member has just noted them, so that every member has been told
   */
  record Agreement(CacheOptions options, boolean noted) {}

  /** Notes the options unless there are some, and answers those that are there then. */
  Agreement agree(String name, CacheOptions options) {
    CacheOptions there = get(name);
    if (there != null) {
      return new Agreement(there, false);
    }
    byte[] before = call(name, () -> entries.putIfAbsentAsync(name, OptionsFormat.write(options)));
    return before == null
        ? new Agreement(options, true)
        : new Agreement(OptionsFormat.read(before), false);
  }

  /**
   * Returns when every member has been told of the name. A member that finds it noted by another
   * may be ahead of a third. Writes of a name arrive in order, so one more is enough.
   */
  void awaitNoted(String name) {
    byte[] there = call(name, () -> entries.getAsync(name));
    if (there != null) {
      var unused = call(name, () -> entries.replaceAsync(name, there, there));
    }
  }

  void forget(String name) {
    var unused = call(name, () -> entries.removeAsync(name));
  }

  Set<String> names() {
    try {
      return new TreeSet<>(entries.keySet()); // this member has them all
    } catch (RuntimeException e) {
      throw EngineFailure.of(NAME, "open", e);
    }
  }

  private <T extends @Nullable Object> T call(
      String name, Supplier<CompletableFuture<T>> operation) {
    try {
      return calls.await(operation.get());
    } catch (RuntimeException e) {
      throw EngineFailure.of(name, "open", e);
    }
  }

  /** Synchronous, and so a part of the write. */
  @Listener(observation = Listener.Observation.POST)
  static final class Notes {
    private final BiConsumer<String, CacheOptions> noted;

    Notes(BiConsumer<String, CacheOptions> noted) {
      this.noted = noted;
    }

    @CacheEntryCreated
    public void onNoted(CacheEntryCreatedEvent<String, byte[]> event) {
      noted.accept(event.getKey(), OptionsFormat.read(event.getValue()));
    }
  }

  @Listener(observation = Listener.Observation.POST)
  static final class Arrivals {
    private final Runnable listener;

    Arrivals(Runnable listener) {
      this.listener = listener;
    }

    @DataRehashed
    public void onRehashed(DataRehashedEvent<?, ?> unused) {
      listener.run();
    }
  }
}
