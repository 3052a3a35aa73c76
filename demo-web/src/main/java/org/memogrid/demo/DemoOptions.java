/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
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
 * @param app what to show
 * @param data where the counters are kept; null for memory alone
 */
record DemoOptions(
    int port,
    String nodeName,
    String clusterName,
    int clusterPort,
    List<String> seeds,
    Duration drain,
    App app,
    @Nullable Path data) {
  /** What the nodes do. */
  enum App {
    /** All of the library, behind HTTP. */
    CLUSTER,
    /** A daemon sends numbers, the nodes receive them. */
    COUNTER
  }

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
    App app = null;
    Path data = null;
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
        case "--app" -> app = once(option, app, app(value(option, rest)));
        case "--data" -> data = once(option, data, path(option, value(option, rest)));
        default -> throw new UsageException("unknown option " + option);
      }
    }
    if (port == null) {
      throw new UsageException("--port is missing: give the port to serve HTTP on");
    }
    if (data != null && app == App.COUNTER) {
      throw new UsageException("--data is given, but --app counter keeps nothing: leave out one");
    }
    return new DemoOptions(
        port,
        nodeName != null
            ? nodeName
            : port == 0 ? "node-" + ProcessHandle.current().pid() : "node-" + port,
        clusterName != null ? clusterName : "memogrid-demo",
        clusterPort != null ? clusterPort : 7800,
        seeds != null ? seeds : List.of(),
        drain != null ? drain : Duration.ZERO,
        app != null ? app : App.CLUSTER,
        data);
  }

  /** How to call it. */
  static String usage() {
    try (InputStream text = DemoOptions.class.getResourceAsStream("usage.txt")) {
      return new String(requireNonNull(text).readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static App app(String name) {
    return switch (name) {
      case "cluster" -> App.CLUSTER;
      case "counter" -> App.COUNTER;
      default -> throw new UsageException("--app is " + name + ": give cluster or counter");
    };
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

  private static Path path(String option, String value) {
    try {
      return Path.of(value);
    } catch (InvalidPathException e) {
      throw new UsageException(option + " is " + value + ": give a directory");
    }
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
