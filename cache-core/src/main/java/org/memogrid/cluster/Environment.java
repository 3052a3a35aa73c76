/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import java.nio.file.Path;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.function.Consumer;
import org.memogrid.internal.node.Settings;
import org.memogrid.internal.node.Settings.Setting;

/** The settings of the process that say how to join. */
final class Environment {
  private static final Duration EXPECTED_WITHIN = Duration.ofMinutes(1);

  private final Settings settings;

  Environment(Properties system, Map<String, String> variables, Properties file) {
    this(new Settings(system, variables, file));
  }

  private Environment(Settings settings) {
    this.settings = settings;
  }

  static Environment ofProcess() {
    return new Environment(Settings.ofProcess());
  }

  /** True if this process is to stay alone. */
  boolean isAlone() {
    Setting cluster = settings.find("memogrid.cluster");
    return cluster != null && cluster.value().equalsIgnoreCase("none");
  }

  /**
   * All that was set.
   *
   * @throws IllegalArgumentException naming the setting that is wrong and where it comes from
   */
  JoinSettings settings() {
    JoinSettings join = new JoinSettings();
    with("memogrid.cluster.name", join::name);
    with("memogrid.node.name", join::nodeName);
    with("memogrid.bind", join::bind);
    with("memogrid.port", value -> join.port(number(value)));
    with("memogrid.seeds", value -> join.seeds(list(value)));
    with(
        "memogrid.multicast",
        value -> {
          if (truth(value)) {
            join.multicast();
          }
        });
    with("memogrid.dns", join::dns);
    with("memogrid.stack", value -> join.stack(Path.of(value)));
    with("memogrid.allow", value -> join.allow(list(value)));
    with("memogrid.partitions", value -> join.partitions(partitions(value)));
    with("memogrid.expect.members", value -> join.expectMembers(number(value), expectedWithin()));
    return join;
  }

  private Duration expectedWithin() {
    Setting within = settings.find("memogrid.expect.within");
    return within == null ? EXPECTED_WITHIN : duration(within.value());
  }

  private void with(String key, Consumer<String> setter) {
    Setting setting = settings.find(key);
    if (setting == null) {
      return;
    }
    try {
      setter.accept(setting.value());
    } catch (IllegalArgumentException | IllegalStateException e) {
      throw new IllegalArgumentException(
          setting.source() + " = '" + setting.value() + "': " + e.getMessage(), e);
    }
  }

  private static List<String> list(String value) {
    return Arrays.stream(value.split(",", -1))
        .map(String::strip)
        .filter(item -> !item.isEmpty())
        .toList();
  }

  private static int number(String value) {
    try {
      return Integer.parseInt(value);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("that is no whole number", e);
    }
  }

  private static boolean truth(String value) {
    return switch (value.toLowerCase(Locale.ROOT)) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new IllegalArgumentException("give true or false");
    };
  }

  private static Duration duration(String value) {
    try {
      return Duration.parse(value);
    } catch (DateTimeParseException e) {
      throw new IllegalArgumentException(
          "memogrid.expect.within is '" + value + "': give a duration such as PT30S", e);
    }
  }

  private static Partitions partitions(String value) {
    try {
      return Partitions.valueOf(value.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("give one of " + Arrays.toString(Partitions.values()), e);
    }
  }
}
