/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import java.lang.reflect.Constructor;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import javax.cache.CacheException;
import javax.cache.configuration.Factory;
import javax.cache.configuration.MutableConfiguration;
import javax.cache.expiry.ExpiryPolicy;
import javax.cache.integration.CacheLoader;
import javax.cache.integration.CacheWriter;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;

/** Makes a configuration of the settings that a file has for a cache. */
final class Described {
  private static final List<String> KNOWN =
      List.of(
          "mode",
          "timeToLive",
          "maxIdle",
          "maxEntries",
          "whenFull",
          "owners",
          "async",
          "keyType",
          "valueType",
          "storeByValue",
          "readThrough",
          "writeThrough",
          "loader",
          "writer",
          "expiryPolicy",
          "statistics",
          "management");

  private final String cache;
  private final Map<String, ManagerFile.Setting> settings;
  private final ClassLoader loader;

  Described(String cache, Map<String, ManagerFile.Setting> settings, ClassLoader loader) {
    this.cache = cache;
    this.settings = settings;
    this.loader = loader;
  }

  /** The mode that a setting names. */
  static Mode mode(ManagerFile.Setting setting) {
    return constant(setting, Mode.class);
  }

  /**
   * The configuration.
   *
   * @throws CacheException naming the setting that is wrong, its line and what would be right
   */
  MemogridConfiguration<Object, Object> configuration(Mode defaultMode) {
    for (ManagerFile.Setting each : settings.values()) {
      if (!KNOWN.contains(each.key())) {
        throw each.wrong("a cache has no such setting; it has " + KNOWN, null);
      }
    }
    ManagerFile.Setting mode = settings.get("mode");
    CacheOptions options = CacheOptions.of(mode == null ? defaultMode : mode(mode));
    options = with(options, "timeToLive", Described::duration, CacheOptions::timeToLive);
    options = with(options, "maxIdle", Described::duration, CacheOptions::maxIdle);
    options = with(options, "maxEntries", Described::number, CacheOptions::maxEntries);
    options =
        with(
            options,
            "whenFull",
            setting -> constant(setting, CacheOptions.WhenFull.class),
            CacheOptions::whenFull);
    options =
        with(
            options,
            "owners",
            Described::number,
            (before, owners) -> before.owners(Math.toIntExact(owners)));
    options =
        with(
            options, "async", Described::truth, (before, async) -> async ? before.async() : before);
    return standard(new MemogridConfiguration<>(options));
  }

  private MemogridConfiguration<Object, Object> standard(
      MemogridConfiguration<Object, Object> made) {
    made.setTypes(type("keyType"), type("valueType"));
    with(made, "storeByValue", Described::truth, MutableConfiguration::setStoreByValue);
    with(made, "readThrough", Described::truth, MutableConfiguration::setReadThrough);
    with(made, "writeThrough", Described::truth, MutableConfiguration::setWriteThrough);
    with(made, "statistics", Described::truth, MutableConfiguration::setStatisticsEnabled);
    with(made, "management", Described::truth, MutableConfiguration::setManagementEnabled);
    with(
        made,
        "loader",
        setting -> this.<CacheLoader<Object, Object>>factory(setting, CacheLoader.class),
        MutableConfiguration::setCacheLoaderFactory);
    with(
        made,
        "writer",
        setting -> this.<CacheWriter<Object, Object>>factory(setting, CacheWriter.class),
        MutableConfiguration::setCacheWriterFactory);
    with(
        made,
        "expiryPolicy",
        setting -> this.<ExpiryPolicy>factory(setting, ExpiryPolicy.class),
        MutableConfiguration::setExpiryPolicyFactory);
    requireOneExpiry();
    return made;
  }

  private void requireOneExpiry() {
    ManagerFile.Setting policy = settings.get("expiryPolicy");
    for (String each : List.of("timeToLive", "maxIdle")) {
      ManagerFile.Setting other = settings.get(each);
      if (policy != null && other != null) {
        throw policy.wrong(
            "cache '%s' has %s as well, at %s: give one of the two"
                .formatted(cache, each, other.place()),
            null);
      }
    }
  }

  private <T, C> C with(
      C before, String key, Function<ManagerFile.Setting, T> read, BiFunction<C, T, ?> set) {
    ManagerFile.Setting setting = settings.get(key);
    if (setting == null) {
      return before;
    }
    try {
      @SuppressWarnings("unchecked") // each setter answers what it was called on, or a copy of it
      C after = (C) set.apply(before, read.apply(setting));
      return after;
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw setting.wrong("cache '" + cache + "': " + e.getMessage(), e);
    }
  }

  @SuppressWarnings("unchecked") // what the cache is declared with is checked at run time
  private Class<Object> type(String key) {
    ManagerFile.Setting setting = settings.get(key);
    return setting == null ? Object.class : (Class<Object>) load(setting);
  }

  private Class<?> load(ManagerFile.Setting setting) {
    try {
      return Class.forName(setting.value(), false, loader);
    } catch (ClassNotFoundException | LinkageError e) {
      throw setting.wrong("there is no such class on the class path of " + loader, e);
    }
  }

  /** Checks the class now; its objects are made when the cache is, and closed with it. */
  private <T> Factory<T> factory(ManagerFile.Setting setting, Class<?> type) {
    Class<?> found = load(setting);
    if (!type.isAssignableFrom(found)) {
      throw setting.wrong("give a class that is a " + type.getName(), null);
    }
    String remedy = "it needs a public constructor without arguments that works";
    Constructor<?> constructor;
    try {
      constructor = found.getDeclaredConstructor();
    } catch (NoSuchMethodException e) {
      throw setting.wrong(remedy, e);
    }
    return () -> {
      try {
        @SuppressWarnings("unchecked") // a class stands for all its uses
        T made = (T) constructor.newInstance();
        return made;
      } catch (ReflectiveOperationException e) {
        throw setting.wrong(remedy, e);
      }
    };
  }

  private static Duration duration(ManagerFile.Setting setting) {
    try {
      return Duration.parse(setting.value());
    } catch (DateTimeParseException e) {
      throw setting.wrong("give a duration such as PT30S", e);
    }
  }

  private static Long number(ManagerFile.Setting setting) {
    try {
      return Long.valueOf(setting.value().replace("_", ""));
    } catch (NumberFormatException e) {
      throw setting.wrong("that is no whole number", e);
    }
  }

  private static Boolean truth(ManagerFile.Setting setting) {
    return switch (setting.value().toLowerCase(Locale.ROOT)) {
      case "true" -> true;
      case "false" -> false;
      default -> throw setting.wrong("give true or false", null);
    };
  }

  private static <E extends Enum<E>> E constant(ManagerFile.Setting setting, Class<E> type) {
    try {
      return Enum.valueOf(type, setting.value().toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      throw setting.wrong("give one of " + Arrays.toString(type.getEnumConstants()), e);
    }
  }
}
