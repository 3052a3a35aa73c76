/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Persist;
import org.memogrid.internal.codec.DefaultCodec;
import org.memogrid.internal.engine.Discovery;
import org.memogrid.internal.engine.EngineOptions;
import org.memogrid.internal.engine.Expected;
import org.memogrid.internal.engine.Resources;
import org.memogrid.internal.engine.Timing;

/**
 * What somebody chose about joining; null is not chosen. Refuses a bad value, and one that
 * contradicts another, when it comes. Not thread-safe.
 */
final class JoinSettings {
  static final int PORT_RANGE = 10;

  private static final int HIGHEST_PORT = 65_535 - 2 * 100;
  private static final int LONGEST_NAME_BYTES = 200;

  private @Nullable String name;
  private @Nullable String nodeName;
  private @Nullable String bind;
  private @Nullable Integer port;
  private @Nullable Discovery discovery;
  private final List<String> allowed = new ArrayList<>();
  private @Nullable Codec codec;
  private @Nullable Partitions partitions;
  private @Nullable Expected expected;
  private final Map<String, DataSource> dataSources = new HashMap<>();
  private final Map<String, Persist> sources = new HashMap<>();

  void name(String name) {
    this.name = requireName("name", name);
  }

  void nodeName(String nodeName) {
    this.nodeName = requireName("nodeName", nodeName);
  }

  void bind(String bind) {
    requireNonNull(bind, "bind");
    require(!bind.isBlank(), "bind", bind, "give an address of this machine, such as 127.0.0.1");
    refuseWithStack("bind", bind);
    this.bind = bind;
  }

  void port(int port) {
    require(
        port > 0 && port <= HIGHEST_PORT,
        "port",
        port,
        "give one from 1 to "
            + HIGHEST_PORT
            + "; the member takes the first free of "
            + PORT_RANGE);
    refuseWithStack("port", port);
    this.port = port;
  }

  void seeds(List<String> seeds) {
    require(!seeds.isEmpty(), "seeds", "()", "give at least one host:port");
    for (String seed : seeds) {
      requireNonNull(seed, "seed");
      require(isPlace(seed), "seeds", seed, "give host:port, such as node1:7800");
    }
    discovery(new Discovery.Seeds(seeds));
  }

  void multicast() {
    discovery(new Discovery.Multicast());
  }

  void dns(String service) {
    requireNonNull(service, "service");
    require(!service.isBlank(), "dns", service, "give the name that resolves to all members");
    discovery(new Discovery.Dns(service));
  }

  void stack(Path file) {
    requireNonNull(file, "file");
    require(Files.isReadable(file), "stack", file, "there is no such file that can be read");
    if (bind != null || port != null) {
      throw conflict(
          "stack(" + file + ")",
          bind != null ? "bind(" + bind + ")" : "port(" + port + ")",
          "the file says where to bind");
    }
    discovery(new Discovery.StackFile(file));
  }

  private void discovery(Discovery chosen) {
    if (discovery != null && discovery.getClass() != chosen.getClass()) {
      throw conflict("'" + chosen + "'", "'" + discovery + "'", "members are found in one way");
    }
    discovery = chosen;
  }

  void allow(List<String> patterns) {
    if (codec != null) {
      throw conflict("allow(" + patterns + ")", "codec(" + codec + ")", "that codec has its own");
    }
    DefaultCodec.check(patterns);
    allowed.addAll(patterns);
  }

  void codec(Codec codec) {
    requireNonNull(codec, "codec");
    if (!allowed.isEmpty()) {
      throw conflict(
          "codec(" + codec + ")", "allow(" + allowed + ")", "that is for the default codec");
    }
    this.codec = codec;
  }

  void partitions(Partitions partitions) {
    this.partitions = requireNonNull(partitions, "partitions");
  }

  void expectMembers(int count, Duration within) {
    requireNonNull(within, "within");
    require(count > 0, "expectMembers", count, "this member counts: give at least 1");
    require(
        !within.isNegative() && !within.isZero(), "expectMembers", within, "give a time to wait");
    this.expected = new Expected(count, within);
  }

