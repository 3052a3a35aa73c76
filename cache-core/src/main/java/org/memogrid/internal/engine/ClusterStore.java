/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;

import io.reactivex.rxjava3.core.Flowable;
import java.time.InstantSource;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.infinispan.AdvancedCache;
import org.infinispan.commons.util.CloseableIterator;
import org.infinispan.container.entries.CacheEntry;
import org.infinispan.context.Flag;
import org.infinispan.context.impl.FlagBitSets;
import org.infinispan.factories.ComponentRegistry;
import org.infinispan.persistence.manager.PersistenceManager;
import org.infinispan.persistence.spi.MarshallableEntry;
import org.infinispan.reactive.publisher.PublisherReducers;
import org.infinispan.reactive.publisher.PublisherTransformers;
import org.infinispan.reactive.publisher.impl.ClusterPublisherManager;
import org.infinispan.reactive.publisher.impl.DeliveryGuarantee;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheEvent;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.CacheOptions.WhenFull;
import org.memogrid.cache.Locking;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cache.Registration;
import org.memogrid.cluster.Codec;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Store;
import org.memogrid.internal.store.StoreListener;
import org.memogrid.internal.store.Topology;
import org.reactivestreams.Publisher;

/**
 * A store shared by the members of a cluster, or a persistent one of a process alone, on
 * Infinispan.
 *
 * <p>Only {@code put}, {@code putIfAbsent}, {@code replace} and {@code remove} are used: the engine
 * runs functions on every owner, and again when owners change. It compares envelopes, that is
 * versions, so a conditional write that it repeats finds its own work done. What a condition
 * expects is sent as a version alone.
 */
final class ClusterStore implements Store {
  /** How often the engine is told that an entry is used. */
  private static final int SEEN_MILLIS = 100;

  /** How many entries come at a time. */
  private static final int BATCH = 512;

  private final String name;
  private final @Nullable Incarnation incarnation;
  private final CacheOptions options;
  private final AdvancedCache<ClusterKey, Envelope> cache;
  private final AdvancedCache<ClusterKey, Envelope> silent;
  private final AdvancedCache<ClusterKey, Envelope> local;

  /** Reads what is in memory, where loading is something else. */
  private final AdvancedCache<ClusterKey, Envelope> reader;

  /** The flags of those who read all of it. */
  private final long reading;

  private final Codec codec;
  private final InstantSource clock;
  private final Topologies topologies;
  private final Calls calls;
  private final Consumer<ClusterStore> onDestroy;
  private final ChangeListeners.Counting counting = new ChangeListeners.Counting();

  /** Null in a process of its own and with transactions, as {@link #held} is. */
  private final @Nullable NearMap<ClusterKey, Envelope> near;

  private final @Nullable NearSource held;

  /** What this member does not hold; null unless the options say so. */
  private final @Nullable CopiedReads copied;

  /** Null unless members share it in files. */
  private final @Nullable Recovery recovery;

  private final ClusterPublisherManager<ClusterKey, Envelope> publishers;

  /** Whether what no memory has is loaded, by one member for all. */
  private final boolean loads;

  /** The way to the table; null if the entries are in none. */
  private final @Nullable PersistenceManager stores;

  private final Mode mode;
  private final CoarseClock coarse;

  /** Whether a full member lets go of what it does not see used. */
  private final boolean evicts;

  private final @Nullable MemberTransactions transactions;

