/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.testkit;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Assumptions;

/**
 * Several hosts on one machine, each in a network namespace with an address of its own, joined by a
 * switch whose cables can be cut. Needs root, {@code ip} and {@code iptables}; without them the
 * test is skipped, or fails where the environment says {@code CI=true}. Always close it.
 *
 * <pre>{@code
 * try (NetLab lab = NetLab.of(3)) {
 *   NodeProcess node = NodeProcess.start("one", lab.inside(1), List.of());
 *   lab.cut(3);
 *   lab.heal(3);
 * }
 * }</pre>
 */
public final class NetLab implements AutoCloseable {
  private static final AtomicInteger LABS = new AtomicInteger();

  private final String name =
      "mg-" + ProcessHandle.current().pid() + "-" + LABS.incrementAndGet() + "-";
  private final int hosts;

  private NetLab(int hosts) {
    this.hosts = hosts;
  }

  /** Builds the switch and the hosts 1 to {@code hosts}, or skips the test. */
  public static NetLab of(int hosts) {
    requireTools();
    NetLab lab = new NetLab(hosts);
    try {
      lab.build();
      return lab;
    } catch (RuntimeException e) {
      lab.close();
      throw e;
    }
  }

  /** The address of a host; host 1 has 10.99.0.1. */
  public String address(int host) {
    return "10.99.0." + host;
  }

  /** What to put before a command so that it runs on a host. */
  public List<String> inside(int host) {
    return List.of("ip", "netns", "exec", space(host));
  }

  /** Pulls the cable of a host: nothing comes in or goes out. */
  public void cut(int host) {
    ip("-n", space(0), "link", "set", "p" + host, "down");
  }

  /** Makes a host deaf: it can send, but nothing reaches it. */
  public void deafen(int host) {
    inside(host, "iptables", "-A", "INPUT", "-i", "eth0", "-j", "DROP");
  }

  /** Undoes {@link #cut} and {@link #deafen}. */
  public void heal(int host) {
    ip("-n", space(0), "link", "set", "p" + host, "up");
    inside(host, "iptables", "-F", "INPUT");
  }

  /** Takes the switch and the hosts away. */
  @Override
  public void close() {
    for (int host = 0; host <= hosts; host++) {
      Shell.tryRun("ip", "netns", "del", space(host));
    }
  }

  private void build() {
    ip("netns", "add", space(0));
    ip("-n", space(0), "link", "add", "br0", "type", "bridge");
    ip("-n", space(0), "link", "set", "br0", "type", "bridge", "mcast_snooping", "0");
    ip("-n", space(0), "link", "set", "br0", "type", "bridge", "stp_state", "0");
    ip("-n", space(0), "link", "set", "br0", "type", "bridge", "forward_delay", "0");
    ip("-n", space(0), "link", "set", "br0", "up");
    for (int host = 1; host <= hosts; host++) {
      plugIn(host);
    }
  }

  private void plugIn(int host) {
    String space = space(host);
    String port = "p" + host;
    ip("netns", "add", space);
    ip("-n", space(0), "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", space);
    ip("-n", space(0), "link", "set", port, "master", "br0", "up");
    ip("-n", space, "link", "set", "lo", "up");
    ip("-n", space, "addr", "add", address(host) + "/24", "dev", "eth0");
    ip("-n", space, "link", "set", "eth0", "up");
    ip("-n", space, "route", "add", "239.0.0.0/8", "dev", "eth0");
  }

  private static void requireTools() {
    boolean there =
        Shell.works("ip", "netns", "list")
            && Shell.works("iptables", "--version")
            && Shell.run("id", "-u").strip().equals("0");
    String message = "network namespaces need root, and Debian's iproute2 and iptables";
    if ("true".equals(System.getenv("CI")) && !there) {
      throw new AssertionError(message + ": with CI=true they must be there");
    }
    Assumptions.assumeTrue(there, message);
  }

  private String space(int host) {
    return name + host;
  }

  private static void ip(String... arguments) {
    String[] command = new String[arguments.length + 1];
    command[0] = "ip";
    System.arraycopy(arguments, 0, command, 1, arguments.length);
    Shell.run(command);
  }

  private void inside(int host, String... command) {
    String[] whole = new String[command.length + 4];
    String[] prefix = inside(host).toArray(new String[0]);
    System.arraycopy(prefix, 0, whole, 0, prefix.length);
    System.arraycopy(command, 0, whole, prefix.length, command.length);
    Shell.run(whole);
  }
}
