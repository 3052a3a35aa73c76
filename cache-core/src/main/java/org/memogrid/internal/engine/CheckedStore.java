/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;

import io.reactivex.rxjava3.core.Flowable;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;
import org.infinispan.commons.io.ByteBuffer;
import org.infinispan.commons.io.ByteBufferImpl;
import org.infinispan.commons.time.TimeService;
import org.infinispan.commons.util.IntSet;
import org.infinispan.persistence.sifs.NonBlockingSoftIndexFileStore;
import org.infinispan.persistence.sifs.configuration.SoftIndexFileStoreConfiguration;
import org.infinispan.persistence.spi.InitializationContext;
import org.infinispan.persistence.spi.MarshallableEntry;
import org.infinispan.persistence.spi.MarshallableEntryFactory;
import org.infinispan.persistence.spi.NonBlockingStore;
import org.infinispan.persistence.spi.PersistenceException;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;

/**
 * The engine's file store with what it lacks: a checksum before each value, which {@link
 * StoreFiles} checks before the files are opened, and an end to all writing once one write has
 * failed. Made by the engine, hence public.
 *
 * <p>Why an end: the file store counts the places of records from what it meant to write. After a
 * write that a full disk cut short it would be wrong about every record that follows.
 *
 * @param <K> a key
 * @param <V> an entry
 */
public class CheckedStore<K, V> implements NonBlockingStore<K, V> {
  private final NonBlockingStore<K, V> files = new NonBlockingSoftIndexFileStore<>();
  private @Nullable MarshallableEntryFactory<K, V> entries;
  private @Nullable TimeService clock;
  private String place = "";
  private int longestKey;
  private volatile @Nullable Throwable failure;

  @Override
  public CompletionStage<Void> start(InitializationContext context) {
    SoftIndexFileStoreConfiguration configuration = context.getConfiguration();
    entries = context.getMarshallableEntryFactory();
    clock = context.getTimeService();
    place = configuration.dataLocation();
    longestKey = configuration.maxNodeSize() / 2;
    return files.start(context);
  }

  @Override
  public CompletionStage<Void> write(
      int segment, MarshallableEntry<? extends K, ? extends V> entry) {
    requireSound();
    int key = entry.getKeyBytes().getLength();
    if (key > longestKey) {
      throw new PersistenceException(
          "the key has "
              + key
              + " bytes as it is encoded, and a key on disk at most "
              + longestKey
              + ": use a shorter one");
    }
    return checked(files.write(segment, sealed(entry)));
  }

  @Override
  public CompletionStage<Boolean> delete(int segment, Object key) {
    requireSound();
    return checked(files.delete(segment, key));
  }

  @Override
  public CompletionStage<Void> clear() {
    requireSound();
    return checked(files.clear());
  }

  private void requireSound() {
    Throwable before = failure;
    if (before != null) {
      throw refused(before);
    }
  }

  /** A write that went through behind one that failed may have gone to the wrong place. */
  final <T> CompletionStage<T> checked(CompletionStage<T> write) {
    return write.handle(
        (done, thrown) -> {
          if (thrown != null) {
            failure = thrown;
            onRefused(refused(thrown));
          }
          requireSound();
          return done;
        });
  }

  /** A write was refused, so all are from now on. */
  void onRefused(PersistenceException refusal) {}

  private PersistenceException refused(Throwable before) {
    return new PersistenceException(
        "the files below "
            + place
            + " take no more writes since one failed ("
            + before.getMessage()
            + "): see that the disk has room and may be written, then start this member again",
        before);
  }

  private MarshallableEntry<K, V> sealed(MarshallableEntry<? extends K, ? extends V> entry) {
    ByteBuffer value = entry.getValueBytes();
    // A life counts from its write, for which the engine gives the one that it replaces.
    long now = requireNonNull(clock, "started").wallClockTime();
    byte[] bytes = new byte[Checksum.BYTES + value.getLength()];
    java.nio.ByteBuffer.wrap(bytes)
        .putInt(checksum(entry, value, now))
        .put(value.getBuf(), value.getOffset(), value.getLength());
    return factory()
        .create(
            entry.getKeyBytes(),
            ByteBufferImpl.create(bytes),
            entry.getMetadataBytes(),
            entry.getInternalMetadataBytes(),
            now,
            now);
  }

  private MarshallableEntry<K, V> opened(MarshallableEntry<K, V> entry) {
    ByteBuffer sealed = entry.getValueBytes();
    if (sealed == null || sealed.getLength() == 0) {
      return entry;
    }
    ByteBuffer value =
        ByteBufferImpl.create(
            sealed.getBuf(),
            sealed.getOffset() + Checksum.BYTES,
            sealed.getLength() - Checksum.BYTES);
    Object key = entry.getKey();
    return factory()
        .create(
            key,
            value,
            entry.getMetadataBytes(),
            entry.getInternalMetadataBytes(),
            entry.created(),
            entry.lastUsed());
  }

  private static int checksum(MarshallableEntry<?, ?> entry, ByteBuffer value, long created) {
    ByteBuffer key = entry.getKeyBytes();
    Checksum sum = new Checksum();
    sum.add(key.getBuf(), key.getOffset(), key.getLength());
    sum.add(value.getBuf(), value.getOffset(), value.getLength());
    ByteBuffer metadata = entry.getMetadataBytes();
    if (metadata != null) {
      sum.add(metadata.getBuf(), metadata.getOffset(), metadata.getLength());
      sum.add(created);
    }
    return sum.value();
  }

  private MarshallableEntryFactory<K, V> factory() {
    return requireNonNull(entries, "started");
  }

  @Override
  public CompletionStage<MarshallableEntry<K, V>> load(int segment, Object key) {
    return files.load(segment, key).thenApply(entry -> entry == null ? null : opened(entry));
  }

  @Override
  public Publisher<MarshallableEntry<K, V>> publishEntries(
      IntSet segments, Predicate<? super K> filter, boolean includeValues) {
    return Flowable.fromPublisher(files.publishEntries(segments, filter, includeValues))
        .map(this::opened);
  }

  @Override
  public Publisher<MarshallableEntry<K, V>> purgeExpired() {
    return Flowable.fromPublisher(files.purgeExpired()).map(this::opened);
  }

  @Override
  public Publisher<K> publishKeys(IntSet segments, Predicate<? super K> filter) {
    return files.publishKeys(segments, filter);
  }

  @Override
  public CompletionStage<Void> stop() {
    return files.stop();
  }

  @Override
  public Set<Characteristic> characteristics() {
    return files.characteristics();
  }

  @Override
  public CompletionStage<Boolean> isAvailable() {
    return files.isAvailable();
  }

  @Override
  public CompletionStage<Boolean> containsKey(int segment, Object key) {
    return files.containsKey(segment, key);
  }

  @Override
  public CompletionStage<Void> addSegments(IntSet segments) {
    return files.addSegments(segments);
  }

  @Override
  public CompletionStage<Void> removeSegments(IntSet segments) {
    return files.removeSegments(segments);
  }

  @Override
  public CompletionStage<Long> size(IntSet segments) {
    return files.size(segments);
  }

  @Override
  public CompletionStage<Long> approximateSize(IntSet segments) {
    return files.approximateSize(segments);
  }
}
