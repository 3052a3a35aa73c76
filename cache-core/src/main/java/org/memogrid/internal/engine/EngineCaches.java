/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.infinispan.AdvancedCache;
import org.infinispan.commons.IllegalLifecycleStateException;
import org.infinispan.configuration.cache.Configuration;
import org.infinispan.container.impl.InternalDataContainer;
import org.infinispan.distribution.DistributionManager;
import org.infinispan.factories.ComponentRegistry;
import org.infinispan.factories.GlobalComponentRegistry;
import org.infinispan.interceptors.AsyncInterceptorChain;
import org.infinispan.interceptors.impl.CallInterceptor;
import org.infinispan.manager.EmbeddedCacheManager;
import org.infinispan.notifications.Listener;
import org.infinispan.notifications.cachemanagerlistener.annotation.CacheStarted;
import org.infinispan.notifications.cachemanagerlistener.annotation.CacheStopped;
import org.infinispan.notifications.cachemanagerlistener.annotation.Merged;
import org.infinispan.notifications.cachemanagerlistener.annotation.ViewChanged;
import org.infinispan.notifications.cachemanagerlistener.event.CacheStartedEvent;
import org.infinispan.notifications.cachemanagerlistener.event.CacheStoppedEvent;
import org.infinispan.notifications.cachemanagerlistener.event.ViewChangedEvent;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.CacheOptions.WhenFull;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Partitions;
import org.memogrid.internal.engine.OptionsRegistry.State;
import org.memogrid.internal.store.Envelope;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engine's caches on one member: the only place that defines, starts and stops them. It does
 * what {@link OptionsRegistry} has, whatever was done before, so it makes no difference how often
 * it is told of a name, or how late.
 *
 * <p>Invariant: one thread does all of it, one name after the other. It may wait for the engine,
 * which never waits for it on another member: a start waits for members that have started, and for
 * the coordinator, whether it has or not. Thread-safe.
 */
final class EngineCaches {
  private static final Logger LOG = LoggerFactory.getLogger(EngineCaches.class);
  private static final Duration IDLE = Duration.ofSeconds(5);

  private final EmbeddedCacheManager manager;
  private final OptionsRegistry registry;
  private final ClusterStores.Context context;
  private final Tables tables;
  private final Tables.Owner members;
  private final Sources sources;
  private final SharedFiles files;
  private final Behinds behinds;
  private final Consumer<String> onStopped;
  private final ThreadPoolExecutor thread;
  private final ConcurrentMap<String, Held> held = new ConcurrentHashMap<>();
  private final Set<Incarnation> dropping = ConcurrentHashMap.newKeySet();
  private final ConcurrentMap<Incarnation, RuntimeException> undropped = new ConcurrentHashMap<>();
  private volatile boolean over;

  /**
   * A cache that is defined here; one of each name.
   *
   * @param cache null until it has started
   * @param failure why it could not be started, at the last attempt
   */
  private record Held(
      Incarnation incarnation,
      CacheOptions options,
      @Nullable AdvancedCache<ClusterKey, Envelope> cache,
      @Nullable RuntimeException failure) {
    String engineName() {
      return incarnation.engineName();
    }

    Held started(AdvancedCache<ClusterKey, Envelope> cache) {
      return new Held(incarnation, options, cache, null);
    }

    Held failed(RuntimeException failure) {
      return new Held(incarnation, options, null, failure);
    }
  }

  /**
   * @param onStopped is told the name of each cache that has stopped here
   */
  EngineCaches(
      EmbeddedCacheManager manager,
      OptionsRegistry registry,
      ClusterStores.Context context,
      Consumer<String> onStopped) {
    this.manager = manager;
    this.registry = registry;
    this.context = context;
    this.tables = Tables.of(manager.getCacheManagerConfiguration());
    this.members = new MembersOfTables(manager, context.members(), registry::isWhole);
    this.sources = Sources.of(manager.getCacheManagerConfiguration());
    this.files = SharedFiles.of(manager.getCacheManagerConfiguration());
    this.behinds = Behinds.of(manager.getCacheManagerConfiguration());
    this.onStopped = onStopped;
    this.thread =
        new ThreadPoolExecutor(
            1, 1, IDLE.toNanos(), TimeUnit.NANOSECONDS, new LinkedBlockingQueue<>(), this::daemon);
    thread.allowCoreThreadTimeOut(true);
    manager.addListener(new Starts());
  }

  private Thread daemon(Runnable task) {
    Thread made = new Thread(task, "memogrid-caches-" + manager.getAddress());
    made.setDaemon(true);
    return made;
  }

  /** Does what the registry has of that name. Never fails: see {@link #running}. */
  CompletableFuture<@Nullable Void> follow(String name) {
    try {
      return CompletableFuture.runAsync(() -> followNow(name), thread);
    } catch (RejectedExecutionException left) {
      return CompletableFuture.completedFuture(null);
    }
  }

  /** The same for all names. */
  CompletableFuture<@Nullable Void> followAll() {
    Set<String> names = new TreeSet<>(registry.names());
    names.addAll(held.keySet());
    names.forEach(this::expectFiles); // a start below may wait for what others have of any name
    return CompletableFuture.allOf(
        names.stream().map(this::follow).toArray(CompletableFuture<?>[]::new));
  }

