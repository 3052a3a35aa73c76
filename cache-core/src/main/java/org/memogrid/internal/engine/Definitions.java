/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.EnumSet;
import java.util.concurrent.CompletionStage;
import org.infinispan.commons.api.CacheContainerAdmin.AdminFlag;
import org.infinispan.configuration.cache.Configuration;
import org.infinispan.configuration.global.GlobalConfigurationBuilder;
import org.infinispan.globalstate.ConfigurationStorage;
import org.infinispan.globalstate.impl.VolatileLocalConfigurationStorage;
import org.infinispan.manager.EmbeddedCacheManager;

/**
 * The configurations of the cluster's caches on this member. The engine keeps what it hears from
 * others here, and we what we know before that.
 *
 * <p>Each looks whether there is one of that name before it defines it, and fails if there is one
 * already, and with that the opening of the cache on all members:
 *
 * <ol>
 *   <li>One that joins reads the options of a cache, and finds it undefined.
 *   <li>The engine hears that another opens the cache, and finds it undefined.
 *   <li>Both define it.
 * </ol>
 *
 * <p>So they take turns. And a joiner may hear first of a change of what it has not been told yet:
 * the entry has arrived with the others', and its writer, which saw owners change, writes it again.
 */
final class Definitions extends VolatileLocalConfigurationStorage {

  /** Has the manager that is made by this keep its configurations so. */
  static void keptBy(GlobalConfigurationBuilder global) {
    Definitions definitions = new Definitions();
    global
        .globalState()
        .configurationStorage(ConfigurationStorage.CUSTOM)
        .configurationStorageSupplier(() -> definitions);
  }

  /** Those of a manager that keeps them so. */
  static Definitions of(EmbeddedCacheManager manager) {
    return (Definitions)
        manager.getCacheManagerConfiguration().globalState().configurationStorageClass().get();
  }

  /** Defines the cache unless that has been done. */
  synchronized void define(EmbeddedCacheManager manager, String name, Configuration wanted) {
    if (manager.getCacheConfiguration(name) == null) {
      var unused = manager.defineConfiguration(name, wanted);
    }
  }

  @Override
  public synchronized CompletionStage<Void> createCache(
      String name, String template, Configuration configuration, EnumSet<AdminFlag> flags) {
    return super.createCache(name, template, configuration, flags);
  }

  @Override
  public synchronized CompletionStage<Void> updateConfiguration(
      String name, Configuration configuration, EnumSet<AdminFlag> flags) {
    return cacheManager.getCacheConfiguration(name) == null
        ? super.createCache(name, name, configuration, flags)
        : super.updateConfiguration(name, configuration, flags);
  }
}