  /** What a transaction reads by, where reading locks. */
  private final @Nullable AdvancedCache<ClusterKey, Envelope> locked;

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
    this.incarnation = incarnation;
    this.name = incarnation == null ? cache.getName() : incarnation.cache();
    this.options = options;
    this.opened =
        transactions == null || options.locking() == null
            ? this
            : new TransactionalStore(this, transactions);
    this.cache = cache;
    this.transactions = transactions;
    this.locked =
        options.locking() == Locking.PESSIMISTIC ? cache.withFlags(Flag.FORCE_WRITE_LOCK) : null;
    this.silent = cache.withFlags(Flag.IGNORE_RETURN_VALUES);
    this.local = cache.withFlags(Flag.CACHE_MODE_LOCAL);
    this.codec = codec;
    this.clock = clock;
    this.topologies = topologies;
    this.calls = calls;
    this.onDestroy = onDestroy;
    this.coarse = coarse;
    this.evicts = options.maxEntries() > 0 && options.whenFull() == WhenFull.EVICT;
    this.publishers = publishers(cache);
    this.recovery = NearModule.recovery(cache);
    this.stores =
        options.persist() == null || options.persist().table() == null
            ? null
            : ComponentRegistry.componentOf(cache, PersistenceManager.class);
    cache.addListener(counting);
    this.mode =
        cache.getCacheConfiguration().clustering().cacheMode().isClustered()
            ? options.mode()
            : Mode.LOCAL;
    this.loads = mode != Mode.LOCAL && options.persist() != null && options.persist().isOfProgram();
    this.reader = loads ? cache.withFlags(Flag.SKIP_CACHE_LOAD) : cache;
    this.reading = loads ? FlagBitSets.SKIP_CACHE_LOAD : 0;
    if (mode == Mode.LOCAL || options.locking() != null) {
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

  @SuppressWarnings("unchecked") // of this cache
  private static ClusterPublisherManager<ClusterKey, Envelope> publishers(
      AdvancedCache<ClusterKey, Envelope> cache) {
    return ComponentRegistry.componentOf(cache, ClusterPublisherManager.class);
  }

  /** What the engine's call answers, once the cache is served. */
  private <T extends @Nullable Object> T call(Supplier<CompletableFuture<T>> call) {
    return recovery == null
        ? calls.await(call)
        : recovery.serving().hold().through(() -> calls.await(call));
  }

  private void awaitServing() {
    if (recovery != null) {
      recovery.serving().hold().await();
    }
  }

  @Override
  public Set<String> missing() {
    return recovery == null ? Set.of() : recovery.missing();
  }

  @Override
  public void goOnWithoutMissing() {
    if (recovery != null) {
      recovery.goOnWithoutMissing();
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

  private RuntimeException failed(String operation, RuntimeException failure) {
    return EngineFailure.of(name, operation, failure);
  }

  private ClusterKey written(Object key) {
    Persist persist = options.persist();
    return persist != null && persist.isOfProgram() && !loads
        ? ClusterKey.of(key, codec) // stays in this process, as it is
        : ClusterKey.written(key, codec);
  }

  private long lifespan(Envelope envelope) {
    return lifespan(envelope, clock.millis());
  }

  /** The engine's lifespan: milliseconds from now, or -1 for ever. */
  static long lifespan(Envelope envelope, long now) {
    // The engine's last millisecond is one more.
    return envelope.isMortal() ? Math.max(1, envelope.lifeLeft(now) - 1) : -1;
  }

  @Override
  public @Nullable Envelope near(Object key) {
    if (recovery != null && !recovery.serving().serves()) {
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
    return near == null || (recovery != null && !recovery.serving().serves())
        ? null
        : near.value(key, era, coarse);
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
    try {
      ClusterKey wanted = ClusterKey.of(key, codec);
      Envelope found =
          copied == null ? fetch(wanted) : copied.get(key, wanted, () -> fetch(wanted));
      if (found != null) {
        copy(key, wanted);
      }
      return found;
    } catch (RuntimeException e) {
      throw failed("get", e);
    }
  }

  private @Nullable Envelope fetch(ClusterKey wanted) {
    Envelope found = call(() -> read().getAsync(wanted));
    return found == null && loads ? load(wanted.key()) : found;
  }

  private @Nullable Envelope load(Object key) {
    ClusterKey written = written(key);
    try {
      return call(() -> SharedSource.load(cache, written));
    } finally {
      written.settle();
    }
  }

  private AdvancedCache<ClusterKey, Envelope> read() {
    return locked != null && transactions != null && transactions.isActive() ? locked : reader;
  }

  @Override
  public boolean isSurelyAbsent(Object key) {
    return held != null
        && options.persist() == null
        && isOpen()
        && held.isAbsent(ClusterKey.of(key, codec));
  }

  private void copy(Object key, ClusterKey wanted) {
    ClusterKey own = near == null || held == null ? null : held.own(wanted);
    if (near != null && own != null) {
      near.fill(key, own, coarse);
    }
  }

  /** The cache has ended here. */
  void ended() {
    closeNear();
    calls.endOfCache();
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
  public Map<Object, Envelope> getAll(Collection<?> keys) {
    Set<ClusterKey> wanted = new HashSet<>();
    keys.forEach(key -> wanted.add(ClusterKey.of(key, codec)));
    try {
      Map<ClusterKey, Envelope> there =
          copied == null ? fetchAll(wanted) : copied.getAll(wanted, () -> fetchAll(wanted));
      Map<Object, Envelope> found = new HashMap<>();
      there.forEach((key, entry) -> found.put(key.key(), entry));
      return found;
    } catch (RuntimeException e) {
      throw failed("getAll", e);
    }
  }

  private Map<ClusterKey, Envelope> fetchAll(Set<ClusterKey> wanted) {
    Map<ClusterKey, Envelope> found = call(() -> read().getAllAsync(wanted));
    if (!loads || found.size() == wanted.size()) {
      return found;
    }
    Map<ClusterKey, Envelope> all = new HashMap<>(found);
    Set<ClusterKey> missed = new HashSet<>(wanted);
    missed.removeAll(found.keySet());
    all.putAll(loadAll(missed));
    return all;
  }

  /** All at once: each is another key's, and may be another member's to load. */
  private Map<ClusterKey, Envelope> loadAll(Set<ClusterKey> missed) {
    Map<ClusterKey, ClusterKey> written = new HashMap<>();
    missed.forEach(key -> written.put(key, written(key.key())));
    try {
      return call(() -> loading(written));
    } finally {
      written.values().forEach(ClusterKey::settle);
    }
  }

  private CompletableFuture<Map<ClusterKey, Envelope>> loading(
      Map<ClusterKey, ClusterKey> written) {
    Map<ClusterKey, Envelope> loaded = new ConcurrentHashMap<>();
    CompletableFuture<?>[] each =
        written.entrySet().stream()
            .map(
                key ->
                    SharedSource.load(cache, key.getValue())
                        .thenAccept(
                            entry -> {
                              if (entry != null) {
                                loaded.put(key.getKey(), entry);
                              }
                            }))
            .toArray(CompletableFuture<?>[]::new);
    return CompletableFuture.allOf(each).thenApply(all -> loaded);
  }

  @Override
  public void put(Object key, Envelope envelope) {
    ClusterKey written = written(key);
    try {
      var unused =
          call(() -> silent.putAsync(written, envelope, lifespan(envelope), TimeUnit.MILLISECONDS));
    } catch (RuntimeException e) {
      throw failed("put", e);
    } finally {
      written.settle();
    }
  }

  @Override
  public void putAll(Map<Object, Envelope> entries) {
    Map<Long, Map<ClusterKey, Envelope>> byLifespan = new HashMap<>();
    entries.forEach(
        (key, envelope) ->
            byLifespan
                .computeIfAbsent(lifespan(envelope), life -> new HashMap<>())
                .put(written(key), envelope));
    try {
      byLifespan.forEach(
          (life, batch) -> call(() -> silent.putAllAsync(batch, life, TimeUnit.MILLISECONDS)));
    } catch (RuntimeException e) {
      throw failed("putAll", e);
    } finally {
      byLifespan.values().forEach(batch -> batch.keySet().forEach(ClusterKey::settle));
    }
  }

  @Override
  public @Nullable Envelope getAndPut(Object key, Envelope envelope) {
    ClusterKey written = written(key);
    try {
      return call(
          () -> cache.putAsync(written, envelope, lifespan(envelope), TimeUnit.MILLISECONDS));
    } catch (RuntimeException e) {
      throw failed("put", e);
    } finally {
      written.settle();
    }
  }

  @Override
  public @Nullable Envelope putIfAbsent(Object key, Envelope envelope) {
    ClusterKey written = written(key);
    try {
      Envelope there =
          call(
              () ->
                  cache.putIfAbsentAsync(
                      written, envelope, lifespan(envelope), TimeUnit.MILLISECONDS));
      // A repeated write may meet itself.
      return there != null && there.equals(envelope) ? null : there;
    } catch (RuntimeException e) {
      throw failed("putIfAbsent", e);
    } finally {
      written.settle();
    }
  }

  @Override
  public boolean replace(Object key, Envelope expected, Envelope envelope) {
    return replace(cache, key, expected, envelope);
  }

  @Override
  public boolean replaceLocal(Object key, Envelope expected, Envelope envelope) {
    return replace(local, key, expected, envelope);
  }

  private boolean replace(
      AdvancedCache<ClusterKey, Envelope> where, Object key, Envelope expected, Envelope envelope) {
    ClusterKey written = written(key);
    AtomicInteger times = new AtomicInteger();
    try {
      boolean replaced =
          call(
              () -> {
                times.incrementAndGet();
                return where.replaceAsync(
                    written,
                    Envelope.tombstone(expected.version()),
                    envelope,
                    lifespan(envelope),
                    TimeUnit.MILLISECONDS);
              });
      return replaced || (times.get() > 1 && landed(fetch(written), envelope));
    } catch (RuntimeException e) {
      throw failed("replace", e);
    } finally {
      written.settle();
    }
  }

  /** A call that was made again may meet what it has done. */
  private static boolean landed(@Nullable Envelope there, Envelope envelope) {
    return there != null && there.provesLanded(envelope);
  }

  @Override
  public @Nullable Envelope remove(Object key) {
    try {
      return call(() -> cache.removeAsync(ClusterKey.of(key, codec)));
    } catch (RuntimeException e) {
      throw failed("remove", e);
    }
  }

  @Override
  public boolean remove(Object key, Envelope expected) {
    ClusterKey wanted = ClusterKey.of(key, codec);
    AtomicInteger times = new AtomicInteger();
    try {
      boolean removed =
          call(
              () -> {
                times.incrementAndGet();
                return cache.removeAsync(wanted, Envelope.tombstone(expected.version()));
              });
      return removed || (times.get() > 1 && fetch(wanted) == null);
    } catch (RuntimeException e) {
      throw failed("remove", e);
    }
  }

  @Override
  public void putLocal(Object key, Envelope envelope) {
    try {
      var unused =
          local.put(ClusterKey.of(key, codec), envelope, lifespan(envelope), TimeUnit.MILLISECONDS);
    } catch (RuntimeException e) {
      throw failed("put", e);
    }
  }

  @Override
  public void renew(Object key, Envelope used) {
    if (used.lifeLeft(clock.millis()) <= 0) {
      return;
    }
    AdvancedCache<ClusterKey, Envelope> where = mode() == Mode.INVALIDATED ? local : reader;
    try {
      var unused =
          call(
              () ->
                  where.replaceAsync(
                      ClusterKey.of(key, codec),
                      Envelope.tombstone(used.version()),
                      used.renewed(),
                      lifespan(used),
                      TimeUnit.MILLISECONDS));
    } catch (RuntimeException e) {
      throw failed("renew", e);
    }
  }

  @Override
  public void clear() {
    if (loads) {
      throw new UnsupportedOperationException(
          "clear on cache '"
              + name
              + "' is refused: what a load is reading meanwhile would come back from "
              + options.persist()
              + "; remove key by key, or destroy() the cache, which leaves the data");
    }
    try {
      var unused = call(() -> cache.clearAsync());
    } catch (RuntimeException e) {
      throw failed("clear", e);
    }
  }

  @Override
  public long size() {
    if (options.locking() != null) {
      try (Stream<Map.Entry<Object, Envelope>> all = entries()) { // and a transaction's own
        return all.filter(entry -> !entry.getValue().isTombstone()).count();
      }
    }
    try {
      if (stores != null) {
        return rows(stores).filter(row -> !row.getValue().isTombstone()).count().blockingGet();
      }
      awaitServing();
      return calls.await(
          publishers
              .entryReduction(
                  false,
                  null,
                  null,
                  null,
                  reading,
                  DeliveryGuarantee.EXACTLY_ONCE,
                  LivingCount.INSTANCE,
                  PublisherReducers.add())
              .toCompletableFuture());
    } catch (RuntimeException e) {
      throw failed("size", e);
    }
  }

  @Override
  public Stream<Map.Entry<Object, Envelope>> entries() {
    try {
      if (stores != null) {
        return rows(stores)
            .<Map.Entry<Object, Envelope>>map(row -> Map.entry(row.getKey().key(), row.getValue()))
            .onErrorResumeNext(failure -> Flowable.error(failedMeanwhile(failure)))
            .blockingStream(BATCH);
      }
      awaitServing();
      Publisher<CacheEntry<ClusterKey, Envelope>> all =
          publishers
              .entryPublisher(
                  null,
                  null,
                  null,
                  reading,
                  DeliveryGuarantee.EXACTLY_ONCE,
                  BATCH,
                  PublisherTransformers.identity())
              .publisherWithoutSegments();
      OwnEntries own = options.locking() == null ? OwnEntries.NONE : OwnEntries.of(cache);
      Stream<Map.Entry<Object, Envelope>> others =
          calls
              .untilEnd(all)
              .filter(entry -> !own.knows(entry.getKey()))
              .<Map.Entry<Object, Envelope>>map(
                  entry -> Map.entry(entry.getKey().key(), entry.getValue()))
              .onErrorResumeNext(failure -> Flowable.error(failedMeanwhile(failure)))
              .blockingStream(BATCH);
      return own.isEmpty() ? others : Stream.concat(own.stream(), others).onClose(others::close);
    } catch (RuntimeException e) {
      throw failed("entries", e);
    }
  }

  /**
   * What is in the table, which has all that memory has. The engine would read it segment by
   * segment, and leave out those that are others' to hold.
   */
  private Flowable<MarshallableEntry<ClusterKey, Envelope>> rows(PersistenceManager stores) {
    return calls.untilEnd(stores.publishEntries(true, true));
  }

  private Throwable failedMeanwhile(Throwable failure) {
    return failure instanceof RuntimeException e ? failed("entries", e) : failure;
  }

  @Override
  public Stream<Map.Entry<Object, Envelope>> localEntries() {
    try {
      return stream(local.entrySet().iterator());
    } catch (RuntimeException e) {
      throw failed("entries", e);
    }
  }

  private static Stream<Map.Entry<Object, Envelope>> stream(
      CloseableIterator<Map.Entry<ClusterKey, Envelope>> entries) {
    Stream<Map.Entry<ClusterKey, Envelope>> stream =
        StreamSupport.stream(
            Spliterators.spliteratorUnknownSize(
                entries, Spliterator.DISTINCT | Spliterator.NONNULL),
            false);
    return stream
        .<Map.Entry<Object, Envelope>>map(
            entry -> Map.entry(entry.getKey().key(), entry.getValue()))
        .onClose(entries::close);
  }

  @Override
  public Registration listen(StoreListener told, Set<CacheEvent.Type> types) {
    StoreListener listener = options.persist() == null ? told : removalsOfSomething(told);
    Object changes =
        mode() == Mode.DISTRIBUTED
            ? new ChangeListeners.Everywhere(listener, types)
            : new ChangeListeners.Here(listener, types);
    Object evictions =
        types.contains(CacheEvent.Type.EVICTED) ? new ChangeListeners.Evicted(listener) : null;
    try {
      calls.await(cache.addListenerAsync(changes).toCompletableFuture());
      if (evictions != null) {
        cache.addListener(evictions);
      }
    } catch (RuntimeException e) {
      throw failed("listen", e);
    }
    return () -> {
      if (isOpen()) {
        calls.await(cache.removeListenerAsync(changes).toCompletableFuture());
        if (evictions != null) {
          cache.removeListener(evictions);
        }
      }
    };
  }

  /** With a disk the engine tells of a removal though nothing was there. */
  private static StoreListener removalsOfSomething(StoreListener listener) {
    return (type, key, value, old) -> {
      if (type != CacheEvent.Type.REMOVED || old != null) {
        listener.onChange(type, key, value, old);
      }
    };
  }

  @Override
  public long evictions() {
    return counting.evictions.sum();
  }

  @Override
  public long expirations() {
    return counting.expirations.sum();
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

  @Override
  public void destroy() {
    try {
      onDestroy.accept(this);
    } catch (RuntimeException e) {
      throw failed("destroy", e);
    }
  }
}
