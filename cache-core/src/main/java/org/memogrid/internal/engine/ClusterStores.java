/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Executor;
import java.util.function.Function;
import org.infinispan.AdvancedCache;
import org.infinispan.commons.IllegalLifecycleStateException;
import org.infinispan.commons.TimeoutException;
import org.infinispan.distribution.DistributionManager;
import org.infinispan.factories.GlobalComponentRegistry;
import org.infinispan.manager.EmbeddedCacheManager;
import org.infinispan.notifications.Listenable;
import org.infinispan.remoting.transport.Address;
import org.infinispan.remoting.transport.Transport;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Codec;
import org.memogrid.cluster.Member;
import org.memogrid.cluster.Partitions;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Store;
import org.memogrid.internal.store.Topology;

/**
 * The stores that the members of a cluster share. A store that is opened on one member exists on
 * all, joiners too, so that every entry has the owners it should. Thread-safe.
 */
public final class ClusterStores implements StoreFactory {
  private static final String ENGINES_OWN = "org.infinispan.";

  private final EmbeddedCacheManager manager;
  private final Context context;
  private final Calls calls = new Calls();
  private final CoarseClock coarse;
  private final Runnable noMoreJoiners;
  private final OptionsRegistry registry;
  private final EngineCaches caches;
  private final InDoubts inDoubts;
  private final ConcurrentMap<String, ClusterStore> stores = new ConcurrentHashMap<>();

  /**
   * What the stores need of their member.
   *
   * @param members the member behind an address
   * @param threads runs listeners of configurations
   * @param transfer how long a member that joins waits for the next part of what others have
   */
  public record Context(
      Codec codec,
      InstantSource clock,
      Partitions partitions,
      Function<Address, Member> members,
      Executor threads,
      MemberTransactions transactions,
      Duration transfer) {}

  /**
   * The stores on a manager that was started, on every member alike. All that exist in the cluster
   * are here when this returns: a joiner has every cache before it serves.
   *
   * @throws StuckJoinException if the others do not send what they have
   */
  public ClusterStores(EmbeddedCacheManager manager, Context context) {
    this.manager = manager;
    this.context = context;
    Transfers transfers = new Transfers(manager, context.transfer);
    this.noMoreJoiners = ForgottenJoiners.lookFor(manager, context.threads);
    OptionsRegistry.define(manager, context.partitions);
    this.registry =
        new OptionsRegistry(
            transfers.await(
                CompletableFuture.supplyAsync(
                    () -> OptionsRegistry.start(manager), context.threads)),
            context.codec,
            calls);
    this.coarse = new CoarseClock(context.clock);
    this.inDoubts = new InDoubts(manager, context, new Prepares());
    context.transactions.join(inDoubts);
    this.caches = new EngineCaches(manager, registry, context, this::onStopped);
    try {
      registry.onChange(caches::follow);
      registry.onArrivals(caches::followAllLater);
      var unused = transfers.await(caches.followAll());
      caches.requireStarted();
    } catch (RuntimeException | Error e) {
      noMoreJoiners.run();
      caches.close();
      coarse.close();
      throw e;
    }
  }

  @Override
  public Store open(String name, CacheOptions options) {
    requireShareable(name, options);
    ClusterStore store = here(name);
    if (store != null) { // also in a split, in which nobody can agree on anything
      OtherOptions.refuse(name, store.options(), options);
      return store.asOpened();
    }
    try {
      return openEverywhere(name, options).asOpened();
    } catch (TimeoutException e) {
      throw new CacheException(
          "cache '" + name + "' was not opened on all members: " + e.getMessage() + "; try again",
          e);
    } catch (RuntimeException e) {
      throw EngineFailure.of(name, "open", e);
    }
  }

