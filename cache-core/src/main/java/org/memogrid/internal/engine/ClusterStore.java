/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;

import java.time.InstantSource;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.infinispan.AdvancedCache;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheEvent;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.CacheOptions.WhenFull;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Registration;
import org.memogrid.cluster.Codec;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Store;
import org.memogrid.internal.store.StoreListener;
import org.memogrid.internal.store.Topology;

/**
 * A store shared by the members of a cluster, or a persistent one of a process alone, on
 * Infinispan.
 *
 * <p>Only {@code put}, {@code putIfAbsent}, {@code replace} and {@code remove} are used: the engine
 * runs functions on every owner, and again when owners change.
 */
final class ClusterStore implements Store {
  /** How often the engine is told that an entry is used. */
  private static final int SEEN_MILLIS = 100;

  private final String name;
  private final @Nullable Incarnation incarnation;
  private final CacheOptions options;
  private final AdvancedCache<ClusterKey, Envelope> cache;
  private final Mode mode;
  private final Codec codec;
  private final Topologies topologies;
  private final Consumer<ClusterStore> onDestroy;
  private final StoreCalls calls;

  /** Null unless what no memory has is loaded, by one member for all. */
  private final @Nullable SharedLoads loads;

  private final EngineReads reads;
  private final EngineWrites writes;
  private final AllEntries all;
  private final Subscriptions subscriptions;

  /** Null in a process of its own and with transactions, as {@link #held} is. */
  private final @Nullable NearMap<ClusterKey, Envelope> near;

  private final @Nullable NearSource held;

  /** What this member does not hold; null unless the options say so. */
  private final @Nullable CopiedReads copied;

  /** Null unless members share it in files. */
  private final @Nullable Recovery recovery;

  /** Null unless members share it in a table. */
  private final @Nullable TableHold table;

  private final CoarseClock coarse;

  /** Whether a full member lets go of what it does not see used. */
  private final boolean evicts;

  /** What those who open it get. */
  private final Store opened;

  /** One of a process alone. */
  ClusterStore(
      CacheOptions options,
      AdvancedCache<ClusterKey, Envelope> cache,
      Codec codec,
      InstantSource clock,
      CoarseClock coarse,
      Topologies topologies,
      Calls calls,
      Consumer<ClusterStore> onDestroy) {
    this(null, options, cache, codec, clock, coarse, topologies, calls, onDestroy, null);
  }

