/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;

import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.infinispan.commons.time.TimeService;
import org.infinispan.commons.util.IntSet;
import org.infinispan.commons.util.concurrent.CompletableFutures;
import org.infinispan.metadata.Metadata;
import org.infinispan.persistence.spi.InitializationContext;
import org.infinispan.persistence.spi.MarshallableEntry;
import org.infinispan.persistence.spi.MarshallableEntryFactory;
import org.infinispan.persistence.spi.NonBlockingStore;
import org.jspecify.annotations.Nullable;
import org.memogrid.internal.store.Envelope;

/**
 * The engine's way to read a {@link Source}. To write is {@link SourceWrites}: the engine deletes
 * from a store what ends in memory, and a program's data must not end with it. Made by the engine,
 * by its name, hence public.
 *
 * @param <K> a key
 * @param <V> an entry
 */
public final class SourceStore<K, V> implements NonBlockingStore<K, V> {
  private @Nullable Source source;
  private @Nullable MarshallableEntryFactory<K, V> entries;
  private @Nullable TimeService clock;

  @Override
  public CompletionStage<Void> start(InitializationContext context) {
    String cache = context.getCache().getName();
    Source there = requireNonNull(Sources.of(context.getGlobalConfiguration()).get(cache), cache);
    there.start(
        context.getBlockingManager(), Behinds.of(context.getGlobalConfiguration()).get(cache));
    source = there;
    entries = context.getMarshallableEntryFactory();
    clock = context.getTimeService();
    return CompletableFutures.completedNull();
  }

  @Override
  public CompletionStage<Void> stop() {
    return source == null ? CompletableFutures.completedNull() : source.stop();
  }

  @Override
  public CompletionStage<MarshallableEntry<K, V>> load(int segment, Object key) {
    return requireNonNull(source, "not started")
        .load((ClusterKey) key)
        .thenApply(loaded -> loaded == null ? null : entry(key, loaded));
  }

  private MarshallableEntry<K, V> entry(Object key, Envelope loaded) {
    long now = requireNonNull(clock, "not started").wallClockTime();
    Metadata metadata = requireNonNull(source, "not started").metadata(loaded);
    return requireNonNull(entries, "not started").create(key, loaded, metadata, null, now, now);
  }

  @Override
  public Set<Characteristic> characteristics() {
    return EnumSet.of(
        Characteristic.READ_ONLY, Characteristic.SEGMENTABLE, Characteristic.SHAREABLE);
  }

  @Override
  public CompletionStage<Void> write(
      int segment, MarshallableEntry<? extends K, ? extends V> entry) {
    throw new UnsupportedOperationException();
  }

  @Override
  public CompletionStage<Boolean> delete(int segment, Object key) {
    throw new UnsupportedOperationException();
  }

  @Override
  public CompletionStage<Void> clear() {
    throw new UnsupportedOperationException();
  }

  @Override
  public CompletionStage<Void> addSegments(IntSet segments) {
    return CompletableFutures.completedNull();
  }

  @Override
  public CompletionStage<Void> removeSegments(IntSet segments) {
    return CompletableFutures.completedNull();
  }
}
