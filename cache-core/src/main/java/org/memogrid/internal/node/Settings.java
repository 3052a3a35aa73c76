/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.node;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * What the process was started with: system properties {@code memogrid.*}, then variables {@code
 * MEMOGRID_*}, then {@value #FILE} on the class path; the first that has a setting wins. Nothing
 * else in the library reads any of them.
 */
public final class Settings {
  public static final String FILE = "memogrid.properties";

  private final Properties system;
  private final Map<String, String> variables;
  private final Properties file;

  public Settings(Properties system, Map<String, String> variables, Properties file) {
    this.system = system;
    this.variables = variables;
    this.file = file;
  }

  public static Settings ofProcess() {
    return new Settings(System.getProperties(), System.getenv(), file());
  }

  /**
   * One setting.
   *
   * @param source where it stands, for errors
   */
  public record Setting(String value, String source) {}

  /** The setting of that key, or null. */
  public @Nullable Setting find(String key) {
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

  private static Properties file() {
    Properties file = new Properties();
    ClassLoader context = Thread.currentThread().getContextClassLoader();
    ClassLoader loader = context == null ? Settings.class.getClassLoader() : context;
    try (InputStream in = loader.getResourceAsStream(FILE)) {
      if (in != null) {
        file.load(new InputStreamReader(in, UTF_8));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(FILE + " on the class path can't be read", e);
    }
    return file;
  }
}
