/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache.tck;

import javax.management.MBeanServerBuilder;
import javax.management.MBeanServerDelegate;

/** Makes MBean servers of the name by which the JSR's tests look for theirs. */
public final class TckMBeanServerBuilder extends MBeanServerBuilder {
  @Override
  public MBeanServerDelegate newMBeanServerDelegate() {
    return new MBeanServerDelegate() {
      @Override
      public synchronized String getMBeanServerId() {
        return System.getProperty("org.jsr107.tck.management.agentId", super.getMBeanServerId());
      }
    };
  }
}
