/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import org.infinispan.commons.dataconversion.MediaType;
import org.infinispan.configuration.cache.CacheMode;
import org.infinispan.configuration.cache.ConfigurationBuilder;
import org.infinispan.configuration.global.GlobalConfigurationBuilder;
import org.infinispan.configuration.global.ShutdownHookBehavior;

/**
 * What all of raw Infinispan's members here have in common: as its guide to embedding sets up a
 * clustered cache manager and caches of objects, without metrics and JMX, which would cost it
 * something.
 */
final class RawMembers {
  private RawMembers() {}

  /**
   * A member's own part.
   *
   * @param stack the protocols of JGroups, a resource
   */
  static GlobalConfigurationBuilder global(String cluster, String node, String stack) {
    GlobalConfigurationBuilder global = GlobalConfigurationBuilder.defaultClusteredBuilder();
    global.transport().clusterName(cluster).nodeName(node).addProperty("configurationFile", stack);
    global.shutdown().hookBehavior(ShutdownHookBehavior.DONT_REGISTER);
    global.metrics().gauges(false).histograms(false);
    global.jmx().disable();
    return global;
  }

  /** A cache in the mode that we call so. */
  static ConfigurationBuilder cache(String mode) {
    ConfigurationBuilder builder = new ConfigurationBuilder();
    builder
        .clustering()
        .cacheMode(
            switch (mode) {
              case "LOCAL" -> CacheMode.LOCAL;
              case "INVALIDATED" -> CacheMode.INVALIDATION_SYNC;
              case "REPLICATED" -> CacheMode.REPL_SYNC;
              default -> CacheMode.DIST_SYNC;
            });
    builder.encoding().mediaType(MediaType.APPLICATION_OBJECT_TYPE);
    return builder;
  }
}
