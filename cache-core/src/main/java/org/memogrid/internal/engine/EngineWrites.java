/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.time.InstantSource;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;
import org.infinispan.AdvancedCache;
import org.infinispan.context.Flag;
import org.infinispan.distribution.DistributionManager;
import org.infinispan.distribution.LocalizedCacheTopology;
import org.infinispan.remoting.transport.Address;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Codec;
import org.memogrid.internal.store.Envelope;

/**
 * Writes of one cache by the engine. It compares envelopes, that is versions, so a conditional
 * write that it repeats finds its own work done. What a condition expects is sent as a version
 * alone.
 */
final class EngineWrites {
  private final AdvancedCache<ClusterKey, Envelope> cache;
  private final AdvancedCache<ClusterKey, Envelope> silent;
  private final AdvancedCache<ClusterKey, Envelope> local;
  private final Codec codec;
  private final InstantSource clock;
  private final StoreCalls calls;
  private final EngineReads reads;
  private final boolean encodes;
  private final Mode mode;

  /** Says who orders a key; null with transactions, and where no member does for all. */
  private final @Nullable DistributionManager distribution;

  /** Null unless writes have a limit. */
  private final @Nullable Patience patience;

  /**
   * @param encodes whether keys leave this process, or go to a disk
   */
  EngineWrites(
      AdvancedCache<ClusterKey, Envelope> cache,
      Codec codec,
      InstantSource clock,
      StoreCalls calls,
      EngineReads reads,
      boolean encodes,
      Mode mode,
      @Nullable Patience patience) {
    this.cache = cache;
    this.silent = cache.withFlags(Flag.IGNORE_RETURN_VALUES);
    this.local = cache.withFlags(Flag.CACHE_MODE_LOCAL);
    this.codec = codec;
    this.clock = clock;
    this.calls = calls;
    this.reads = reads;
    this.encodes = encodes;
    this.mode = mode;
    this.distribution =
        cache.getCacheConfiguration().transaction().transactionMode().isTransactional()
                || (mode != Mode.REPLICATED && mode != Mode.DISTRIBUTED)
            ? null
            : cache.getDistributionManager();
    this.patience = patience;
  }

  void put(Object key, Envelope envelope) {
    var unused =
        writing(
            "put",
            key,
            written ->
                silent.putAsync(written, envelope, lifespan(envelope), TimeUnit.MILLISECONDS));
  }

  void putAll(Map<Object, Envelope> entries) {
    Map<Long, Map<ClusterKey, Envelope>> byLifespan = new HashMap<>();
    entries.forEach(
        (key, envelope) ->
            byLifespan
                .computeIfAbsent(lifespan(envelope), life -> new HashMap<>())
                .put(written(key), envelope));
    try {
      calls.run(
          "putAll",
          () ->
              byLifespan.forEach(
                  (life, batch) -> finish("putAll", batch.keySet(), () -> putAll(batch, life))));
    } finally {
      byLifespan.values().forEach(batch -> batch.keySet().forEach(ClusterKey::settle));
    }
  }

  /**
   * In one call for each member that orders some of the keys. The engine would lock this member's
   * own and then wait for the other members': of two members that write the same keys each would
   * wait for the other, until both give up.
   */
  private CompletableFuture<Void> putAll(Map<ClusterKey, Envelope> entries, long lifespan) {
    if (distribution == null) {
      return silent.putAllAsync(entries, lifespan, TimeUnit.MILLISECONDS);
    }
    LocalizedCacheTopology topology = distribution.getCacheTopology();
    Map<@Nullable Address, Map<ClusterKey, Envelope>> byMember = new HashMap<>();
    entries.forEach(
        (key, envelope) ->
            byMember
                .computeIfAbsent(topology.getDistribution(key).primary(), member -> new HashMap<>())
                .put(key, envelope));
    return CompletableFuture.allOf(
        byMember.values().stream()
            .map(own -> silent.putAllAsync(own, lifespan, TimeUnit.MILLISECONDS))
            .toArray(CompletableFuture<?>[]::new));
  }

  @Nullable Envelope getAndPut(Object key, Envelope envelope) {
    return writing(
        "put",
        key,
        written -> cache.putAsync(written, envelope, lifespan(envelope), TimeUnit.MILLISECONDS));
  }

  @Nullable Envelope putIfAbsent(Object key, Envelope envelope) {
    Envelope there =
        writing(
            "putIfAbsent",
            key,
            written ->
                cache.putIfAbsentAsync(
                    written, envelope, lifespan(envelope), TimeUnit.MILLISECONDS));
    // A repeated write may meet itself.
    return there != null && there.equals(envelope) ? null : there;
  }

