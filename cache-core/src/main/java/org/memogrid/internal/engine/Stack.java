/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jgroups.JChannel;
import org.jgroups.protocols.FD_ALL3;
import org.jgroups.protocols.FD_SOCK2;
import org.jgroups.protocols.FRAG4;
import org.jgroups.protocols.MERGE3;
import org.jgroups.protocols.MFC;
import org.jgroups.protocols.MPING;
import org.jgroups.protocols.RED;
import org.jgroups.protocols.TCP;
import org.jgroups.protocols.TCPPING;
import org.jgroups.protocols.UFC;
import org.jgroups.protocols.UNICAST3;
import org.jgroups.protocols.VERIFY_SUSPECT2;
import org.jgroups.protocols.dns.DNS_PING;
import org.jgroups.protocols.pbcast.GMS;
import org.jgroups.protocols.pbcast.NAKACK2;
import org.jgroups.protocols.pbcast.STABLE;
import org.jgroups.stack.Protocol;

/** Builds the channel: transport, discovery, failure detection, ordering, and the wire on top. */
final class Stack {
  /** Between a member's port and the one on which its neighbours watch it live. */
  private static final int WATCH_PORT_OFFSET = 100;

  /** How long a member asks to be let in before it starts a cluster beside the one it found. */
  private static final Duration JOIN_PATIENCE = Duration.ofSeconds(60);

  private static final long FLOW_CREDITS = 4_000_000;
  private static final int FRAGMENT_BYTES = 60_000;

  private final EngineOptions options;

  Stack(EngineOptions options) {
    this.options = options;
  }

  /** A channel that is not connected yet, with {@code wire} as its highest protocol. */
  JChannel channel(WireProtocol wire) throws Exception {
    JChannel channel =
        options.discovery() instanceof Discovery.StackFile stack
            ? new JChannel(stack.file().toString())
            : new JChannel(protocols());
    channel.getProtocolStack().addProtocol(wire);
    wire.setProtocolStack(channel.getProtocolStack());
    return channel;
  }

  private List<Protocol> protocols() throws UnknownHostException {
    Timing timing = options.timing();
    List<Protocol> protocols = new ArrayList<>();
    protocols.add(transport());
    protocols.add(new RED());
    protocols.add(discovery());
    protocols.add(
        new MERGE3()
            .setMinInterval(timing.mergeMin().toMillis())
            .setMaxInterval(timing.mergeMax().toMillis()));
    protocols.add(watch());
    protocols.add(
        new FD_ALL3()
            .setTimeout(timing.silence().toMillis())
            .setInterval(timing.heartbeat().toMillis()));
    protocols.add(new VERIFY_SUSPECT2().setTimeout(timing.verify().toMillis()));
    protocols.add(new NAKACK2().useMcastXmit(false).setXmitInterval(200).resendLastSeqno(true));
    protocols.add(new UNICAST3().setXmitInterval(200).setConnCloseTimeout(5_000));
    protocols.add(new STABLE().setDesiredAverageGossip(5_000).setMaxBytes(1_000_000));
    protocols.add(
        new GMS()
            .setJoinTimeout(timing.join().toMillis())
            .setMaxJoinAttempts(Math.toIntExact(JOIN_PATIENCE.dividedBy(timing.join())))
            .printLocalAddress(false));
    protocols.add(new UFC().setMaxCredits(FLOW_CREDITS).setMinThreshold(0.4));
    protocols.add(new MFC().setMaxCredits(FLOW_CREDITS).setMinThreshold(0.4));
    protocols.add(new FRAG4().setFragSize(FRAGMENT_BYTES));
    return protocols;
  }

  private TCP transport() throws UnknownHostException {
    TCP tcp = new TCP();
    tcp.setBindAddress(InetAddress.getByName(options.bind()));
    tcp.setBindPort(options.port());
    tcp.setPortRange(options.portRange() - 1);
    tcp.setSendBufSize(640_000);
    tcp.setSockConnTimeout(300);
    tcp.tcpNodelay(true);
    tcp.threadNamingPattern("pl");
    tcp.getThreadPool().setMinThreads(0).setMaxThreads(200).setKeepAliveTime(60_000);
    return tcp;
  }

  private FD_SOCK2 watch() throws UnknownHostException {
    return new FD_SOCK2()
        .setBindAddress(InetAddress.getByName(options.bind()))
        .setOffset(WATCH_PORT_OFFSET)
        .setPortRange(options.portRange());
  }

  private Protocol discovery() throws UnknownHostException {
    Discovery discovery = options.discovery();
    org.jgroups.protocols.Discovery protocol;
    if (discovery instanceof Discovery.Seeds seeds) {
      TCPPING ping = new TCPPING().setPortRange(0);
      // By name, so that one that can't be resolved yet is tried again.
      ping.setValue("initial_hosts_str", hosts(seeds));
      protocol = ping;
    } else if (discovery instanceof Discovery.Multicast) {
      protocol = new MPING().setBindAddr(InetAddress.getByName(options.bind()));
    } else if (discovery instanceof Discovery.Dns dns) {
      protocol = new DNS_PING().setDNSQuery(dns.service()).setDNSResolver(new SystemResolver());
    } else {
      protocol = new TCPPING().setInitialHosts(ports()).setPortRange(0);
    }
    // Two members that start at once must hear of each other before one of them gives up.
    protocol.setValue("num_discovery_runs", 3);
    // Two members that are no seeds learn each other's place from a third: it tells them once when
    // they join, and if that is lost it must answer when they ask.
    protocol.returnEntireCache(true);

    return protocol;
  }

  private List<InetSocketAddress> ports() {
    return IntStream.range(options.port(), options.port() + options.portRange())
        .mapToObj(port -> new InetSocketAddress(options.bind(), port))
        .toList();
  }

  private static String hosts(Discovery.Seeds seeds) {
    return seeds.places().stream()
        .map(
            seed -> {
              int colon = seed.lastIndexOf(':');
              return seed.substring(0, colon) + "[" + seed.substring(colon + 1) + "]";
            })
        .collect(Collectors.joining(","));
  }
}