  /**
   * @param incarnation of a shared cache; null if the engine knows it by its name
   */
  ClusterStore(
      @Nullable Incarnation incarnation,
      CacheOptions options,
      AdvancedCache<ClusterKey, Envelope> cache,
      Codec codec,
      InstantSource clock,
      CoarseClock coarse,
      Topologies topologies,
      Calls calls,
      Consumer<ClusterStore> onDestroy,
      @Nullable MemberTransactions transactions) {
    boolean shared = cache.getCacheConfiguration().clustering().cacheMode().isClustered();
    boolean ofProgram = options.persist() != null && options.persist().isOfProgram();
    this.incarnation = incarnation;
    this.name = incarnation == null ? cache.getName() : incarnation.cache();
    this.options = options;
    this.cache = cache;
    this.mode = shared ? options.mode() : Mode.LOCAL;
    this.codec = codec;
    this.topologies = topologies;
    this.onDestroy = onDestroy;
    this.recovery = NearModule.recovery(cache);
    this.table = shared ? Tables.hold(cache, name) : null;
    this.calls = new StoreCalls(name, calls, recovery);
    Patience patience = Patience.of(name, options, shared);
    this.loads =
        shared && patience != null ? new SharedLoads(cache, codec, this.calls, patience) : null;
    this.reads = new EngineReads(options, cache, this.calls, transactions, loads, patience);
    this.writes =
        new EngineWrites(
            cache, codec, clock, this.calls, reads, shared || !ofProgram, mode, patience);
    this.all = new AllEntries(options, cache, this.calls, loads != null);
    this.subscriptions = new Subscriptions(options, mode, cache, this.calls);
    this.coarse = coarse;
    this.evicts = options.maxEntries() > 0 && options.whenFull() == WhenFull.EVICT;
    this.opened =
        transactions == null || options.locking() == null
            ? this
            : new TransactionalStore(this, transactions);
    if (!shared || options.locking() != null) {
      this.near = null;
      this.held = null;
      this.copied = null;
      return;
    }
    NearInterceptor interceptor = NearModule.interceptor(cache);
    this.near = interceptor.near();
    this.held = interceptor.source();
    this.copied = CopiedReads.of(options, interceptor, coarse);
    if (evicts) {
      cache.addListener(new ChangeListeners.Dropping(interceptor.near()::drop));
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Mode mode() {
    return mode;
  }

  /** Of a shared cache. */
  Incarnation incarnation() {
    return requireNonNull(incarnation, "not shared");
  }

  CacheOptions options() {
    return options;
  }

  Store asOpened() {
    return opened;
  }

  @Override
  public boolean isOpen() {
    return cache.getStatus().allowInvocations();
  }

  @Override
  public Set<String> missing() {
    return calls.missing();
  }

  @Override
  public void goOnWithoutMissing() {
    calls.goOnWithoutMissing();
  }

  @Override
  public @Nullable Envelope near(Object key) {
    if (!serves()) {
      return null;
    }
    Envelope copy = near == null ? null : near.get(key);
    if (copy == null && copied != null) {
      return copied.near(key);
    }
    return copy == null || !(evicts || copy.isMortal()) || isSteady(copy) ? copy : null;
  }

  @Override
  public @Nullable Object nearValue(Object key, long era) {
    return near == null || !serves() ? null : near.value(key, era, coarse);
  }

  /** Whether what memory has may be read without a word of the engine. */
  private boolean serves() {
    return (recovery == null || recovery.serving().serves()) && (table == null || !table.isLost());
  }

  @Override
  public void keepValue(Object key, Envelope entry, Object value, long era) {
    if (near == null || copied != null || evicts) {
      return;
    }
    long until = entry.steadyUntil(coarse.lag());
    if (until == Envelope.NEVER || coarse.now() < until) {
      near.keep(key, ClusterKey.of(key, codec), entry, value, until, era);
    }
  }

  /** False sends the read to the engine, which has the real clock and sees what is used. */
  private boolean isSteady(Envelope copy) {
    long now = coarse.now();
    return (!copy.isMortal() || copy.isSteady(now, coarse.lag()))
        && (!evicts || copy.wasSeen((int) (now / SEEN_MILLIS)));
  }

  @Override
  public @Nullable Envelope get(Object key) {
    return calls.doing("get", () -> getNow(key));
  }

  private @Nullable Envelope getNow(Object key) {
    ClusterKey wanted = ClusterKey.of(key, codec);
    Envelope found =
        copied == null ? reads.get(wanted) : copied.get(key, wanted, () -> reads.get(wanted));
    if (found != null) {
      copy(key, wanted);
    }
    return found;
  }

  private void copy(Object key, ClusterKey wanted) {
    ClusterKey own = near == null || held == null ? null : held.own(wanted);
    if (near != null && own != null) {
      near.fill(key, own, coarse);
    }
  }

  @Override
  public boolean isSurelyAbsent(Object key) {
    return held != null
        && options.persist() == null
        && isOpen()
        && held.isAbsent(ClusterKey.of(key, codec));
  }

  @Override
  public Map<Object, Envelope> getAll(Collection<?> keys) {
    Set<ClusterKey> wanted = new HashSet<>();
    keys.forEach(key -> wanted.add(ClusterKey.of(key, codec)));
    Map<ClusterKey, Envelope> there =
        calls.doing(
            "getAll",
            () ->
                copied == null
                    ? reads.getAll(wanted)
                    : copied.getAll(wanted, () -> reads.getAll(wanted)));
    Map<Object, Envelope> found = new HashMap<>();
    there.forEach((key, entry) -> found.put(key.key(), entry));
    return found;
  }

  @Override
  public void put(Object key, Envelope envelope) {
    writes.put(key, envelope);
  }

  @Override
  public void putAll(Map<Object, Envelope> entries) {
    writes.putAll(entries);
  }

  @Override
  public @Nullable Envelope getAndPut(Object key, Envelope envelope) {
    return writes.getAndPut(key, envelope);
  }

  @Override
  public @Nullable Envelope putIfAbsent(Object key, Envelope envelope) {
    return writes.putIfAbsent(key, envelope);
  }

  @Override
  public boolean replace(Object key, Envelope expected, Envelope envelope) {
    return writes.replace(key, expected, envelope);
  }

  @Override
  public boolean replaceLocal(Object key, Envelope expected, Envelope envelope) {
    return writes.replaceLocal(key, expected, envelope);
  }

  @Override
  public @Nullable Envelope remove(Object key) {
    return writes.remove(key);
  }

  @Override
  public boolean remove(Object key, Envelope expected) {
    return writes.remove(key, expected);
  }

  @Override
  public void putLocal(Object key, Envelope envelope) {
    writes.putLocal(key, envelope);
  }

  @Override
  public void renew(Object key, Envelope used) {
    writes.renew(key, used);
  }

  @Override
  public void clear() {
    if (loads != null) {
      throw new UnsupportedOperationException(
          "clear on cache '"
              + name
              + "' is refused: what a load is reading meanwhile would come back from "
              + options.persist()
              + "; remove key by key, or destroy() the cache, which leaves the data");
    }
    writes.clear();
  }

  @Override
  public long size() {
    return all.count();
  }

  @Override
  public Stream<Map.Entry<Object, Envelope>> entries() {
    return all.stream();
  }

  @Override
  public Stream<Map.Entry<Object, Envelope>> localEntries() {
    return all.streamLocal();
  }

  @Override
  public Registration listen(StoreListener listener, Set<CacheEvent.Type> types) {
    return subscriptions.listen(listener, types);
  }

  @Override
  public long evictions() {
    return subscriptions.evictions();
  }

  @Override
  public long expirations() {
    return subscriptions.expirations();
  }

  @Override
  public Topology topology() {
    return topologies.current();
  }

  @Override
  public Registration onTopology(Consumer<Topology> listener) {
    return topologies.listen(listener);
  }

  @Override
  public <T> @Nullable T unwrap(Class<T> type) {
    return type.isInstance(cache) ? type.cast(cache) : null;
  }

  /** The cache has ended here. */
  void ended() {
    closeNear();
    calls.end();
  }

  /** No copy is read any more. */
  void closeNear() {
    if (near != null) {
      near.close();
    }
    if (copied != null) {
      copied.copies().close();
    }
  }

  @Override
  public void destroy() {
    calls.run("destroy", () -> onDestroy.accept(this));
  }
}
