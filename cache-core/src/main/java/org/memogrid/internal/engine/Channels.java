/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.List;
import java.util.concurrent.Callable;
import org.infinispan.remoting.transport.jgroups.AbstractJGroupsChannelConfigurator;
import org.jgroups.JChannel;
import org.jgroups.conf.ProtocolConfiguration;

/** Hands the manager the channel that we built, before it is connected. */
final class Channels extends AbstractJGroupsChannelConfigurator {
  private final Callable<JChannel> maker;

  Channels(Callable<JChannel> maker) {
    this.maker = maker;
  }

  @Override
  public String getName() {
    return "memogrid";
  }

  @Override
  public JChannel createChannel(String name) throws Exception {
    return amendChannel(maker.call());
  }

  @Override
  public String getProtocolStackString() {
    return getName();
  }

  @Override
  public List<ProtocolConfiguration> getProtocolStack() {
    return List.of();
  }
}
