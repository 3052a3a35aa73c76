/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.lang.reflect.Field;
import java.util.Map;
import org.infinispan.manager.DefaultCacheManager;
import org.infinispan.manager.EmbeddedCacheManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the engine's manager keeps of a cache that was stopped and undefined: all of it, in case one
 * of that name is asked for again, which would get it with the configuration that it had. None of
 * ours is, so it would only fill the memory.
 */
final class Remains {
  private static final Logger LOG = LoggerFactory.getLogger(Remains.class);

  private Remains() {}

  /** Lets go of it. The engine offers no way to, so this takes it from where it is. */
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
}
