/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.net.URI;
import java.net.URL;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import javax.cache.CacheException;
import org.jspecify.annotations.Nullable;

/**
 * The file that a manager's URI points to: what its caches are, each value with the place where it
 * stands, for errors. In YAML
 *
 * <pre>
 * mode: REPLICATED              # of caches that name none
 * namespace: shop               # managers of one namespace share their caches; the URI if not set
 * caches:
 *   prices:
 *     timeToLive: PT5M
 * </pre>
 *
 * and as properties {@code mode}, {@code namespace}, {@code caches.prices.timeToLive}.
 *
 * @param own what concerns the manager itself
 */
record ManagerFile(Map<String, Setting> own, Map<String, Map<String, Setting>> caches) {
  private static final String CLASS_PATH = "classpath";

  /**
   * One value.
   *
   * @param place the file and the line
   */
  record Setting(String key, String value, String place) {
    /** An error about this value, with what would be right. */
    CacheException wrong(String remedy, @Nullable Throwable cause) {
      return new CacheException(place + ": " + key + " = '" + value + "': " + remedy, cause);
    }
  }

  /** Takes the values of a file as they are met. */
  static final class Collected {
    private final String file;
    private final Map<String, Setting> own = new LinkedHashMap<>();
    private final Map<String, Map<String, Setting>> caches = new LinkedHashMap<>();

    Collected(String file) {
      this.file = file;
    }

    String at(int line) {
      return file + ", line " + line;
    }

    void own(String key, String value, int line) {
      if (!key.equals("mode") && !key.equals("namespace")) {
        throw new CacheException(
            at(line) + ": there is no setting '" + key + "': give mode, namespace or caches");
      }
      add(own, new Setting(key, value, at(line)));
    }

    void cache(String name, String key, String value, int line) {
      add(settings(name), new Setting(key, value, at(line)));
    }

    /** The settings of a cache, which may have none. */
    Map<String, Setting> settings(String name) {
      return caches.computeIfAbsent(name, n -> new LinkedHashMap<>());
    }

    private static void add(Map<String, Setting> to, Setting setting) {
      Setting before = to.putIfAbsent(setting.key, setting);
      if (before != null) {
        throw setting.wrong("it is set already: " + before.place, null);
      }
    }
  }

  /**
   * Reads the file of a URI: {@code file:}, {@code jar:}, {@code classpath:}, or a path on the
   * class path. Null if the URI points to none and is a mere name.
   *
   * @throws CacheException if it is missing or wrong, with the line
   */
  static @Nullable ManagerFile of(URI uri, ClassLoader loader) {
    String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
    String text = uri.toString();
    boolean yaml = text.endsWith(".yaml") || text.endsWith(".yml");
    boolean properties = text.endsWith(".properties");
    boolean points = scheme.equals("file") || scheme.equals("jar") || scheme.equals(CLASS_PATH);
    if (!points && !yaml && !properties) {
      return null;
    }
    if (!points && !scheme.isEmpty()) {
      throw new CacheException(
          uri + " is not read from there: give a file:, jar: or classpath: URI");
    }
    if (!yaml && !properties) {
      throw new CacheException(uri + " is neither .properties nor .yaml: name it so");
    }
    Collected collected = new Collected(text);
    try (InputStream in = open(uri, scheme, loader);
        Reader reader = new InputStreamReader(in, UTF_8)) {
      if (yaml) {
        readYaml(reader, collected);
      } else {
        PropertiesFile.read(reader, collected);
      }
    } catch (IOException e) {
      throw new CacheException(uri + " can't be read: " + e.getMessage(), e);
    }
    return new ManagerFile(collected.own, collected.caches);
  }

  private static void readYaml(Reader reader, Collected collected) {
    try {
      YamlFile.read(reader, collected);
    } catch (NoClassDefFoundError e) {
      throw new CacheException(
          collected.file
              + " is YAML: add org.snakeyaml:snakeyaml-engine to the class path, or give"
              + " .properties",
          e);
    }
  }

  private static InputStream open(URI uri, String scheme, ClassLoader loader) throws IOException {
    if (scheme.equals("file") || scheme.equals("jar")) {
      return uri.toURL().openStream();
    }
    String path = scheme.isEmpty() ? uri.getPath() : uri.getSchemeSpecificPart();
    String resource = path.startsWith("/") ? path.substring(1) : path;
    URL found = loader.getResource(resource);
    if (found == null) {
      throw new CacheException(
          uri + " is missing: there is no " + resource + " on the class path of " + loader);
    }
    return found.openStream();
  }
}
