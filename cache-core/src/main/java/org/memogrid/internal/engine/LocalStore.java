/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.RemovalCause;
import java.time.InstantSource;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.ToIntBiFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheEvent;
import org.memogrid.cache.CacheFullException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.CacheOptions.WhenFull;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Registration;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Store;
import org.memogrid.internal.store.StoreListener;
import org.memogrid.internal.store.Told;
import org.memogrid.internal.store.Topology;

/**
 * A store in this process alone, on Caffeine.
 *
 * <p>Invariants. Every write goes through {@link #change}, which holds the lock of its key while it
 * tells the listeners, so that they hear of a key's changes in order; what may throw comes before
 * anything is counted or told. Expiry is the envelope's, not Caffeine's: a read of an entry that
 * can't expire reads no clock. An entry that is over is removed by whoever meets it, and by {@link
 * #sweep()}.
 */
final class LocalStore implements Store {
  private final String name;
  private final CacheOptions options;
  private final InstantSource clock;
  private final CoarseClock coarse;
  private final Topology topology;
  private final Upkeep upkeep = new Upkeep();
  private final Cache<Object, Envelope> cache;
  private final ConcurrentMap<Object, Envelope> map;
  private final boolean isBounded;
  private final NearValues values = new NearValues();
  private final CopyOnWriteArrayList<Listening> listeners = new CopyOnWriteArrayList<>();
  private final LongAdder evictions = new LongAdder();
  private final LongAdder expirations = new LongAdder();
  private final Consumer<LocalStore> onDestroy;

  /** How many are stored, those that are over included. Exact, for REFUSE; unused otherwise. */
  private final AtomicLong count = new AtomicLong();

  /** Whether an entry that can expire was ever stored. */
  private volatile boolean sweeping;

  private volatile boolean destroyed;

  LocalStore(
      String name,
      CacheOptions options,
      InstantSource clock,
      CoarseClock coarse,
      Topology topology,
      Consumer<LocalStore> onDestroy) {
    this.name = name;
    this.options = options;
    this.clock = clock;
    this.coarse = coarse;
    this.topology = topology;
    this.onDestroy = onDestroy;
    this.cache = build(options);
    this.map = cache.asMap();
    this.isBounded = cache.policy().eviction().isPresent();
  }

  private Cache<Object, Envelope> build(CacheOptions options) {
    Caffeine<Object, Envelope> builder =
        Caffeine.newBuilder().executor(upkeep).evictionListener(this::onEviction);
    ToIntBiFunction<Object, Object> weigher = options.weigher();
    if (weigher != null) {
      return builder
          .maximumWeight(options.maxWeight())
          .weigher((Object key, Envelope entry) -> weigh(weigher, key, entry))
          .build();
    }
    if (options.maxEntries() > 0 && !refuses()) {
      return builder.maximumSize(options.maxEntries()).build();
    }
    return builder.build();
  }

  private static int weigh(ToIntBiFunction<Object, Object> weigher, Object key, Envelope entry) {
    Object value = entry.localValue();
    return value == null ? 0 : weigher.applyAsInt(key, value);
  }

  private boolean refuses() {
    return options.maxEntries() > 0 && options.whenFull() == WhenFull.REFUSE;
  }

