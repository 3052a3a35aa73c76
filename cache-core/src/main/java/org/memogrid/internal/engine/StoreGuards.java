/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.List;
import org.infinispan.configuration.cache.Configuration;
import org.infinispan.configuration.cache.CustomStoreConfiguration;
import org.infinispan.configuration.cache.StoreConfiguration;
import org.infinispan.distribution.DistributionManager;
import org.infinispan.expiration.impl.ExpirationManagerImpl;
import org.infinispan.factories.impl.BasicComponentRegistry;
import org.infinispan.factories.impl.ComponentAccessor;
import org.infinispan.factories.impl.ModuleMetadataBuilder.ModuleBuilder;
import org.infinispan.interceptors.AsyncInterceptor;
import org.infinispan.interceptors.AsyncInterceptorChain;
import org.infinispan.interceptors.impl.CacheLoaderInterceptor;
import org.infinispan.interceptors.impl.CacheWriterInterceptor;
import org.infinispan.interceptors.impl.CallInterceptor;
import org.infinispan.interceptors.impl.ClusteredCacheLoaderInterceptor;
import org.infinispan.interceptors.impl.DistCacheWriterInterceptor;
import org.infinispan.interceptors.impl.EntryWrappingInterceptor;
import org.infinispan.persistence.manager.PersistenceManager;
import org.jspecify.annotations.Nullable;

/** Puts our loads and writes in the place of the engine's, in a cache that has a store. */
final class StoreGuards {
  /**
   * The engine's {@code Scopes.NAMED_CACHE}, by its number as the engine's own code has it: the
   * class is in a jar of annotations that users don't have.
   */
  private static final int NAMED_CACHE = 1;

  private StoreGuards() {}

  /** Has the engine wire ours as it wires its own. */
  static void register(ModuleBuilder builder) {
    register(builder, GuardedLoads.Alone.class, CacheLoaderInterceptor.class);
    register(builder, GuardedLoads.Shared.class, ClusteredCacheLoaderInterceptor.class);
    register(builder, EarlyWrites.class, DistCacheWriterInterceptor.class);
    register(builder, StateWrites.class, DistCacheWriterInterceptor.class);
    register(builder, EndedEntries.class, ExpirationManagerImpl.class);
  }

  private static void register(ModuleBuilder builder, Class<?> ours, Class<?> theirs) {
    builder.registerComponentAccessor(
        ours.getName(),
        List.of(),
        new ComponentAccessor<>(ours.getName(), NAMED_CACHE, false, theirs.getName(), List.of()));
  }

  /**
   * Before the cache starts.
   *
   * @param source what it is in front of; null if that is no program's
   * @param behind what members that share the store write there behind their writers; null if those
   *     wait
   */
  static void install(
      BasicComponentRegistry components,
      Configuration configuration,
      @Nullable Source source,
      @Nullable SharedBehind behind) {
    AsyncInterceptorChain chain = components.getComponent(AsyncInterceptorChain.class).wired();
    boolean clustered = configuration.clustering().cacheMode().isClustered();
    boolean shared =
        configuration.persistence().stores().stream().anyMatch(StoreConfiguration::shared);
    if (configuration.persistence().stores().stream().anyMatch(StoreGuards::isInFilesBehind)) {
      chain.addInterceptorBefore(
          new BehindGuard(components.getComponent(PersistenceManager.class).wired()),
          CacheWriterInterceptor.class);
    }
    if (configuration.persistence().stores().stream().anyMatch(StoreGuards::isInTable)) {
      chain.addInterceptor(
          new HeldGuard(components.getComponent(PersistenceManager.class).wired()), 0);
    }
    LoadGuard guard = new LoadGuard();
    GuardedLoads loads = new GuardedLoads(guard, components);
    if (clustered) {
      chain.replaceInterceptor(
          own(components, new GuardedLoads.Shared(loads)), ClusteredCacheLoaderInterceptor.class);
    } else {
      chain.replaceInterceptor(
          own(components, new GuardedLoads.Alone(loads)), CacheLoaderInterceptor.class);
    }
    chain.addInterceptorBefore(
        new GuardInterceptor(
            guard, components.getComponent(PersistenceManager.class).wired(), shared),
        chain.findInterceptorExtending(EntryWrappingInterceptor.class).getClass());
    if (source != null && clustered) {
      chain.removeInterceptor(DistCacheWriterInterceptor.class);
      new SharedSource(
              source, components.getComponent(DistributionManager.class).wired(), behind == null)
          .install(chain);
      if (behind != null) {
        BehindWrites.install(components, behind, Source::isWritten);
      }
    } else if (source != null) {
      chain.replaceInterceptor(new SourceWrites(source), CacheWriterInterceptor.class);
    } else if (behind != null) {
      chain.removeInterceptor(DistCacheWriterInterceptor.class);
      BehindWrites.install(components, behind, change -> true);
    } else if (shared) {
      chain.removeInterceptor(DistCacheWriterInterceptor.class);
      chain.addInterceptorBefore(own(components, new EarlyWrites()), CallInterceptor.class);
      PersistenceManager stores = components.getComponent(PersistenceManager.class).wired();
      EarlyBatches.install(
          chain,
          components.getComponent(DistributionManager.class).wired(),
          (entries, metadata) -> tableOf(stores).writeAll(entries, metadata));
    } else if (clustered) {
      var before = chain.findInterceptorExtending(EntryWrappingInterceptor.class).getClass();
      chain.addInterceptorBefore(new StateTurns(), before);
      chain.addInterceptorBefore(own(components, new StateWrites()), before);
    }
  }

  /** There once the cache has started. */
  private static TableStore<?, ?> tableOf(PersistenceManager stores) {
    return stores.getStores(TableStore.class).iterator().next();
  }

  private static boolean isInFilesBehind(StoreConfiguration store) {
    return store instanceof CheckedStoreConfiguration && store.async().enabled();
  }

  private static boolean isInTable(StoreConfiguration store) {
    return store instanceof CustomStoreConfiguration custom
        && custom.customStoreClass().equals(TableStore.class);
  }

  private static AsyncInterceptor own(BasicComponentRegistry components, AsyncInterceptor ours) {
    String name = ours.getClass().getName();
    components.registerComponent(name, ours, true);
    components.addDynamicDependency(AsyncInterceptorChain.class.getName(), name);
    return ours;
  }
}
