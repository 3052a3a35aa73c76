/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cdi;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.enterprise.inject.se.SeContainer;
import jakarta.enterprise.inject.spi.Extension;
import java.util.ServiceLoader;
import org.jboss.weld.environment.se.Weld;
import org.memogrid.cluster.Cluster;

/**
 * Containers of the tests: the classes that are named, and the extensions that are found, as a
 * container finds them that looks for beans too.
 */
final class Containers {
  private Containers() {}

  static SeContainer of(Class<?>... beans) {
    Weld weld = new Weld().disableDiscovery().addBeanClasses(beans);
    ServiceLoader.load(Extension.class).forEach(weld::addExtension);
    return weld.initialize();
  }

  /** An application's own cluster, in the process. */
  static final class Local {
    @Produces
    @ApplicationScoped
    Cluster cluster() {
      return Cluster.local();
    }

    void close(@Disposes Cluster cluster) {
      cluster.close();
    }
  }
}
