/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.time.InstantSource;
import org.infinispan.configuration.global.GlobalConfigurationBuilder;
import org.infinispan.configuration.global.ShutdownHookBehavior;
import org.infinispan.manager.DefaultCacheManager;
import org.infinispan.manager.EmbeddedCacheManager;
import org.jspecify.annotations.Nullable;

/**
 * An engine without a network, which is started when it is first asked for: who has no store on it
 * pays nothing. Not thread-safe.
 */
final class LoneEngine {
  private final EntryMarshaller marshaller;
  private final InstantSource clock;
  private @Nullable EmbeddedCacheManager manager;

  LoneEngine(EntryMarshaller marshaller, InstantSource clock) {
    this.marshaller = marshaller;
    this.clock = clock;
  }

  EmbeddedCacheManager started() {
    EmbeddedCacheManager there = manager;
    if (there == null) {
      there = new DefaultCacheManager(configuration().build(), false);
      EngineClock.install(there, clock);
      there.start();
      manager = there;
    }
    return there;
  }

  private GlobalConfigurationBuilder configuration() {
    GlobalConfigurationBuilder global = new GlobalConfigurationBuilder().nonClusteredDefault();
    global.shutdown().hookBehavior(ShutdownHookBehavior.DONT_REGISTER);
    global.metrics().gauges(false).histograms(false);
    global.jmx().disable();
    global.serialization().marshaller(marshaller);
    return global;
  }

  void stop() {
    if (manager != null) {
      manager.stop();
    }
  }
}
