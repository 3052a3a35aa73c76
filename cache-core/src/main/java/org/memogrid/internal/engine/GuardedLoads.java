/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.infinispan.commands.FlagAffectedCommand;
import org.infinispan.commands.write.WriteCommand;
import org.infinispan.commons.time.TimeService;
import org.infinispan.container.entries.CacheEntry;
import org.infinispan.container.entries.InternalCacheEntry;
import org.infinispan.container.entries.MVCCEntry;
import org.infinispan.container.impl.EntryFactory;
import org.infinispan.container.impl.InternalDataContainer;
import org.infinispan.container.impl.InternalEntryFactory;
import org.infinispan.context.InvocationContext;
import org.infinispan.factories.impl.BasicComponentRegistry;
import org.infinispan.interceptors.impl.CacheLoaderInterceptor;
import org.infinispan.interceptors.impl.ClusteredCacheLoaderInterceptor;
import org.infinispan.persistence.internal.PersistenceUtil;
import org.infinispan.persistence.manager.PersistenceManager;
import org.infinispan.persistence.spi.MarshallableEntry;
import org.jspecify.annotations.Nullable;

/**
 * Loads of what a cache has in its store and not in memory, in the engine's place: what a {@link
 * LoadGuard} finds overtaken is not left in memory, and nobody who came after the write that
 * overtook it is given it. Thread-safe.
 */
final class GuardedLoads {
  private final LoadGuard guard;
  private final PersistenceManager stores;
  private final InternalDataContainer<Object, Object> container;
  private final InternalEntryFactory converter;
  private final EntryFactory contexts;
  private final TimeService clock;
  private final ConcurrentMap<Object, Pending> pending = new ConcurrentHashMap<>();

  /** A load that others who want the key may wait for, as long as it is current. */
  private record Pending(
      LoadGuard.Load load, CompletableFuture<@Nullable InternalCacheEntry<Object, Object>> entry) {}

  @SuppressWarnings("unchecked") // the container of this cache
  GuardedLoads(LoadGuard guard, BasicComponentRegistry components) {
    this.guard = guard;
    this.stores = components.getComponent(PersistenceManager.class).wired();
    this.container =
        (InternalDataContainer<Object, Object>)
            components.getComponent(InternalDataContainer.class).wired();
    this.converter = components.getComponent(InternalEntryFactory.class).wired();
    this.contexts = components.getComponent(EntryFactory.class).wired();
    this.clock = components.getComponent(TimeService.class).wired();
  }

  /** Loads for a command, unless another has begun to. */
  CompletionStage<?> loadFor(
      InvocationContext context, Object key, int segment, FlagAffectedCommand command) {
    Pending[] begun = new Pending[1];
    Pending shared =
        requireNonNull(
            pending.compute( // of several at once one loads
                key,
                (same, there) -> {
                  if (there != null && there.load.isCurrent()) {
                    return there;
                  }
                  LoadGuard.Load load = guard.loading(key, command instanceof WriteCommand);
                  begun[0] = new Pending(load, new CompletableFuture<>());
                  return begun[0];
                }));
    Pending own = begun[0];
    if (own != null) {
      load(context, key, segment, own.load)
          .whenComplete(
              (entry, failure) -> {
                pending.remove(key, own);
                if (failure == null) {
                  own.entry.complete(entry);
                } else {
                  own.entry.completeExceptionally(failure);
                }
              });
    }
    return shared.entry.thenAccept(entry -> give(context, key, command, entry));
  }

  private void give(
      InvocationContext context,
      Object key,
      FlagAffectedCommand command,
      @Nullable InternalCacheEntry<Object, Object> entry) {
    if (entry != null) {
      contexts.wrapExternalEntry(context, key, entry, true, command instanceof WriteCommand);
    }
    CacheEntry<?, ?> wrapped = context.lookupEntry(key);
    if (wrapped instanceof MVCCEntry<?, ?> changing) {
      changing.setLoaded(true);
    }
  }

  /** Loads for somebody who has no command. */
  CompletionStage<@Nullable InternalCacheEntry<Object, Object>> load(
      InvocationContext context, Object key, int segment) {
    return load(context, key, segment, guard.loading(key, false));
  }

  /** Loads, and leaves the entry in memory if it is current. */
  private CompletionStage<@Nullable InternalCacheEntry<Object, Object>> load(
      InvocationContext context, Object key, int segment, LoadGuard.Load load) {
    InternalCacheEntry<Object, Object> inMemory = container.peek(segment, key);
    if (inMemory != null && isLiving(inMemory)) {
      guard.loaded(load);
      return CompletableFuture.completedFuture(inMemory);
    }
    CompletionStage<MarshallableEntry<Object, Object>> stored;
    try {
      stored = stores.loadFromAllStores(key, segment, context.isOriginLocal(), inMemory == null);
    } catch (RuntimeException e) {
      stored = CompletableFuture.failedFuture(e);
    }
    return stored
        .thenApply(entry -> entry == null ? null : keep(key, segment, load, entry))
        .whenComplete((entry, failure) -> guard.loaded(load));
  }

  private InternalCacheEntry<Object, Object> keep(
      Object key, int segment, LoadGuard.Load load, MarshallableEntry<Object, Object> stored) {
    InternalCacheEntry<Object, Object> entry = PersistenceUtil.convert(stored, converter);
    var unused =
        container.compute(
            segment,
            key,
            (same, before, factory) -> {
              if (before != null && isLiving(before)) {
                return before;
              }
              return load.isCurrent() ? entry : before;
            });
    return entry;
  }

  private boolean isLiving(InternalCacheEntry<Object, Object> entry) {
    return !entry.canExpire() || !entry.isExpired(clock.wallClockTime());
  }

  /** Where no member shares the cache. */
  @SuppressWarnings({"unchecked", "rawtypes"}) // the engine makes no use of the types
  static final class Alone extends CacheLoaderInterceptor {
    private final GuardedLoads loads;

    Alone(GuardedLoads loads) {
      this.loads = loads;
    }

    @Override
    protected CompletionStage<?> loadInContext(
        InvocationContext context, Object key, int segment, FlagAffectedCommand command) {
      return loads.loadFor(context, key, segment, command);
    }

    @Override
    public CompletionStage loadAndStoreInDataContainer(
        InvocationContext context, Object key, int segment, FlagAffectedCommand command) {
      return loads.load(context, key, segment);
    }
  }

  /** Where members share the cache: only owners load. */
  @SuppressWarnings({"unchecked", "rawtypes"}) // the engine makes no use of the types
  static final class Shared extends ClusteredCacheLoaderInterceptor {
    private final GuardedLoads loads;

    Shared(GuardedLoads loads) {
      this.loads = loads;
    }

    @Override
    protected CompletionStage<?> loadInContext(
        InvocationContext context, Object key, int segment, FlagAffectedCommand command) {
      return loads.loadFor(context, key, segment, command);
    }

    @Override
    public CompletionStage loadAndStoreInDataContainer(
        InvocationContext context, Object key, int segment, FlagAffectedCommand command) {
      return loads.load(context, key, segment);
    }
  }
}
