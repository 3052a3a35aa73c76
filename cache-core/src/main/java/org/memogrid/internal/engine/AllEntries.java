/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import io.reactivex.rxjava3.core.Flowable;
import java.util.Map;
import java.util.Spliterator;
import java.util.Spliterators;
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
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Persist;
import org.memogrid.internal.store.Envelope;
import org.reactivestreams.Publisher;

/** All that one cache has, on this member or on all, counted or one by one. */
final class AllEntries {
  /** How many come at a time. */
  private static final int BATCH = 512;

  private final AdvancedCache<ClusterKey, Envelope> cache;
  private final AdvancedCache<ClusterKey, Envelope> local;
  private final StoreCalls calls;
  private final boolean transactional;

  /** The flags of those who read all of it. */
  private final long reading;

  private final ClusterPublisherManager<ClusterKey, Envelope> publishers;

  /** The way to the table; null if the entries are in none. */
  private final @Nullable PersistenceManager stores;

  /**
   * @param inMemory whether what no memory has is left out
   */
  AllEntries(
      CacheOptions options,
      AdvancedCache<ClusterKey, Envelope> cache,
      StoreCalls calls,
      boolean inMemory) {
    Persist persist = options.persist();
    this.cache = cache;
    this.local = cache.withFlags(Flag.CACHE_MODE_LOCAL);
    this.calls = calls;
    this.transactional = options.locking() != null;
    this.reading = inMemory ? FlagBitSets.SKIP_CACHE_LOAD : 0;
    this.publishers = publishers(cache);
    this.stores =
        persist == null || persist.table() == null
            ? null
            : ComponentRegistry.componentOf(cache, PersistenceManager.class);
  }

  @SuppressWarnings("unchecked") // of this cache
  private static ClusterPublisherManager<ClusterKey, Envelope> publishers(
      AdvancedCache<ClusterKey, Envelope> cache) {
    return ComponentRegistry.componentOf(cache, ClusterPublisherManager.class);
  }

  /** How many have a value. */
  long count() {
    if (transactional) {
      try (Stream<Map.Entry<Object, Envelope>> all = stream()) { // and a transaction's own
        return all.filter(entry -> !entry.getValue().isTombstone()).count();
      }
    }
    return calls.doing("size", () -> stores == null ? countInMemory() : countRows(stores));
  }

  private long countRows(PersistenceManager stores) {
    return rows(stores).filter(row -> !row.getValue().isTombstone()).count().blockingGet();
  }

  private long countInMemory() {
    calls.awaitServing();
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
  }

  /** Of all members, and what the calling thread's transaction has changed. */
  Stream<Map.Entry<Object, Envelope>> stream() {
    return calls.doing(
        "entries", () -> stores == null ? streamMemory() : stream(entries(rows(stores))));
  }

  private Stream<Map.Entry<Object, Envelope>> streamMemory() {
    calls.awaitServing();
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
    OwnEntries own = transactional ? OwnEntries.of(cache) : OwnEntries.NONE;
    Stream<Map.Entry<Object, Envelope>> others =
        stream(
            calls
                .untilEnd(all)
                .filter(entry -> !own.knows(entry.getKey()))
                .map(entry -> Map.entry(entry.getKey().key(), entry.getValue())));
    return own.isEmpty() ? others : Stream.concat(own.stream(), others).onClose(others::close);
  }

  /**
   * What is in the table, which has all that memory has. The engine would read it segment by
   * segment, and leave out those that are others' to hold.
   */
  private Flowable<MarshallableEntry<ClusterKey, Envelope>> rows(PersistenceManager stores) {
    return calls.untilEnd(stores.publishEntries(true, true));
  }

  private static Flowable<Map.Entry<Object, Envelope>> entries(
      Flowable<MarshallableEntry<ClusterKey, Envelope>> rows) {
    return rows.map(row -> Map.entry(row.getKey().key(), row.getValue()));
  }

  private Stream<Map.Entry<Object, Envelope>> stream(
      Flowable<Map.Entry<Object, Envelope>> entries) {
    return entries
        .onErrorResumeNext(failure -> Flowable.error(failedMeanwhile(failure)))
        .blockingStream(BATCH);
  }

  private Throwable failedMeanwhile(Throwable failure) {
    return failure instanceof RuntimeException e ? calls.failed("entries", e) : failure;
  }

  /** Of this member alone. */
  Stream<Map.Entry<Object, Envelope>> streamLocal() {
    return calls.doing("entries", () -> stream(local.entrySet().iterator()));
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
}
