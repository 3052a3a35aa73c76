/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Executor;
import java.util.function.Function;
import org.infinispan.AdvancedCache;
import org.infinispan.Cache;
import org.infinispan.commons.api.CacheContainerAdmin.AdminFlag;
import org.infinispan.configuration.cache.Configuration;
import org.infinispan.container.impl.InternalDataContainer;
import org.infinispan.distribution.DistributionManager;
import org.infinispan.factories.ComponentRegistry;
import org.infinispan.factories.GlobalComponentRegistry;
import org.infinispan.interceptors.AsyncInterceptorChain;
import org.infinispan.interceptors.impl.CallInterceptor;
import org.infinispan.manager.EmbeddedCacheManager;
import org.infinispan.notifications.Listenable;
import org.infinispan.notifications.Listener;
import org.infinispan.notifications.cachemanagerlistener.annotation.CacheStarted;
import org.infinispan.notifications.cachemanagerlistener.annotation.CacheStopped;
import org.infinispan.notifications.cachemanagerlistener.event.CacheStartedEvent;
import org.infinispan.notifications.cachemanagerlistener.event.CacheStoppedEvent;
import org.infinispan.remoting.transport.Address;
import org.infinispan.remoting.transport.Transport;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.CacheOptions.WhenFull;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Codec;
import org.memogrid.cluster.Member;
import org.memogrid.cluster.Partitions;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Store;
import org.memogrid.internal.store.Topology;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The stores that the members of a cluster share. A store that is opened on one member exists on
 * all, joiners too, so that every entry has the owners it should. Thread-safe.
 */
