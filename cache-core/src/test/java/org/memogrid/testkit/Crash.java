/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.testkit;

import java.util.List;
import org.infinispan.factories.GlobalComponentRegistry;
import org.infinispan.manager.EmbeddedCacheManager;
import org.infinispan.remoting.transport.Transport;
import org.infinispan.remoting.transport.jgroups.JGroupsTransport;
import org.jgroups.Address;
import org.jgroups.JChannel;
import org.jgroups.View;
import org.jgroups.protocols.DISCARD;
import org.jgroups.protocols.FD_SOCK2;
import org.jgroups.protocols.TP;
import org.jgroups.protocols.pbcast.GMS;
import org.jgroups.stack.ProtocolStack;
import org.memogrid.cluster.Cluster;

/**
 * Takes a node of this JVM out of its cluster without a goodbye: first nothing of it comes through
 * any more, then its failure detector's sockets break, as when a process dies. Alone in its view,
 * it has nobody to take leave of when it closes.
 */
final class Crash {
  private Crash() {}

  static void of(Cluster node) {
    JChannel channel = channel(node);
    try {
      ProtocolStack stack = channel.getProtocolStack();
      stack.insertProtocol(
          new DISCARD().setAddress(channel.getAddress()).discardAll(true),
          ProtocolStack.Position.ABOVE,
          TP.class);
      FD_SOCK2 sockets = stack.findProtocol(FD_SOCK2.class);
      if (sockets != null) {
        sockets.stop();
      }
      View alone =
          View.create(
              channel.getAddress(),
              channel.getView().getViewId().getId() + 1,
              List.of(channel.getAddress()).toArray(new Address[0]));
      stack.<GMS>findProtocol(GMS.class).installView(alone);
    } catch (Exception e) {
      throw new IllegalStateException("can't cut off " + node.self(), e);
    }
    node.close();
  }

  private static JChannel channel(Cluster node) {
    Transport transport =
        GlobalComponentRegistry.componentOf(
            node.unwrap(EmbeddedCacheManager.class), Transport.class);
    return ((JGroupsTransport) transport).getChannel();
  }
}