  boolean replace(Object key, Envelope expected, Envelope envelope) {
    return replace(cache, key, expected, envelope);
  }

  /** On this member alone. */
  boolean replaceLocal(Object key, Envelope expected, Envelope envelope) {
    return replace(local, key, expected, envelope);
  }

  private boolean replace(
      AdvancedCache<ClusterKey, Envelope> where, Object key, Envelope expected, Envelope envelope) {
    ClusterKey written = written(key);
    Counted<Boolean> replacement =
        new Counted<>(
            () ->
                where.replaceAsync(
                    written,
                    Envelope.tombstone(expected.version()),
                    envelope,
                    lifespan(envelope),
                    TimeUnit.MILLISECONDS));
    try {
      return calls.doing(
          "replace",
          () ->
              finish("replace", Set.of(written), replacement)
                  || (replacement.wasRepeated() && landed(reads.get(written), envelope)));
    } finally {
      written.settle();
    }
  }

  /** A call that was made again may meet what it has done. */
  private static boolean landed(@Nullable Envelope there, Envelope envelope) {
    return there != null && there.provesLanded(envelope);
  }

  @Nullable Envelope remove(Object key) {
    ClusterKey wanted = ClusterKey.of(key, codec);
    return calls.doing(
        "remove", () -> finish("remove", Set.of(wanted), () -> cache.removeAsync(wanted)));
  }

  boolean remove(Object key, Envelope expected) {
    ClusterKey wanted = ClusterKey.of(key, codec);
    return calls.doing(
        "remove",
        () -> {
          Counted<Boolean> removal =
              new Counted<>(
                  () -> cache.removeAsync(wanted, Envelope.tombstone(expected.version())));
          return finish("remove", Set.of(wanted), removal)
              || (removal.wasRepeated() && reads.get(wanted) == null);
        });
  }

  /** On this member alone. */
  void putLocal(Object key, Envelope envelope) {
    var unused =
        calls.doing(
            "put",
            () ->
                local.put(
                    ClusterKey.of(key, codec),
                    envelope,
                    lifespan(envelope),
                    TimeUnit.MILLISECONDS));
  }

  void renew(Object key, Envelope used) {
    if (used.lifeLeft(clock.millis()) <= 0) {
      return;
    }
    AdvancedCache<ClusterKey, Envelope> where = mode == Mode.INVALIDATED ? local : reads.inMemory();
    var unused =
        calls.doing(
            "renew",
            () ->
                calls.write(
                    () ->
                        where.replaceAsync(
                            ClusterKey.of(key, codec),
                            Envelope.tombstone(used.version()),
                            used.renewed(),
                            lifespan(used),
                            TimeUnit.MILLISECONDS)));
  }

  void clear() {
    calls.run("clear", () -> calls.write(() -> cache.clearAsync()));
  }

  private <T extends @Nullable Object> T writing(
      String operation, Object key, Function<ClusterKey, CompletableFuture<T>> write) {
    ClusterKey written = written(key);
    try {
      return calls.doing(
          operation, () -> finish(operation, Set.of(written), () -> write.apply(written)));
    } finally {
      written.settle();
    }
  }

  private <T extends @Nullable Object> T finish(
      String operation, Collection<ClusterKey> keys, Supplier<CompletableFuture<T>> write) {
    if (patience == null) {
      return calls.write(write);
    }
    try {
      return calls.write(() -> patience.writing(write.get()));
    } catch (RuntimeException e) {
      throw patience.ofWrite(operation, keys, e);
    }
  }

  private ClusterKey written(Object key) {
    return encodes ? ClusterKey.written(key, codec) : ClusterKey.of(key, codec);
  }

  private long lifespan(Envelope envelope) {
    return lifespan(envelope, clock.millis());
  }

  /** The engine's lifespan: milliseconds from now, or -1 for ever. */
  static long lifespan(Envelope envelope, long now) {
    // The engine's last millisecond is one more.
    return envelope.isMortal() ? Math.max(1, envelope.lifeLeft(now) - 1) : -1;
  }

  /** A call that knows whether it was made again. */
  private static final class Counted<T> implements Supplier<CompletableFuture<T>> {
    private final Supplier<CompletableFuture<T>> call;
    private final AtomicInteger times = new AtomicInteger();

    Counted(Supplier<CompletableFuture<T>> call) {
      this.call = call;
    }

    @Override
    public CompletableFuture<T> get() {
      times.incrementAndGet();
      return call.get();
    }

    boolean wasRepeated() {
      return times.get() > 1;
    }
  }
}
