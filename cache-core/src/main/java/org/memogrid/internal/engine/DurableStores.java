/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.Executor;
import org.infinispan.AdvancedCache;
import org.infinispan.configuration.cache.Configuration;
import org.infinispan.manager.EmbeddedCacheManager;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Persist;
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
  private final Tables tables;
  private final Sources sources;
  private final InstantSource clock;
  private final CoarseClock coarse;
  private final Executor threads;
  private final Topology topology;
  private final LoneEngine engine;
  private final Calls calls = new Calls();
  private final Map<String, Held> stores = new TreeMap<>();
  private boolean closed;

  private record Held(ClusterStore store, Place place) {}

  /** What one cache is kept in. */
  private interface Place {
    /** Makes it ready for the engine, which is told how to use it. */
    Configuration prepare(CacheOptions options);

    void delete();

    void close();
  }

  /**
   * @param threads runs listeners
   * @param resources what this member gave a name
   */
  public DurableStores(
      Member self, Codec codec, InstantSource clock, Executor threads, Resources resources) {
    this.codec = codec;
    this.clock = clock;
    this.coarse = new CoarseClock(clock);
    this.threads = threads;
    this.topology = new SelfTopology(self);
    EntryMarshaller marshaller = new EntryMarshaller(codec, resources);
    this.tables = marshaller.tables();
    this.sources = marshaller.sources();
    this.engine = new LoneEngine(marshaller, clock);
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
    Place place = place(name, requireNonNull(options.persist()));
    try {
      ClusterStore store = start(name, options, place.prepare(options));
      stores.put(name, new Held(store, place));
      return store;
    } catch (RuntimeException e) {
      place.close();
      throw e;
    }
  }

  private Place place(String name, Persist persist) {
    Path directory = persist.directory();
    if (persist.isOfProgram()) {
      return new InSource(name, sources.resolve(name, persist));
    }
    return directory == null
        ? new InTable(name, persist)
        : new InFolder(name, Folder.open(name, directory));
  }

  private record InFolder(String name, Folder folder) implements Place {
    @Override
    public Configuration prepare(CacheOptions options) {
      Path files = folder.resolve(FILES);
      if (requireNonNull(options.persist()).isPurgeOnStart()) {
        Clearing.delete(files);
      }
      Clearing.finish(files);
      Configuration configuration = EngineConfiguration.alone(options, files);
      int segments = configuration.clustering().hash().numSegments();
      StoreFiles.check(name, files, segments);
      return configuration;
    }

    @Override
    public void delete() {
      Clearing.delete(folder.resolve(FILES));
    }

    @Override
    public void close() {
      folder.close();
    }
  }

  private final class InTable implements Place {
    private final String name;
    private final Persist persist;

    InTable(String name, Persist persist) {
      this.name = name;
      this.persist = persist;
    }

    @Override
    public Configuration prepare(CacheOptions options) {
      Configuration configuration = EngineConfiguration.alone(options);
      tables.open(
          name, persist, configuration.clustering().hash().numSegments(), new ThisProcess());
      if (persist.isPurgeOnStart()) {
        tables.purge(name);
      }
      return configuration;
    }

    @Override
    public void delete() {
      tables.close(name, true);
    }

    @Override
    public void close() {
      tables.close(name, false);
    }
  }

  private static final class ThisProcess implements Tables.Owner {
    @Override
    public TableHold hold(Table table) {
      String process = ManagementFactory.getRuntimeMXBean().getName();
      return new TableHold(table, "process " + process + ", " + UUID.randomUUID());
    }

    @Override
    public boolean isLast() {
      return true;
    }
  }

  private final class InSource implements Place {
    private final String name;
    private final Persist given;

    InSource(String name, Persist given) {
      this.name = name;
      this.given = given;
    }

    @Override
    public Configuration prepare(CacheOptions options) {
      sources.add(name, new Source(name, options, given, false, codec, clock));
      return EngineConfiguration.before(options);
    }

    /** The program's data are its own. */
    @Override
    public void delete() {}

    @Override
    public void close() {
      sources.remove(name);
    }
  }

  private ClusterStore start(String name, CacheOptions options, Configuration configuration) {
    EmbeddedCacheManager manager = engine.started();
    manager.defineConfiguration(name, configuration);
    try {
      AdvancedCache<ClusterKey, Envelope> cache =
          manager.<ClusterKey, Envelope>getCache(name).getAdvancedCache();
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
      manager.undefineConfiguration(name);
      throw new CacheException(
          "cache '" + name + "': " + options.persist() + " can't be opened: " + rootOf(e), e);
    }
  }

  private static Throwable rootOf(Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return root;
  }

  private synchronized void destroy(ClusterStore store) {
    Held held = stores.remove(store.name());
    if (held != null) {
      engine.started().administration().removeCache(store.name());
      held.place.delete();
      held.place.close();
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
    tables.closing();
    engine.stop();
    stores.values().forEach(held -> held.place.close());
    stores.clear();
    coarse.close();
  }
}