  private void onEviction(
      @Nullable Object key, @Nullable Envelope entry, RemovalCause unusedAlwaysSize) {
    evictions.increment();
    if (key != null) {
      raise(CacheEvent.Type.EVICTED, key, null, entry);
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Mode mode() {
    return Mode.LOCAL;
  }

  CacheOptions options() {
    return options;
  }

  @Override
  public boolean isSurelyAbsent(Object key) {
    return false; // get costs no more
  }

  @Override
  public @Nullable Envelope near(Object key) {
    if (destroyed) {
      return null;
    }
    Envelope entry = cache.getIfPresent(key);
    return entry == null || !entry.isMortal() || entry.isSteady(coarse.now(), coarse.lag())
        ? entry
        : null;
  }

  @Override
  public @Nullable Object nearValue(Object key, long era) {
    return destroyed ? null : values.get(key, era, coarse);
  }

  /** Under the key's lock, as each change is, which takes the value away. */
  @Override
  public void keepValue(Object key, Envelope entry, Object value, long era) {
    if (isBounded || entry.isMortal()) {
      return;
    }
    values.begin(era);
    var unused =
        map.computeIfPresent(
            key,
            (k, held) -> {
              if (held.equals(entry)) {
                values.keep(k, value, Envelope.NEVER, era);
              }
              return held;
            });
  }

  @Override
  public @Nullable Envelope get(Object key) {
    Envelope entry = cache.getIfPresent(key);
    if (entry != null && isOver(entry)) {
      removeIfOver(key);
      return null;
    }
    return entry;
  }

  private boolean isOver(Envelope entry) {
    return entry.isMortal() && entry.lifeLeft(clock.millis()) <= 0;
  }

  @Override
  public Map<Object, Envelope> getAll(Collection<?> keys) {
    Map<Object, Envelope> found = new LinkedHashMap<>();
    for (Object key : keys) {
      Envelope entry = get(key);
      if (entry != null) {
        found.put(key, entry);
      }
    }
    return found;
  }

  @Override
  public void put(Object key, Envelope envelope) {
    var unused = change(key, held -> true, envelope);
  }

  @Override
  public void putAll(Map<Object, Envelope> entries) {
    entries.forEach(this::put);
  }

  @Override
  public @Nullable Envelope getAndPut(Object key, Envelope envelope) {
    return change(key, held -> true, envelope).before;
  }

  @Override
  public @Nullable Envelope putIfAbsent(Object key, Envelope envelope) {
    return change(key, held -> held == null, envelope).before;
  }

  @Override
  public boolean replace(Object key, Envelope expected, Envelope envelope) {
    return change(key, expected::equals, envelope).done;
  }

  @Override
  public @Nullable Envelope remove(Object key) {
    return change(key, held -> held != null, null).before;
  }

  @Override
  public boolean remove(Object key, Envelope expected) {
    return change(key, expected::equals, null).done;
  }

  @Override
  public void putLocal(Object key, Envelope envelope) {
    put(key, envelope);
  }

  @Override
  public boolean replaceLocal(Object key, Envelope expected, Envelope envelope) {
    return replace(key, expected, envelope);
  }

  @Override
  public void renew(Object key, Envelope used) {
    Envelope renewed = used.renewed();
    if (renewed.isMortal()) {
      sweeping = true;
    }
    var unused =
        map.computeIfPresent(key, (k, held) -> held.equals(used) && !isOver(held) ? renewed : held);
  }

  @Override
  public void clear() {
    for (Object key : map.keySet()) {
      var unused = remove(key);
    }
  }

  /** What a change found, and whether it was made. */
  private static final class Outcome {
    private @Nullable Envelope before;
    private boolean done;
  }

  private Outcome change(Object key, Predicate<@Nullable Envelope> when, @Nullable Envelope next) {
    if (next != null && next.isMortal()) {
      sweeping = true;
    }
    Outcome outcome = new Outcome();
    write(
        key,
        (k, stored) -> {
          boolean over = stored != null && isOver(stored);
          Envelope held = over ? null : stored;
          boolean done = when.test(held);
          Envelope left = done ? next : held;
          if (done && next != null) {
            requireWeight(k, next);
          }
          admit(stored, left);
          if (done || over) {
            values.remove(k);
          }
          outcome.before = held;
          outcome.done = done;
          if (over) {
            if (!stored.isTombstone()) {
              expirations.increment();
            }
            raise(CacheEvent.Type.EXPIRED, k, null, stored);
          }
          if (done) {
            tell(k, held, next);
          }
          return left;
        });
    return outcome;
  }

  private void write(
      Object key, BiFunction<Object, @Nullable Envelope, @Nullable Envelope> change) {
    var unused =
        isBounded
            ? upkeep.during(() -> map.compute(key, change), cache::cleanUp)
            : map.compute(key, change);
  }

  /** Has a weigher that fails do so before listeners are told: Caffeine asks it last. */
  private void requireWeight(Object key, Envelope entry) {
    ToIntBiFunction<Object, Object> weigher = options.weigher();
    if (weigher != null && weigh(weigher, key, entry) < 0) {
      throw new IllegalArgumentException(
          "the weigher of cache '" + name + "' gives a negative weight to key " + key);
    }
  }

  private void removeIfOver(Object key) {
    var unused = change(key, held -> false, null);
  }

  /** Keeps the count and, with REFUSE, the limit. Takes the place of what is over. */
  private void admit(@Nullable Envelope stored, @Nullable Envelope left) {
    if (stored == null && left != null) {
      if (count.incrementAndGet() > options.maxEntries() && refuses()) {
        count.decrementAndGet();
        throw new CacheFullException(Refusal.message(name, options.maxEntries()));
      }
    } else if (stored != null && left == null) {
      count.decrementAndGet();
    }
  }

  private void tell(Object key, @Nullable Envelope held, @Nullable Envelope next) {
    if (next == null) {
      if (held != null) {
        raise(CacheEvent.Type.REMOVED, key, null, held);
      }
    } else {
      raise(held == null ? CacheEvent.Type.CREATED : CacheEvent.Type.UPDATED, key, next, held);
    }
  }

  private void raise(
      CacheEvent.Type change, Object key, @Nullable Envelope value, @Nullable Envelope old) {
    CacheEvent.Type type = Told.of(change, value, old);
    if (type == null) {
      return;
    }
    for (Listening listening : listeners) {
      if (listening.types.contains(type)) {
        listening.listener.onChange(type, key, value, type == CacheEvent.Type.CREATED ? null : old);
      }
    }
  }

  /** Removes what is over. */
  void sweep() {
    if (sweeping) {
      map.forEach(
          (key, entry) -> {
            if (isOver(entry)) {
              removeIfOver(key);
            }
          });
    }
  }

  @Override
  public long size() {
    return sweeping
        ? entries().filter(entry -> !entry.getValue().isTombstone()).count()
        : map.size();
  }

  @Override
  public Stream<Map.Entry<Object, Envelope>> entries() {
    return map.entrySet().stream().filter(entry -> !isOver(entry.getValue()));
  }

  @Override
  public Stream<Map.Entry<Object, Envelope>> localEntries() {
    return entries();
  }

  @Override
  public Registration listen(StoreListener listener, Set<CacheEvent.Type> types) {
    Listening listening = new Listening(listener, Set.copyOf(types));
    listeners.add(listening);
    return () -> listeners.remove(listening);
  }

  @Override
  public long evictions() {
    return evictions.sum();
  }

  @Override
  public long expirations() {
    return expirations.sum();
  }

  @Override
  public Topology topology() {
    return topology;
  }

  @Override
  public Registration onTopology(Consumer<Topology> listener) {
    return () -> {}; // a process is alone for ever
  }

  @Override
  public <T> @Nullable T unwrap(Class<T> type) {
    return type.isInstance(cache) ? type.cast(cache) : null;
  }

  @Override
  public boolean isOpen() {
    return !destroyed;
  }

  /** The member leaves: nothing is read any more. */
  void close() {
    destroyed = true;
  }

  @Override
  public void destroy() {
    close();
    onDestroy.accept(this);
    listeners.clear();
    cache.invalidateAll();
    values.clear();
  }

  private static final class Listening {
    private final StoreListener listener;
    private final Set<CacheEvent.Type> types;

    Listening(StoreListener listener, Set<CacheEvent.Type> types) {
      this.listener = listener;
      this.types = types;
    }
  }
}
