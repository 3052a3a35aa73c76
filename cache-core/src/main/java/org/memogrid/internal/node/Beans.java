/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.node;

import java.lang.management.ManagementFactory;
import javax.management.InstanceAlreadyExistsException;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Shows things in JMX by name, with the node's name if another node of this JVM has the name. Not
 * for users.
 */
public final class Beans {
  private static final Logger LOG = LoggerFactory.getLogger(Beans.class);

  private Beans() {}

  /** Shown until it is closed. */
  public interface Bean {
    void close();
  }

  public static Bean show(String type, String name, String node, Object bean) {
    MBeanServer server = ManagementFactory.getPlatformMBeanServer();
    String own = "org.memogrid:type=" + type + ",name=" + quoted(name);
    for (String full : new String[] {own, own + ",node=" + quoted(node)}) {
      try {
        ObjectName shown = server.registerMBean(bean, new ObjectName(full)).getObjectName();
        return () -> hide(server, shown);
      } catch (InstanceAlreadyExistsException taken) {
        LOG.debug("{} is shown already", full, taken);
      } catch (JMException e) {
        LOG.warn("{} can't be shown in JMX", full, e);
        break;
      }
    }
    return () -> {};
  }

  private static void hide(MBeanServer server, ObjectName shown) {
    try {
      if (server.isRegistered(shown)) {
        server.unregisterMBean(shown);
      }
    } catch (JMException e) {
      LOG.debug("{} is gone already", shown, e);
    }
  }

  private static String quoted(String text) {
    return text.matches("[^,=:\"*?\\n]+") ? text : ObjectName.quote(text);
  }
}