  /** The same, on another thread: what a merge brings was written without notice. */
  void followAllLater() {
    later(
        () -> {
          var unused = followAll();
        });
  }

  /** Who begins to end a cache may die before all have: then one of the others goes on. */
  private void endBegunLater() {
    later(() -> registry.ending().forEach(registry::end));
  }

  private void later(Runnable task) {
    context
        .threads()
        .execute(
            () -> {
              try {
                task.run();
              } catch (RuntimeException e) { // in a split, and when this member leaves
                LOG.debug("the caches stay as they are on this member", e);
              }
            });
  }

  /**
   * Does nothing if all caches that were to start here have started.
   *
   * @throws RuntimeException why one has not
   */
  void requireStarted() {
    for (Held each : held.values()) {
      if (each.failure != null) {
        throw each.failure;
      }
    }
  }

  private void followNow(String name) {
    try {
      if (!over) {
        follow(name, registry.known(name));
      }
    } catch (RuntimeException e) { // in a split nobody knows; and when this member leaves
      LOG.debug("cache '{}' stays as it is on this member", name, e);
    }
  }

  private void follow(String name, OptionsRegistry.@Nullable Entry wanted) {
    Held here = held.get(name);
    if (here != null && (wanted == null || !isFor(here, wanted))) {
      Incarnation incarnation = here.incarnation;
      Held known = here;
      files.end(here.engineName(), () -> registry.hasEnded(incarnation));
      behinds.end(here.engineName(), () -> isInTable(known) && registry.hasEnded(incarnation));
      stop(here);
      here = null;
    }
    if (wanted == null) {
      return;
    }
    if (wanted.state() == State.DISBANDED) {
      Remains.disband(manager, wanted.incarnation().engineName());
    }
    if (wanted.state().isEnding()) {
      return;
    }
    if (here == null) {
      here = define(new Held(wanted.incarnation(), wanted.options(), null, null));
    }
    if (wanted.state() == State.RUNS && here.cache == null) {
      held.put(name, start(here));
    }
  }

  private static boolean isInTable(Held here) {
    Persist persist = here.options.persist();
    return persist != null && persist.table() != null;
  }

  /** Whether it may stay as it is. */
  private static boolean isFor(Held here, OptionsRegistry.Entry wanted) {
    return wanted.state() != State.ENDED && here.incarnation.equals(wanted.incarnation());
  }

  /**
   * Has the configuration here before any member starts the cache. The member that coordinates
   * decides how a cache behaves in a split when it first hears of it, by the configuration that it
   * has of that name, and takes none for {@code AVAILABLE} without a merge.
   */
  private Held define(Held here) {
    held.put(here.incarnation.cache(), here);
    expectFiles(here.incarnation, here.options);
    var unused = manager.defineConfiguration(here.engineName(), configuration(here));
    return here;
  }

  private void expectFiles(String name) {
    try {
      OptionsRegistry.Entry wanted = held.containsKey(name) ? null : registry.get(name);
      if (wanted != null) {
        expectFiles(wanted.incarnation(), wanted.options());
      }
    } catch (RuntimeException e) { // in a split nobody knows; and when this member leaves
      LOG.debug("the files of cache '{}' are not opened yet", name, e);
    }
  }

  /** All members have opened their files and say what they have before any starts the cache. */
  private void expectFiles(Incarnation incarnation, CacheOptions options) {
    Persist persist = options.persist();
    if (persist != null && persist.directory() != null) {
      var unused = files.expect(incarnation.engineName(), persist.directory(), segments(options));
    }
  }

  private Configuration configuration(Held here) {
    MemberTransactions transactions = context.transactions();
    return here.options.isRecoverable()
        ? EngineConfiguration.of(
            here.options,
            context.partitions(),
            transactions.recovering(here.engineName()),
            transactions.lock())
        : configuration(here.options);
  }

  private Configuration configuration(CacheOptions options) {
    return EngineConfiguration.of(options, context.partitions(), context.transactions());
  }

  private Held start(Held here) {
    try {
      context.transactions().requireRecovery(here.incarnation.cache(), here.options);
      openTable(here);
      openSource(here);
      expectFiles(here.incarnation, here.options);
      files.await(here.engineName());
      AdvancedCache<ClusterKey, Envelope> cache =
          manager.<ClusterKey, Envelope>getCache(here.engineName()).getAdvancedCache();
      return here.started(cache);
    } catch (IllegalLifecycleStateException e) { // this member leaves
      return here.failed(e);
    } catch (RuntimeException e) {
      LOG.warn(
          "cache '{}' did not start on this member, which has no part in it until it is opened"
              + " here with success: {}",
          here.incarnation.cache(),
          e.getMessage());
      LOG.debug("why cache '{}' did not start", here.incarnation.cache(), e);
      return here.failed(e);
    }
  }

