/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.cache;

import static java.util.Objects.requireNonNull;

import java.time.InstantSource;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Executor;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Codec;
import org.memogrid.internal.engine.StoreFactory;
import org.memogrid.internal.node.Beans;
import org.memogrid.internal.store.Store;
import org.memogrid.internal.store.Versions;

/**
 * The caches of one member: what {@code Cluster.cache} answers. Each call gives a handle of its
 * own; the handles of one name share the data and the statistics. Thread-safe.
 */
public final class Caches {
  /** Begins the names of what the features keep; they open it as stores. */
  private static final String RESERVED = "org.memogrid.";

  private final StoreFactory stores;
  private final Mode defaultMode;
  private final Opened.Surroundings around;
  private final Display display;
  private final ConcurrentMap<String, Opened> opened = new ConcurrentHashMap<>();
  private volatile boolean closed;

  /** Shows each cache that is opened, until it is told not to. */
  public interface Display {
    Beans.Bean show(String cache, Object bean);
  }

  /** Caches that nobody looks at. */
  public Caches(
      StoreFactory stores,
      Mode defaultMode,
      Codec codec,
      InstantSource clock,
      Executor workers,
      Executor listeners) {
    this(stores, defaultMode, codec, clock, workers, listeners, (cache, bean) -> () -> {});
  }

  /**
   * @param defaultMode what {@link #cache(String)} opens if there is nothing to attach to
   * @param workers runs renewals
   * @param listeners runs the users' listeners, which may block
   */
  public Caches(
      StoreFactory stores,
      Mode defaultMode,
      Codec codec,
      InstantSource clock,
      Executor workers,
      Executor listeners,
      Display display) {
    this.display = display;
    this.stores = stores;
    this.defaultMode = defaultMode;
    Versions versions = new Versions();
    Fences fences = new Fences(stores, codec, versions, defaultMode != Mode.LOCAL);
    this.around = new Opened.Surroundings(codec, clock, workers, listeners, versions, fences);
  }

  /** The cache of that name with the options it has; if there is none, one in the default mode. */
  public <K, V> Cache<K, V> cache(String name) {
    requireName(name);
    CacheOptions existing = stores.optionsOf(name);
    return cache(name, existing == null ? CacheOptions.of(defaultMode) : existing);
  }

  public <K, V> Cache<K, V> cache(String name, Mode mode) {
    return cache(name, CacheOptions.of(mode));
  }

  /**
   * The cache of that name.
   *
   * @throws IllegalStateException if there is one with other options, showing both
   */
  public <K, V> Cache<K, V> cache(String name, CacheOptions options) {
    requireName(name);
    requireNonNull(options, "options");
    requireOpen();
    Store store = stores.open(name, options);
    Opened known = opened.get(name);
    return new StoreCache<>(known != null && known.store == store ? known : opened(store, options));
  }

  /** Forgets, now and then, what was destroyed. */
  private Opened opened(Store store, CacheOptions options) {
    opened.values().removeIf(Opened::isOver);
    return requireNonNull(
        opened.compute(
            store.name(),
            (name, there) ->
                there != null && there.store == store ? there : open(there, store, options)));
  }

  private Opened open(@Nullable Opened before, Store store, CacheOptions options) {
    if (before != null) {
      before.hide();
    }
    Opened now = new Opened(store, options, around, this::requireOpen);
    now.shown(display.show(store.name(), new CacheBean(store, options, now.counters)));
    return now;
  }

  /** How many caches are remembered here. */
  int known() {
    return opened.size();
  }

  public Set<String> names() {
    requireOpen();
    return stores.names().stream()
        .filter(name -> !name.startsWith(RESERVED))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** Every handle fails from now on. The stores are their factory's to close. */
  public void close() {
    closed = true;
    opened.values().forEach(Opened::hide);
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the cluster was closed here: join it again");
    }
  }

  private static void requireName(@Nullable String name) {
    if (requireNonNull(name, "name").isBlank()) {
      throw new IllegalArgumentException("a cache's name must not be blank");
    }
    if (name.startsWith(RESERVED)) {
      throw new IllegalArgumentException(
          "the name '"
              + name
              + "' is refused: names that begin with '"
              + RESERVED
              + "' are those of Memogrid's own stores; choose another");
    }
  }
}