  void dataSource(String name, DataSource source) {
    requireNonNull(source, "source");
    String named = requireName("dataSource", name);
    require(
        !named.startsWith("jdbc:"),
        "dataSource",
        named,
        "give a name, not a URL: it is sent to all");
    if (dataSources.putIfAbsent(named, source) != null) {
      throw conflict(
          "dataSource(" + name + ")", "dataSource(" + name + ")", "a name stands for one source");
    }
  }

  void loaderAndWriter(String name, Persist source) {
    String named = requireName("loaderAndWriter", name);
    if (sources.putIfAbsent(named, source) != null) {
      throw conflict(
          "loaderAndWriter(" + name + ")",
          "loaderAndWriter(" + name + ")",
          "a name stands for one of each");
    }
  }

  /** This, and {@code other} where this is silent. */
  JoinSettings orElse(JoinSettings other) {
    JoinSettings both = new JoinSettings();
    both.name = name != null ? name : other.name;
    both.nodeName = nodeName != null ? nodeName : other.nodeName;
    both.bind = bind != null ? bind : other.bind;
    both.port = port != null ? port : other.port;
    both.discovery = discovery != null ? discovery : other.discovery;
    both.codec = codec != null || !allowed.isEmpty() ? codec : other.codec;
    both.allowed.addAll(allowed.isEmpty() && codec == null ? other.allowed : allowed);
    both.partitions = partitions != null ? partitions : other.partitions;
    both.expected = expected != null ? expected : other.expected;
    both.dataSources.putAll(dataSources);
    both.sources.putAll(sources);
    return both;
  }

  String nameOr(String otherwise) {
    return name == null ? otherwise : name;
  }

  String nodeNameOr(Supplier<String> otherwise) {
    return nodeName == null ? otherwise.get() : nodeName;
  }

  Codec codecOrDefault() {
    return codec == null ? DefaultCodec.allowing(allowed) : codec;
  }

  Resources resources() {
    return new Resources(dataSources, sources);
  }

  /** What the engine is to do; defaults where nothing was chosen. */
  EngineOptions options(Timing timing, InstantSource clock) {
    return new EngineOptions(
        nameOr(ClusterBuilder.DEFAULT_NAME),
        nodeNameOr(ClusterBuilder::defaultNodeName),
        bind == null ? ClusterBuilder.DEFAULT_BIND : bind,
        port == null ? ClusterBuilder.DEFAULT_PORT : port,
        PORT_RANGE,
        discovery == null ? new Discovery.SameMachine() : discovery,
        partitions == null ? Partitions.AVAILABLE : partitions,
        expected == null ? Expected.ANYBODY : expected,
        timing,
        clock,
        codecOrDefault(),
        resources());
  }

  private void refuseWithStack(String setting, Object value) {
    if (discovery instanceof Discovery.StackFile) {
      throw conflict(
          setting + "(" + value + ")", "'" + discovery + "'", "the file says where to bind");
    }
  }

  private static boolean isPlace(String seed) {
    int colon = seed.lastIndexOf(':');
    if (colon <= 0 || !seed.substring(colon + 1).matches("\\d{1,5}")) {
      return false;
    }
    int port = Integer.parseInt(seed.substring(colon + 1));
    return port > 0 && port <= 65_535;
  }

  private static String requireName(String setting, String name) {
    requireNonNull(name, setting);
    require(!name.isBlank(), setting, name, "give a name that is not blank");
    require(
        name.getBytes(UTF_8).length <= LONGEST_NAME_BYTES,
        setting,
        name,
        "give one of at most " + LONGEST_NAME_BYTES + " bytes");
    return name;
  }

  private static void require(boolean holds, String setting, Object value, String remedy) {
    if (!holds) {
      throw new IllegalArgumentException(setting + " is '" + value + "': " + remedy);
    }
  }

  private static IllegalStateException conflict(String now, String before, String why) {
    return new IllegalStateException(
        now + " contradicts " + before + ", set before: " + why + "; leave one out");
  }
}
