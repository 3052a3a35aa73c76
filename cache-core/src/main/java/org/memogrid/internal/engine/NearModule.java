/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.Collection;
import java.util.List;
import org.infinispan.Cache;
import org.infinispan.commons.internal.InternalCacheNames;
import org.infinispan.configuration.cache.Configuration;
import org.infinispan.configuration.cache.ConfigurationBuilder;
import org.infinispan.configuration.global.GlobalConfiguration;
import org.infinispan.container.impl.InternalDataContainer;
import org.infinispan.distribution.DistributionManager;
import org.infinispan.factories.ComponentRegistry;
import org.infinispan.factories.GlobalComponentRegistry;
import org.infinispan.factories.impl.BasicComponentRegistry;
import org.infinispan.factories.impl.ModuleMetadataBuilder;
import org.infinispan.interceptors.AsyncInterceptorChain;
import org.infinispan.interceptors.impl.EntryWrappingInterceptor;
import org.infinispan.lifecycle.ModuleLifecycle;
import org.infinispan.partitionhandling.PartitionHandling;
import org.infinispan.partitionhandling.impl.PartitionHandlingManager;
import org.infinispan.registry.InternalCacheRegistry;
import org.infinispan.remoting.transport.Address;
import org.infinispan.remoting.transport.Transport;
import org.jspecify.annotations.Nullable;
import org.memogrid.internal.store.Envelope;

/**
 * Gives each of our caches its near map before the cache starts, so that no write is missed: one
 * that was already on its way when the interceptor came would leave a copy behind. Found by the
 * engine as a module of its own, hence public.
 */
public final class NearModule implements ModuleMetadataBuilder, ModuleLifecycle {
  @Override
  public String getModuleName() {
    return "memogrid-near";
  }

  @Override
  public Collection<String> getRequiredDependencies() {
    return List.of("core");
  }

  @Override
  public Collection<String> getOptionalDependencies() {
    return List.of();
  }

  @Override
  public ModuleLifecycle newModuleLifecycle() {
    return this;
  }

  @Override
  public void registerMetadata(ModuleBuilder builder) {
    StoreGuards.register(builder); // made by us, wired by the engine
  }

  /**
   * The map of the caches that the engine is asked to open on all members, which it is never asked
   * by us, is each member's own: so a member does not wait for the others to send it one more map
   * when it joins.
   */
  @Override
  public void cacheManagerStarting(
      GlobalComponentRegistry components, GlobalConfiguration configuration) {
    if (configuration.isClustered()
        && configuration.serialization().marshaller() instanceof EntryMarshaller) {
      components
          .getComponent(InternalCacheRegistry.class)
          .registerInternalCache(
              InternalCacheNames.CONFIG_STATE_CACHE_NAME, new ConfigurationBuilder().build());
    }
  }

  @Override
  public void cacheStarting(ComponentRegistry cache, Configuration configuration, String name) {
    if (!isOurs(cache)) {
      return;
    }
    if (configuration.clustering().cacheMode().isClustered()) {
      Address self = cache.getGlobalComponentRegistry().getComponent(Transport.class).getAddress();
      BasicComponentRegistry components = cache.getComponent(BasicComponentRegistry.class);
      StaleEntries.install(components, configuration, self);
      OrphanedWrites.install(components, self);
    }
    if (configuration.transaction().transactionMode().isTransactional()) {
      TransactionalModule.complete(cache, configuration, name); // a near read knows no transaction
      return;
    }
    if (configuration.persistence().usingStores()) {
      EndedEntries.install(cache.getComponent(BasicComponentRegistry.class), configuration);
      StoreGuards.install(
          cache.getComponent(BasicComponentRegistry.class),
          configuration,
          Sources.of(cache.getGlobalComponentRegistry().getGlobalConfiguration()).get(name),
          BehindWrites.find(
              cache.getComponent(BasicComponentRegistry.class),
              configuration,
              Behinds.of(cache.getGlobalComponentRegistry().getGlobalConfiguration()),
              name));
      Recovering.install(
          cache.getComponent(BasicComponentRegistry.class),
          configuration,
          SharedFiles.of(cache.getGlobalComponentRegistry().getGlobalConfiguration()),
          name);
    }
    if (!configuration.clustering().cacheMode().isClustered()) {
      return;
    }
    NearSource source = source(cache.getComponent(BasicComponentRegistry.class), configuration);
    AsyncInterceptorChain chain =
        cache
            .getComponent(BasicComponentRegistry.class)
            .getComponent(AsyncInterceptorChain.class)
            .wired();
    EntryWrappingInterceptor changes =
        chain.findInterceptorExtending(EntryWrappingInterceptor.class);
    chain.addInterceptorBefore(
        new NearInterceptor(new NearMap<>(source), source), changes.getClass());
  }

  /** What was given to a cache. */
  static NearInterceptor interceptor(Cache<?, ?> cache) {
    NearInterceptor found =
        ComponentRegistry.componentOf(cache, AsyncInterceptorChain.class)
            .findInterceptorWithClass(NearInterceptor.class);
    if (found == null) {
      throw new IllegalStateException(
          "cache '"
              + cache.getName()
              + "' started without its near map: if the jars were merged into one, merge their"
              + " META-INF/services/"
              + ModuleMetadataBuilder.class.getName()
              + " too");
    }
    return found;
  }

  /** That of a cache in files that members share; null for others. */
  static @Nullable Recovery recovery(Cache<?, ?> cache) {
    HoldInterceptor found =
        ComponentRegistry.componentOf(cache, AsyncInterceptorChain.class)
            .findInterceptorWithClass(HoldInterceptor.class);
    return found == null ? null : found.recovery();
  }

  private static boolean isOurs(ComponentRegistry cache) {
    return cache.getGlobalComponentRegistry().getGlobalConfiguration().serialization().marshaller()
        instanceof EntryMarshaller;
  }

  @SuppressWarnings("unchecked") // our caches hold nothing else
  private static NearSource source(BasicComponentRegistry components, Configuration configuration) {
    boolean refuses =
        configuration.clustering().partitionHandling().whenSplit()
            != PartitionHandling.ALLOW_READ_WRITES;
    return new NearSource(
        (InternalDataContainer<ClusterKey, Envelope>)
            components.getComponent(InternalDataContainer.class).wired(),
        components.getComponent(DistributionManager.class).wired(),
        refuses ? components.getComponent(PartitionHandlingManager.class).wired() : null);
  }
}