public final class ClusterStores implements StoreFactory {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterStores.class);
  private static final String ENGINES_OWN = "org.infinispan.";
  private static final int LONGEST_NAME = 255;

  private final EmbeddedCacheManager manager;
  private final Context context;
  private final Tables tables;
  private final Calls calls = new Calls();
  private final CoarseClock coarse;
  private final OptionsRegistry registry;
  private final ConcurrentMap<String, ClusterStore> stores = new ConcurrentHashMap<>();

  /**
   * What the stores need of their member.
   *
   * @param members the member behind an address
   * @param threads runs listeners of configurations
   */
  public record Context(
      Codec codec,
      InstantSource clock,
      Partitions partitions,
      Function<Address, Member> members,
      Executor threads,
      MemberTransactions transactions) {}

  /** The stores on a manager that was started, on every member alike. */
  public ClusterStores(EmbeddedCacheManager manager, Context context) {
    this.manager = manager;
    this.context = context;
    this.tables = Tables.of(manager.getCacheManagerConfiguration());
    this.coarse = new CoarseClock(context.clock);
    this.registry = new OptionsRegistry(manager, context.partitions, calls, this::define);
    registry.onArrivals(this::startAllLater);
    manager.addListener(new Starts());
    startAll();
    for (String name : registry.names()) { // started with the manager, before the registry
      onStarted(name);
    }
  }

  /**
   * Starts here what exists in the cluster: a joiner has every cache before it serves, and so has a
   * member after a merge, which brings it what the other side opened without the engine's notice.
   */
  private void startAll() {
    for (String name : registry.names()) {
      CacheOptions options = registry.get(name);
      if (options != null && !manager.isRunning(name)) {
        openTable(name, options);
        define(name, options);
        var unused = manager.getCache(name);
      }
    }
  }

  /** In a split, and when the member leaves, there is nothing to start. */
  private void startAllLater() {
    context.threads.execute(
        () -> {
          try {
            startAll();
          } catch (RuntimeException e) {
            LOG.debug("not all caches were started", e);
          }
        });
  }

  @Override
  public Store open(String name, CacheOptions options) {
    requireShareable(name, options);
    ClusterStore store = here(name);
    if (store != null) { // also in a split, in which nobody can agree on anything
      OtherOptions.refuse(name, store.options(), options);
      return store.asOpened();
    }
    openTable(name, options);
    OptionsRegistry.Agreement agreement = registry.agree(name, options);
    OtherOptions.refuse(name, agreement.options(), options);
    return start(name, options, agreement.noted()).asOpened();
  }

  /** Before the engine's store asks for it: what is wrong is said here, and nothing has changed. */
  private void openTable(String name, CacheOptions options) {
    Persist persist = options.persist();
    if (persist == null) {
      return;
    }
    if (context.partitions != Partitions.CONSISTENT) {
      throw new IllegalStateException(
          "cache '"
              + name
              + "' is kept in "
              + persist
              + ", which both sides of a split cluster would write, and neither would read: join"
              + " with partitions(Partitions.CONSISTENT), or leave persist out");
    }
    tables.open(name, persist, configuration(options).clustering().hash().numSegments());
  }

  private @Nullable ClusterStore here(String name) {
    ClusterStore store = stores.get(name);
    return store != null && store.isOpen() ? store : null;
  }

  private static void requireShareable(String name, CacheOptions options) {
    if (options.mode() == Mode.LOCAL) {
      throw new IllegalArgumentException(
          "cache '" + name + "' is LOCAL: no other member shares it");
    }
    if (name.equals(OptionsRegistry.NAME) || name.startsWith(ENGINES_OWN)) {
      throw new IllegalArgumentException("the name '" + name + "' is taken: choose another");
    }
    int bytes = name.getBytes(UTF_8).length;
    if (bytes > LONGEST_NAME) {
      throw new IllegalArgumentException(
          "a shared cache's name has at most "
              + LONGEST_NAME
              + " bytes, and this one "
              + bytes
              + ": "
              + name);
    }
  }

  /** One at a time: the engine's answer to two at once is two answers. */
  private synchronized ClusterStore start(String name, CacheOptions options, boolean noted) {
    ClusterStore store = here(name);
    if (store != null) {
      return store;
    }
    AdvancedCache<ClusterKey, Envelope> advanced =
        everywhere(name, options, noted).getAdvancedCache();
    ClusterStore started =
        new ClusterStore(
            options,
            advanced,
            context.codec,
            context.clock,
            coarse,
            topologies(options.mode(), advanced),
            calls,
            this::destroy,
            context.transactions);
    stores.put(name, started);
    return started;
  }

  /**
   * The engine's cache, on all members when this returns.
   *
   * @param noted whether all members are known to have been told of it
   */
  private Cache<ClusterKey, Envelope> everywhere(String name, CacheOptions options, boolean noted) {
    if (!noted && !manager.isRunning(name)) {
      registry.awaitNoted(name);
    }
    return calls.awaitBlocking(() -> everywhereNow(name, options));
  }

  private Cache<ClusterKey, Envelope> everywhereNow(String name, CacheOptions options) {
    try {
      if (manager.isRunning(name)) {
        return manager.getCache(name);
      }
      define(name, options);
      return manager
          .administration()
          .withFlags(AdminFlag.VOLATILE)
          .getOrCreateCache(name, configuration(options));
    } catch (CompletionException e) {
      throw new CacheException(
          "cache '" + name + "' was not opened on all members: " + e.getMessage() + "; try again",
          e);
    } catch (RuntimeException e) {
      throw EngineFailure.of(name, "open", e);
    }
  }

  /**
   * Has the configuration here before any member starts the cache. The member that coordinates
   * decides how a cache behaves in a split when it first hears of it, by the configuration that it
   * has of that name, and takes none for {@code AVAILABLE} without a merge:
   *
   * <ol>
   *   <li>One member opens the cache, and the engine tells all to define and start it.
   *   <li>Another than the coordinator is first, and asks the coordinator to let it in.
   *   <li>The coordinator, which has not defined it yet, takes it for one without a policy. In a
   *       split it goes on alone though the cluster is CONSISTENT; and nothing is merged
   *       afterwards.
   * </ol>
   */
  private void define(String name, CacheOptions options) {
    Definitions.of(manager).define(manager, name, configuration(options));
  }

  private Configuration configuration(CacheOptions options) {
    return EngineConfiguration.of(
        options, context.partitions, new ManagerLookup(context.transactions.manager()));
  }

  private Topologies topologies(Mode mode, AdvancedCache<ClusterKey, Envelope> cache) {
    if (mode == Mode.INVALIDATED) {
      return new Topologies(this::view, manager, context.threads);
    }
    ClusterTopology.Place place = new ClusterTopology.Place(context.codec, context.members);
    DistributionManager distribution = cache.getDistributionManager();
    Listenable source = cache;
    return new Topologies(
        () -> ClusterTopology.of(distribution.getCacheTopology(), place), source, context.threads);
  }

  private Topology view() {
    Transport transport = GlobalComponentRegistry.componentOf(manager, Transport.class);
    List<Member> members = transport.getMembers().stream().map(context.members).toList();
    Member self = context.members.apply(transport.getAddress());
    return new ViewTopology(transport.getViewId(), members, self, context.codec);
  }

  private void destroy(ClusterStore store) {
    stores.remove(store.name(), store);
    store.closeNear();
    calls.<@Nullable Void>awaitBlocking(
        () -> {
          manager.administration().withFlags(AdminFlag.VOLATILE).removeCache(store.name());
          return null;
        });
    registry.forget(store.name());
    if (store.options().persist() != null) {
      openTable(store.name(), store.options());
      tables.close(store.name(), true);
    }
  }

  @Override
  public @Nullable CacheOptions optionsOf(String name) {
    ClusterStore store = here(name);
    return store == null ? registry.get(name) : store.options();
  }

  @Override
  public Set<String> names() {
    return registry.names();
  }

  /** How many stores are remembered here. */
  int known() {
    return stores.size();
  }

  @Override
  public void close() {
    stores.values().forEach(ClusterStore::closeNear);
    calls.end();
    stores.clear();
    tables.close();
    coarse.close();
  }

  /** Completes an engine's cache with what its configuration can't say. */
  private void onStarted(String name) {
    CacheOptions options = registry.get(name);
    if (options != null && options.maxEntries() > 0 && options.whenFull() == WhenFull.REFUSE) {
      refuse(name, options);
    }
  }

  private void refuse(String name, CacheOptions options) {
    // Asking the manager for the cache would wait for the start that we are told of.
    ComponentRegistry components =
        GlobalComponentRegistry.of(manager).getNamedComponentRegistry(name);
    AsyncInterceptorChain chain = components.getComponent(AsyncInterceptorChain.class);
    if (!chain.containsInterceptorType(RefusingInterceptor.class)) {
      chain.addInterceptorBefore(
          new RefusingInterceptor(
              name,
              options.maxEntries(),
              options.mode(),
              components.getComponent(InternalDataContainer.class),
              components.getComponent(DistributionManager.class)),
          CallInterceptor.class);
    }
  }

  /** Hears of caches that start and stop on this member, whoever opened or destroyed them. */
  @Listener
  final class Starts {
    @CacheStarted
    public void onCacheStarted(CacheStartedEvent event) {
      onStarted(event.getCacheName());
    }

    @CacheStopped
    public void onCacheStopped(CacheStoppedEvent event) {
      tables.close(event.getCacheName(), false);
      ClusterStore stopped = stores.get(event.getCacheName());
      if (stopped != null) {
        stopped.closeNear();
        stores.remove(event.getCacheName(), stopped);
      }
    }
  }
}
