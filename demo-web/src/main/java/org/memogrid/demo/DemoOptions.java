/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the command line of a demo node said. Immutable.
 *
 * @param port where HTTP is served; 0 lets the system choose
 * @param nodeName the name of this node in the cluster; unique there
 * @param clusterName nodes of one name find each other
 * @param clusterPort the first port that the cluster's own traffic tries
 * @param seeds members to ask first, {@code host:port}; empty for nodes of this machine
 * @param drain how long to go on serving when told to stop, with {@code /health} red
 */
record DemoOptions(
    int port,
    String nodeName,
    String clusterName,
    int clusterPort,
    List<String> seeds,
    Duration drain) {
  static final String USAGE =
      """
      usage: demo [--nodes N] [--haproxy] [options]    N nodes, on 8080, 8180, ... (default: 2)
             demo --port P [options]                   one node

        --nodes N              how many nodes to start
        --haproxy              put HAProxy in front of them, on http://localhost:8000/

        --port P               serve HTTP on 127.0.0.1:P (0: a free port)
        --node-name N          this node's name in the cluster (default: node-P)
        --cluster-name G       the cluster to join (default: memogrid-demo)
        --cluster-port C       first port of the cluster's traffic (default: 7800)
        --seeds H:P[,H:P...]   members to ask first (default: nodes on this machine)
        --drain S              serve for S seconds more when stopped, with /health red (default: 0)
        --help                 show this text
      """;

  DemoOptions {
    seeds = List.copyOf(seeds);
  }

  /**
   * Reads a command line.
   *
   * @throws UsageException if an option is unknown, repeated, lacks its value or has a bad one
   */
  static DemoOptions parse(List<String> args) {
    Integer port = null;
    String nodeName = null;
    String clusterName = null;
    Integer clusterPort = null;
    List<String> seeds = null;
    Duration drain = null;
    for (Iterator<String> rest = args.iterator(); rest.hasNext(); ) {
      String option = rest.next();
      switch (option) {
        case "--port" -> port = once(option, port, port(option, value(option, rest), 0));
        case "--node-name" -> nodeName = once(option, nodeName, value(option, rest));
        case "--cluster-name" -> clusterName = once(option, clusterName, value(option, rest));
        case "--cluster-port" ->
            clusterPort = once(option, clusterPort, port(option, value(option, rest), 1));
        case "--seeds" -> seeds = once(option, seeds, seeds(value(option, rest)));
        case "--drain" -> drain = once(option, drain, seconds(option, value(option, rest)));
        default -> throw new UsageException("unknown option " + option);
      }
    }
    if (port == null) {
      throw new UsageException("--port is missing: give the port to serve HTTP on");
    }
    return new DemoOptions(
        port,
        nodeName != null
            ? nodeName
            : port == 0 ? "node-" + ProcessHandle.current().pid() : "node-" + port,
        clusterName != null ? clusterName : "memogrid-demo",
        clusterPort != null ? clusterPort : 7800,
        seeds != null ? seeds : List.of(),
        drain != null ? drain : Duration.ZERO);
  }

  private static String value(String option, Iterator<String> rest) {
    if (rest.hasNext()) {
      String value = rest.next();
      if (!value.isBlank() && !value.startsWith("--")) {
        return value;
      }
    }
    throw new UsageException(option + " needs a value");
  }

  private static <T> T once(String option, @Nullable T before, T now) {
    if (before != null) {
      throw new UsageException(option + " is given twice: " + before + " and " + now);
    }
    return now;
  }

  static int port(String option, String value, int lowest) {
    return number(option, value, lowest, 65_535);
  }

  private static Duration seconds(String option, String value) {
    return Duration.ofSeconds(number(option, value, 0, 60));
  }

  private static int number(String option, String value, int lowest, int highest) {
    try {
      int number = Integer.parseInt(value);
      if (number >= lowest && number <= highest) {
        return number;
      }
    } catch (NumberFormatException e) {
      // said below, as for a number out of range
    }
    throw new UsageException(
        "%s is %s: give a number from %d to %d".formatted(option, value, lowest, highest));
  }

  private static List<String> seeds(String value) {
    List<String> seeds = new ArrayList<>();
    for (String seed : value.split(",", -1)) {
      int colon = seed.lastIndexOf(':');
      if (colon < 1) {
        throw new UsageException("--seeds has '" + seed + "': give HOST:PORT, separated by commas");
      }
      port("the port in --seeds " + seed, seed.substring(colon + 1), 1);
      seeds.add(seed);
    }
    return seeds;
  }

  /** A command line that can't be followed; the message says what to change. */
  static final class UsageException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    UsageException(String message) {
      super(message);
    }
  }
}
