/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.util.Map;
import org.infinispan.factories.GlobalComponentRegistry;
import org.infinispan.manager.DefaultCacheManager;
import org.infinispan.manager.EmbeddedCacheManager;
import org.infinispan.topology.ClusterTopologyManager;
import org.infinispan.topology.ClusterTopologyManagerImpl;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the engine keeps of a cache that ends for good. The engine offers no way to let go of it, so
 * this takes it from where it is.
 */
final class Remains {
  private static final Logger LOG = LoggerFactory.getLogger(Remains.class);

  private Remains() {}

  /**
   * Of one that was stopped and undefined the manager keeps all, in case one of that name is asked
   * for again, which would get it with the configuration that it had. None of ours is, so it would
   * only fill the memory.
   */
  static void forget(EmbeddedCacheManager manager, String engineName) {
    try {
      Field caches = DefaultCacheManager.class.getDeclaredField("caches");
      caches.setAccessible(true);
      Map<?, ?> kept = (Map<?, ?>) caches.get(manager);
      kept.remove(engineName);
    } catch (ReflectiveOperationException | RuntimeException e) {
      LOG.debug("the engine keeps what it had of cache '{}'", engineName, e);
    }
  }

  /**
   * The member that coordinates keeps who runs a cache, and moves entries to others when one of
   * these stops. This has it forget a cache that all are about to stop. Does nothing on others.
   */
  static void disband(EmbeddedCacheManager manager, String engineName) {
    try {
      ClusterTopologyManager topologies =
          GlobalComponentRegistry.componentOf(manager, ClusterTopologyManager.class);
      Method remove =
          ClusterTopologyManagerImpl.class.getDeclaredMethod("removeCacheStatus", String.class);
      remove.setAccessible(true);
      var unused = remove.invoke(topologies, engineName);
    } catch (ReflectiveOperationException | RuntimeException e) {
      LOG.debug("the engine will warn of the end of cache '{}'", engineName, e);
    }
  }
}
