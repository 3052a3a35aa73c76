/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import java.lang.management.ManagementFactory;
import java.net.URI;
import java.util.HashSet;
import java.util.Set;
import javax.cache.CacheException;
import javax.cache.configuration.CompleteConfiguration;
import javax.cache.management.CacheMXBean;
import javax.cache.management.CacheStatisticsMXBean;
import javax.management.InstanceAlreadyExistsException;
import javax.management.InstanceNotFoundException;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import javax.management.StandardMBean;

/**
 * The two MXBeans of a cache, under the names that the JSR and Micrometer look for. Managers of two
 * class loaders may have caches of one such name: the first is seen, and ends by itself alone. To
 * be called by one thread at a time.
 */
final class Beans {
  private final MBeanServer server = ManagementFactory.getPlatformMBeanServer();
  private final ObjectName configuration;
  private final ObjectName statistics;
  private final Set<ObjectName> own = new HashSet<>();

  Beans(URI manager, String cache) {
    configuration = name("CacheConfiguration", manager, cache);
    statistics = name("CacheStatistics", manager, cache);
  }

  private static ObjectName name(String type, URI manager, String cache) {
    try {
      return new ObjectName(
          "javax.cache:type="
              + type
              + ",CacheManager="
              + safe(manager.toString())
              + ",Cache="
              + safe(cache));
    } catch (JMException e) {
      throw new CacheException(
          "cache '" + cache + "' can't be managed: its name does not fit into an MBean's", e);
    }
  }

  private static String safe(String text) {
    return text.replaceAll("[:=,\n\"*?]", ".");
  }

  void showConfiguration(CompleteConfiguration<?, ?> shown) {
    register(configuration, new Shown(shown), CacheMXBean.class);
  }

  void hideConfiguration() {
    unregister(configuration);
  }

  void showStatistics(CacheStatisticsMXBean shown) {
    register(statistics, shown, CacheStatisticsMXBean.class);
  }

  void hideStatistics() {
    unregister(statistics);
  }

  private <T> void register(ObjectName name, T bean, Class<T> type) {
    try {
      unregister(name);
      server.registerMBean(new StandardMBean(bean, type, true), name);
      own.add(name);
    } catch (InstanceAlreadyExistsException taken) {
      // Somebody shows a cache of the same manager's URI and name: that one is seen.
    } catch (JMException e) {
      throw new CacheException(name + " can't be registered", e);
    }
  }

  private void unregister(ObjectName name) {
    try {
      if (own.remove(name)) {
        server.unregisterMBean(name);
      }
    } catch (InstanceNotFoundException raced) {
      // It is gone, as it should be.
    } catch (JMException e) {
      throw new CacheException(name + " can't be unregistered", e);
    }
  }

  private record Shown(CompleteConfiguration<?, ?> of) implements CacheMXBean {
    @Override
    public String getKeyType() {
      return of.getKeyType().getName();
    }

    @Override
    public String getValueType() {
      return of.getValueType().getName();
    }

    @Override
    public boolean isReadThrough() {
      return of.isReadThrough();
    }

    @Override
    public boolean isWriteThrough() {
      return of.isWriteThrough();
    }

    @Override
    public boolean isStoreByValue() {
      return of.isStoreByValue();
    }

    @Override
    public boolean isStatisticsEnabled() {
      return of.isStatisticsEnabled();
    }

    @Override
    public boolean isManagementEnabled() {
      return of.isManagementEnabled();
    }
  }
}
