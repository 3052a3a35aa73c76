/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Executor;
import org.infinispan.AdvancedCache;
import org.infinispan.configuration.global.GlobalConfigurationBuilder;
import org.infinispan.configuration.global.ShutdownHookBehavior;
import org.infinispan.manager.DefaultCacheManager;
import org.infinispan.manager.EmbeddedCacheManager;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cluster.Codec;
import org.memogrid.cluster.Member;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Store;
import org.memogrid.internal.store.Topology;

/**
 * The persistent stores of one process, on an engine without a network, which is started when the
 * first is opened. Thread-safe.
 */
public final class DurableStores implements StoreFactory {
  /** The files within the cache's folder. */
  private static final String FILES = "local";

  private final Codec codec;
  private final InstantSource clock;
  private final CoarseClock coarse;
  private final Executor threads;
  private final Topology topology;
  private final Calls calls = new Calls();
  private final Map<String, Held> stores = new TreeMap<>();
  private @Nullable EmbeddedCacheManager manager;
  private boolean closed;

  private record Held(ClusterStore store, Folder folder) {}

  /**
   * @param threads runs listeners
   */
  public DurableStores(Member self, Codec codec, InstantSource clock, Executor threads) {
    this.codec = codec;
    this.clock = clock;
    this.coarse = new CoarseClock(clock);
    this.threads = threads;
    this.topology = new SelfTopology(self);
  }

  @Override
  public synchronized Store open(String name, CacheOptions options) {
    Held there = stores.get(name);
    if (there != null) {
      OtherOptions.refuse(name, there.store.options(), options);
      return there.store;
    }
    if (closed) {
      throw new IllegalStateException("this member has left: join again");
    }
    Folder folder = Folder.open(name, requireNonNull(options.persist()).directory());
    try {
      ClusterStore store = start(name, options, folder);
      stores.put(name, new Held(store, folder));
      return store;
    } catch (RuntimeException e) {
      folder.close();
      throw e;
    }
  }

  private ClusterStore start(String name, CacheOptions options, Folder folder) {
    Path files = folder.resolve(FILES);
    StoreFiles.check(name, files);
    EmbeddedCacheManager engine = engine();
    engine.defineConfiguration(name, EngineConfiguration.alone(options, files));
    try {
      AdvancedCache<ClusterKey, Envelope> cache =
          engine.<ClusterKey, Envelope>getCache(name).getAdvancedCache();
      return new ClusterStore(
          options,
          cache,
          codec,
          clock,
          coarse,
          new Topologies(() -> topology, cache, threads),
          calls,
          this::destroy);
    } catch (RuntimeException e) {
      engine.undefineConfiguration(name);
      throw new CacheException(
          "cache '" + name + "': the files below " + files + " can't be opened: " + rootOf(e), e);
    }
  }

  private static Throwable rootOf(Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return root;
  }

  private EmbeddedCacheManager engine() {
    EmbeddedCacheManager there = manager;
    if (there == null) {
      there = new DefaultCacheManager(configuration().build(), false);
      EngineClock.install(there, clock);
      there.start();
      manager = there;
    }
    return there;
  }

  private GlobalConfigurationBuilder configuration() {
    GlobalConfigurationBuilder global = new GlobalConfigurationBuilder().nonClusteredDefault();
    global.shutdown().hookBehavior(ShutdownHookBehavior.DONT_REGISTER);
    global.metrics().gauges(false).histograms(false);
    global.jmx().disable();
    global.serialization().marshaller(new EntryMarshaller(codec));
    return global;
  }

  private synchronized void destroy(ClusterStore store) {
    Held held = stores.remove(store.name());
    if (held != null) {
      engine().administration().removeCache(store.name());
      Folder.delete(held.folder.resolve(FILES));
      held.folder.close();
    }
  }

  @Override
  public synchronized @Nullable CacheOptions optionsOf(String name) {
    Held held = stores.get(name);
    return held == null ? null : held.store.options();
  }

  @Override
  public synchronized Set<String> names() {
    return Set.copyOf(stores.keySet());
  }

  @Override
  public synchronized void close() {
    closed = true;
    calls.end();
    if (manager != null) {
      manager.stop();
    }
    stores.values().forEach(held -> held.folder.close());
    stores.clear();
    coarse.close();
  }
}
