/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;

import io.reactivex.rxjava3.core.Completable;
import io.reactivex.rxjava3.core.Flowable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.infinispan.commons.io.ByteBuffer;
import org.infinispan.commons.io.ByteBufferImpl;
import org.infinispan.commons.time.TimeService;
import org.infinispan.commons.util.IntSet;
import org.infinispan.commons.util.concurrent.CompletableFutures;
import org.infinispan.persistence.sifs.NonBlockingSoftIndexFileStore;
import org.infinispan.persistence.sifs.configuration.SoftIndexFileStoreConfiguration;
import org.infinispan.persistence.spi.InitializationContext;
import org.infinispan.persistence.spi.MarshallableEntry;
import org.infinispan.persistence.spi.MarshallableEntryFactory;
import org.infinispan.persistence.spi.NonBlockingStore;
import org.infinispan.persistence.spi.PersistenceException;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engine's file store with what it lacks: a checksum before each value, which {@link
 * StoreFiles} checks before the files are opened, and an end to all writing once one write has
 * failed. Made by the engine, hence public.
 *
 * <p>Why an end: the file store counts the places of records from what it meant to write. After a
 * write that a full disk cut short it would be wrong about every record that follows.
 *
 * <p>Written behind, nobody waits for a write that fails. So from then on what is not in memory is
 * not read either: the files may have an older entry than the one that was confirmed. {@link
 * BehindGuard} refuses writes.
 *
 * @param <K> a key
 * @param <V> an entry
 */
public class CheckedStore<K, V> implements NonBlockingStore<K, V> {
  private static final Logger LOG = LoggerFactory.getLogger(CheckedStore.class);

  private final NonBlockingStore<K, V> files = new NonBlockingSoftIndexFileStore<>();
  private @Nullable MarshallableEntryFactory<K, V> entries;
  private @Nullable TimeService clock;
  private String place = "";
  private int longestKey;

  /** How many are written at once behind the writers; 0 if they wait. */
  private int batch;

  private int queueSize;
  private @Nullable Executor threads;
  private @Nullable Clearing clearing;
  private volatile @Nullable Throwable failure;

  @Override
  public CompletionStage<Void> start(InitializationContext context) {
    SoftIndexFileStoreConfiguration configuration = context.getConfiguration();
    entries = context.getMarshallableEntryFactory();
    clock = context.getTimeService();
    place = configuration.dataLocation();
    longestKey = configuration.maxNodeSize() / 2;
    clearing = new Clearing(Path.of(place), context.getBlockingManager());
    if (configuration.async().enabled()) {
      threads = context.getNonBlockingExecutor();
      batch = configuration.maxBatchSize();
      queueSize = configuration.async().modificationQueueSize();
    }
    return files.start(new FileNamed(context));
  }

  @Override
  public CompletionStage<Void> write(
      int segment, MarshallableEntry<? extends K, ? extends V> entry) {
    requireSound();
    requireShort(entry.getKeyBytes().getLength());
    return checked(clearing().confirm(files.write(segment, sealed(entry))));
  }

  /**
   * @param key how many bytes it has as it is encoded
   */
  final void requireShort(int key) {
    if (key > longestKey) {
      throw new PersistenceException(
          "the key has "
              + key
              + " bytes as it is encoded, and a key on disk at most "
              + longestKey
              + ": use a shorter one");
    }
  }

  @Override
  public CompletionStage<Boolean> delete(int segment, Object key) {
    requireSound();
    return checked(clearing().confirm(files.delete(segment, key)));
  }

  @Override
  public CompletionStage<Void> clear() {
    if (whyUnread() != null) {
      return CompletableFutures.completedNull(); // lost, as all that waited: that is logged
    }
    requireSound();
    CompletionStage<Void> cleared = clearing().clear(() -> checked(files.clear()));
    return batch == 0
        ? cleared
        : cleared.handleAsync((done, lost) -> taken(lost), requireNonNull(threads));
  }

  final Clearing clearing() {
    return requireNonNull(clearing, "started");
  }

  /** File by file, and what a kill leaves of them is there. */
  final CompletionStage<Void> clearUnmarked() {
    return checked(files.clear());
  }

  /** What was written behind the writers, to different keys: so in any order. */
  @Override
  public CompletionStage<Void> batch(
      int publishers,
      Publisher<SegmentedPublisher<Object>> removed,
      Publisher<SegmentedPublisher<MarshallableEntry<K, V>>> written) {
    if (batch == 0) {
      return NonBlockingStore.super.batch(publishers, removed, written);
    }
    Flowable<Supplier<CompletionStage<?>>> writes =
        Flowable.fromPublisher(written)
            .flatMap(
                part ->
                    Flowable.fromPublisher(part)
                        .map(entry -> () -> write(part.getSegment(), entry)),
                publishers);
    Flowable<Supplier<CompletionStage<?>>> removals =
        Flowable.fromPublisher(removed)
            .flatMap(
                part ->
                    Flowable.fromPublisher(part).map(key -> () -> delete(part.getSegment(), key)),
                publishers);
    return Flowable.mergeArray(writes, removals)
        .collect(ArrayList<Supplier<CompletionStage<?>>>::new, List::add)
        .flatMapCompletable(this::make)
        .<Void>toCompletionStage(null)
        .handleAsync((done, lost) -> taken(lost), requireNonNull(threads));
  }

  /**
   * What was written behind is in the files, or lost, which is logged: the engine would try again.
   * Not on the thread of the files that failed it: the engine may go on to stop them, and wait for
   * that thread.
   */
  private @Nullable Void taken(@Nullable Throwable lost) {
    if (lost != null) {
      fail(lost);
    }
    return null;
  }

  private Completable make(List<Supplier<CompletionStage<?>>> changes) {
    return Flowable.fromIterable(changes)
        .flatMapCompletable(
            change -> Completable.defer(() -> Completable.fromCompletionStage(change.get())),
            /* delayErrors= */ true, // or somebody's failure is told to nobody
            batch);
  }

  final void requireSound() {
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
            fail(thrown);
          }
          requireSound();
          return done;
        });
  }

  private void fail(Throwable thrown) {
    boolean first = failure == null;
    if (first) {
      failure = thrown;
    }
    PersistenceException refusal = refused(thrown);
    if (first && batch > 0) {
      LOG.error(
          "{}; what waited to be written behind is lost, at most {} keys and one for each thread"
              + " that was writing",
          refusal.getMessage(),
          queueSize,
          thrown);
    }
    onRefused(refusal);
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
    PersistenceException why = whyUnread();
    return why == null
        ? files.load(segment, key).thenApply(entry -> entry == null ? null : opened(entry))
        : CompletableFuture.failedFuture(why);
  }

  /** Null if the files may be read. */
  private @Nullable PersistenceException whyUnread() {
    Throwable lost = batch == 0 ? null : failure;
    return lost == null ? null : refused(lost);
  }

  @Override
  public Publisher<MarshallableEntry<K, V>> publishEntries(
      IntSet segments, Predicate<? super K> filter, boolean includeValues) {
    PersistenceException why = whyUnread();
    return why == null
        ? Flowable.fromPublisher(files.publishEntries(segments, filter, includeValues))
            .map(this::opened)
        : Flowable.error(why);
  }

  @Override
  public Publisher<MarshallableEntry<K, V>> purgeExpired() {
    return Flowable.fromPublisher(files.purgeExpired()).map(this::opened);
  }

  @Override
  public Publisher<K> publishKeys(IntSet segments, Predicate<? super K> filter) {
    PersistenceException why = whyUnread();
    return why == null ? files.publishKeys(segments, filter) : Flowable.error(why);
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