  /** Before the engine's store asks for it: what is wrong is said better here. */
  private void openTable(Held here) {
    Persist persist = here.options.persist();
    if (persist != null) {
      requireConsistent(here.incarnation.cache(), persist);
      if (persist.table() != null) {
        tables.open(here.incarnation.cache(), persist, segments(here.options), members);
      }
    }
  }

  private void openSource(Held here) {
    CacheOptions options = here.options;
    Persist persist = options.persist();
    if (persist != null && persist.isOfProgram()) {
      String cache = here.incarnation.cache();
      sources.add(
          here.engineName(),
          new Source(
              cache,
              options,
              sources.resolve(cache, persist),
              true,
              context.codec(),
              context.clock()));
    }
  }

  private void requireConsistent(String name, Persist persist) {
    if (context.partitions() != Partitions.CONSISTENT) {
      throw new IllegalStateException(
          "cache '"
              + name
              + "' is kept in "
              + persist
              + ", which both sides of a split cluster would write, and neither would read: join"
              + " with partitions(Partitions.CONSISTENT), or leave persist out");
    }
  }

  /**
   * Does nothing if a cache with these options would start here.
   *
   * @throws RuntimeException if its table can't be used, or this member lacks its loader, or a
   *     manager that recovers it: why, and what to do
   */
  void checkPlace(String name, CacheOptions options) {
    context.transactions().requireRecovery(name, options);
    Persist persist = options.persist();
    if (persist != null) {
      requireConsistent(name, persist);
      if (persist.table() != null) {
        tables.check(name, persist, segments(options), members);
      } else if (persist.isOfProgram()) {
        var unused = sources.resolve(name, persist);
      }
    }
  }

  private int segments(CacheOptions options) {
    return configuration(options).clustering().hash().numSegments();
  }

  private void stop(Held here) {
    held.remove(here.incarnation.cache(), here);
    sources.remove(here.engineName()); // of one that did not start, too
    try {
      if (here.cache != null) {
        here.cache.stop();
      }
      manager.undefineConfiguration(here.engineName());
      Remains.forget(manager, here.engineName());
    } catch (RuntimeException e) {
      LOG.warn("what cache '{}' was is not all gone", here.incarnation.cache(), e);
    }
    closeTable(here);
  }

  /** One who ends it drops it, as a part of the write: the next of that name may have it anew. */
  private void closeTable(Held here) {
    boolean drops = dropping.remove(here.incarnation);
    try {
      if (drops) {
        openTable(here);
      }
      tables.close(here.incarnation.cache(), drops);
    } catch (RuntimeException e) {
      undropped.put(here.incarnation, e);
    }
  }

  /** Ends the cache on all members; its table, if it has one, is dropped by this one. */
  void end(Incarnation incarnation, boolean hasTable) {
    if (hasTable) {
      dropping.add(incarnation);
    }
    try {
      registry.end(incarnation);
    } finally {
      dropping.remove(incarnation);
    }
    RuntimeException failure = undropped.remove(incarnation);
    if (failure != null) {
      throw failure;
    }
  }

  /**
   * The engine's cache; null if another has the name by now, or none.
   *
   * @throws RuntimeException if it could not be started here
   */
  @Nullable AdvancedCache<ClusterKey, Envelope> running(Incarnation incarnation) {
    Held here = held.get(incarnation.cache());
    if (here == null || !here.incarnation.equals(incarnation)) {
      return null;
    }
    if (here.failure != null) {
      throw here.failure;
    }
    return here.cache;
  }

  /** Starts nothing any more. */
  void close() {
    over = true;
    thread.shutdown();
    tables.close();
  }

  /** Completes an engine's cache with what its configuration can't say. */
  private void onStarted(String engineName) {
    Held here = held.get(Incarnation.cacheName(engineName));
    if (here != null
        && here.engineName().equals(engineName)
        && here.options.maxEntries() > 0
        && here.options.whenFull() == WhenFull.REFUSE) {
      refuse(here);
    }
  }

  private void refuse(Held here) {
    // Asking the manager for the cache would wait for the start that we are told of.
    ComponentRegistry components =
        GlobalComponentRegistry.of(manager).getNamedComponentRegistry(here.engineName());
    components
        .getComponent(AsyncInterceptorChain.class)
        .addInterceptorBefore(
            new RefusingInterceptor(
                here.incarnation.cache(),
                here.options.maxEntries(),
                here.options.mode(),
                components.getComponent(InternalDataContainer.class),
                components.getComponent(DistributionManager.class)),
            CallInterceptor.class);
  }

  /** Hears of caches that start and stop on this member, also with the engine, and of views. */
  @Listener
  final class Starts {
    @ViewChanged
    @Merged
    public void onView(ViewChangedEvent unused) {
      if (!over && manager.isCoordinator()) {
        endBegunLater();
      }
    }

    @CacheStarted
    public void onCacheStarted(CacheStartedEvent event) {
      onStarted(event.getCacheName());
    }

    @CacheStopped
    public void onCacheStopped(CacheStoppedEvent event) {
      tables.close(Incarnation.cacheName(event.getCacheName()), false);
      sources.remove(event.getCacheName());
      behinds.remove(event.getCacheName());
      onStopped.accept(event.getCacheName());
    }
  }
}