  private ClusterStore openEverywhere(String name, CacheOptions options) {
    while (true) {
      if (registry.get(name) == null) { // what is wrong is said now, and nothing has changed
        caches.checkPlace(name, options);
        if (options.isRecoverable()) {
          inDoubts.open();
        }
      }
      OptionsRegistry.Entry there = registry.note(name, options);
      OtherOptions.refuse(name, there.options(), options);
      if (registry.run(there)) {
        AdvancedCache<ClusterKey, Envelope> cache = caches.running(there.incarnation());
        ClusterStore store = cache == null ? null : store(there, cache);
        if (store != null) {
          return store;
        }
      }
    }
  }

  /** The one store of an engine's cache; null if that has ended meanwhile. */
  @Nullable ClusterStore store(
      OptionsRegistry.Entry there, AdvancedCache<ClusterKey, Envelope> cache) {
    ClusterStore store;
    try {
      store =
          stores.compute(
              there.incarnation().cache(),
              (name, known) ->
                  known != null && known.incarnation().equals(there.incarnation())
                      ? known
                      : make(there, cache));
    } catch (IllegalLifecycleStateException e) {
      if (stays(there)) { // it is this member that leaves
        throw e;
      }
      return null;
    }
    if (store.isOpen()) {
      return store;
    }
    stores.remove(store.name(), store);
    return null;
  }

  private boolean stays(OptionsRegistry.Entry there) {
    OptionsRegistry.Entry now = registry.get(there.name());
    return now != null && now.incarnation().equals(there.incarnation());
  }

  private ClusterStore make(
      OptionsRegistry.Entry there, AdvancedCache<ClusterKey, Envelope> cache) {
    return new ClusterStore(
        there.incarnation(),
        there.options(),
        cache,
        context.codec,
        context.clock,
        coarse,
        topologies(there.options().mode(), cache),
        calls.ofCache(there.incarnation().cache()),
        this::destroy,
        context.transactions);
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
    if (bytes > Incarnation.LONGEST_NAME) {
      throw new IllegalArgumentException(
          "a shared cache's name has at most "
              + Incarnation.LONGEST_NAME
              + " bytes, and this one "
              + bytes
              + ": "
              + name);
    }
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

  /** What transactions in doubt need of the stores. */
  private final class Prepares implements InDoubts.Caches {
    @Override
    public @Nullable Store prepared(boolean make) {
      return make || optionsOf(InDoubts.STORE) != null
          ? open(InDoubts.STORE, InDoubts.OPTIONS)
          : null;
    }

    @Override
    public @Nullable AdvancedCache<ClusterKey, Envelope> running(String engineName) {
      String name = Incarnation.cacheName(engineName);
      OptionsRegistry.Entry there = registry.get(name);
      if (there == null || !there.incarnation().engineName().equals(engineName)) {
        return null;
      }
      AdvancedCache<ClusterKey, Envelope> cache = caches.running(there.incarnation());
      if (cache == null) {
        throw new CacheException(
            "cache '" + name + "' is not on this member yet; try again, or on another");
      }
      return cache;
    }
  }

  private void destroy(ClusterStore store) {
    Persist persist = store.options().persist();
    caches.end(store.incarnation(), persist != null && persist.table() != null);
  }

  @Override
  public @Nullable CacheOptions optionsOf(String name) {
    ClusterStore store = here(name);
    if (store != null) {
      return store.options();
    }
    try {
      OptionsRegistry.Entry there = registry.get(name);
      return there == null ? null : there.options();
    } catch (RuntimeException e) {
      throw EngineFailure.of(name, "open", e);
    }
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
  public void leave() {
    Behinds.of(manager.getCacheManagerConfiguration()).leave();
    SharedFiles.of(manager.getCacheManagerConfiguration()).leave();
  }

  @Override
  public void close() {
    stores.values().forEach(ClusterStore::closeNear);
    noMoreJoiners.run();
    calls.end();
    stores.clear();
    caches.close();
    coarse.close();
  }

  private void onStopped(String engineName) {
    ClusterStore stopped = stores.get(Incarnation.cacheName(engineName));
    if (stopped != null && stopped.incarnation().engineName().equals(engineName)) {
      stopped.ended();
      stores.remove(stopped.name(), stopped);
    }
  }
}
