/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Settings that the process was started with: system properties {@code memogrid.*}, then variables
 * {@code MEMOGRID_*}, then {@value #FILE} on the class path; the first that has a setting wins.
 * Nothing else in the library reads any of them.
 */
final class Environment {
  static final String FILE = "memogrid.properties";

  private static final Duration EXPECTED_WITHIN = Duration.ofMinutes(1);

  private final Properties system;
  private final Map<String, String> variables;
  private final Properties file;

  Environment(Properties system, Map<String, String> variables, Properties file) {
    this.system = system;
    this.variables = variables;
    this.file = file;
  }

  static Environment ofProcess() {
    return new Environment(System.getProperties(), System.getenv(), file());
  }

  /** True if this process is to stay alone. */
  boolean isAlone() {
    Setting cluster = find("memogrid.cluster");
    return cluster != null && cluster.value.equalsIgnoreCase("none");
  }

  /**
   * All that was set.
   *
   * @throws IllegalArgumentException naming the setting that is wrong and where it comes from
   */
  JoinSettings settings() {
    JoinSettings settings = new JoinSettings();
    with("memogrid.cluster.name", settings::name);
    with("memogrid.node.name", settings::nodeName);
    with("memogrid.bind", settings::bind);
    with("memogrid.port", value -> settings.port(number(value)));
    with("memogrid.seeds", value -> settings.seeds(list(value)));
    with(
        "memogrid.multicast",
        value -> {
          if (truth(value)) {
            settings.multicast();
          }
        });
    with("memogrid.dns", settings::dns);
    with("memogrid.stack", value -> settings.stack(Path.of(value)));
    with("memogrid.allow", value -> settings.allow(list(value)));
    with("memogrid.partitions", value -> settings.partitions(partitions(value)));
    with(
        "memogrid.expect.members",
        value -> settings.expectMembers(number(value), expectedWithin()));
    return settings;
  }

  private Duration expectedWithin() {
    Setting within = find("memogrid.expect.within");
    return within == null ? EXPECTED_WITHIN : duration(within.value);
  }

  private void with(String key, Consumer<String> setter) {
    Setting setting = find(key);
    if (setting == null) {
      return;
    }
    try {
      setter.accept(setting.value);
    } catch (IllegalArgumentException | IllegalStateException e) {
      throw new IllegalArgumentException(
          setting.source + " = '" + setting.value + "': " + e.getMessage(), e);
    }
  }

  private @Nullable Setting find(String key) {
    String value = system.getProperty(key);
    if (value != null) {
      return new Setting(value.strip(), "system property " + key);
    }
    String variable = key.replace('.', '_').toUpperCase(Locale.ROOT);
    value = variables.get(variable);
    if (value != null) {
      return new Setting(value.strip(), "environment variable " + variable);
    }
    value = file.getProperty(key);
    return value == null ? null : new Setting(value.strip(), key + " in " + FILE);
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

  private static Properties file() {
    Properties file = new Properties();
    ClassLoader context = Thread.currentThread().getContextClassLoader();
    ClassLoader loader = context == null ? Environment.class.getClassLoader() : context;
    try (InputStream in = loader.getResourceAsStream(FILE)) {
      if (in != null) {
        file.load(new InputStreamReader(in, UTF_8));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(FILE + " on the class path can't be read", e);
    }
    return file;
  }

  private record Setting(String value, String source) {}
}
