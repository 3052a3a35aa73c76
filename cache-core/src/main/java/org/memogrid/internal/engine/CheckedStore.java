/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;

import io.reactivex.rxjava3.core.Completable;
import io.reactivex.rxjava3.core.Flowable;
import io.reactivex.rxjava3.core.Maybe;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.infinispan.commons.io.ByteBuffer;
import org.infinispan.commons.io.ByteBufferImpl;
import org.infinispan.commons.time.TimeService;
import org.infinispan.commons.util.IntSet;
import org.infinispan.commons.util.concurrent.CompletableFutures;
import org.infinispan.persistence.PersistenceUtil;
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
 * StoreFiles} checks before the files are opened, an end to all writing once one write has failed,
 * and ends of entries that cost nobody else an entry. Made by the engine, hence public.
 *
 * <p>Why an end: the file store counts the places of records from what it meant to write. After a
 * write that a full disk cut short it would be wrong about every record that follows.
 *
 * <p>Written behind, nobody waits for a write that fails. So from then on what is not in memory is
 * not read either: the files may have an older entry than the one that was confirmed. {@link
 * BehindGuard} refuses writes.
 *
 * <p>Why own ends: the file store's own removal of what has ended goes through the file to which it
 * appends at that moment, and notes a key as removed there whose newer record is not in its index
 * yet. So to it {@linkplain Endless nothing ends}, here it does: an entry that has ended is passed
 * over, and {@link #purgeExpired} deletes it as anybody would, if {@linkplain KeyChanges nobody
 * changes it}.
 *
 * @param <K> a key
 * @param <V> an entry
 */
public class CheckedStore<K, V> implements NonBlockingStore<K, V>, EndingStore {
  private static final Logger LOG = LoggerFactory.getLogger(CheckedStore.class);

  /** How many that have ended are deleted at once. */
  private static final int AT_ONCE = 16;

  private final NonBlockingStore<K, V> files = new NonBlockingSoftIndexFileStore<>();
  private final KeyChanges changes = new KeyChanges();
  private @Nullable MarshallableEntryFactory<K, V> entries;
  private @Nullable TimeService clock;
  private String place = "";
  private int longestKey;

  /** How many are written at once behind the writers; 0 if they wait. */
  private int batch;

  private int queueSize;
  private @Nullable Executor threads;
  private @Nullable Clearing clearing;
  private @Nullable FileKeys parts;
  private @Nullable Deadlines deadlines;

  /** All that was here when the files were looked through lives for ever. */
  private volatile boolean foundImmortal;

  private volatile boolean wroteMortal;
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
    InitializationContext named = new FileNamed(context);
    FileKeys of = new FileKeys(named);
    parts = of;
    deadlines =
        new Deadlines(
            PersistenceUtil.getQualifiedLocation(
                context.getGlobalConfiguration(), place, named.getCache().getName(), "data"));
    return files.start(new Endless(of));
  }

  @Override
  public CompletionStage<Void> write(
      int segment, MarshallableEntry<? extends K, ? extends V> entry) {
    requireSound();
    MarshallableEntry<K, V> sealed = sealed(entry);
    requireShort(sealed.getKeyBytes().getLength());
    if (entry.getMetadataBytes() != null && !wroteMortal) {
      wroteMortal = true; // before it is there
    }
    return checked(
        clearing().confirm(changes.make(entry.getKey(), () -> files.write(segment, sealed))));
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
    return checked(clearing().confirm(changes.make(key, () -> files.delete(segment, key))));
  }

  @Override
  public CompletionStage<Void> clear() {
    if (whyUnread() != null) {
      return CompletableFutures.completedNull(); // lost, as all that waited: that is logged
    }
    requireSound();
    CompletionStage<Void> cleared = clearing().clear(this::clearUnmarked);
    return batch == 0
        ? cleared
        : cleared.handleAsync((done, lost) -> taken(lost), requireNonNull(threads));
  }

  final Clearing clearing() {
    return requireNonNull(clearing, "started");
  }

  /** File by file, and what a kill leaves of them is there. */
  final CompletionStage<Void> clearUnmarked() {
    return checked(files.clear()).thenCompose(done -> forgetDeadlines());
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
    K key = entry.getKey();
    ByteBuffer keyBytes = parts().write(key);
    ByteBuffer value = entry.getValueBytes();
    // A life counts from its write, for which the engine gives the one that it replaces.
    long now = requireNonNull(clock, "started").wallClockTime();
    byte[] bytes = new byte[Checksum.BYTES + value.getLength()];
    java.nio.ByteBuffer.wrap(bytes)
        .putInt(checksum(keyBytes, value, entry.getMetadataBytes(), now))
        .put(value.getBuf(), value.getOffset(), value.getLength());
    Object same = key;
    return new FileEntry<>(
        key,
        keyBytes,
        factory()
            .create(
                same,
                ByteBufferImpl.create(bytes),
                entry.getMetadataBytes(),
                entry.getInternalMetadataBytes(),
                now,
                now));
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

  private static int checksum(
      ByteBuffer key, ByteBuffer value, @Nullable ByteBuffer metadata, long created) {
    Checksum sum = new Checksum();
    sum.add(key.getBuf(), key.getOffset(), key.getLength());
    sum.add(value.getBuf(), value.getOffset(), value.getLength());
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
        ? files
            .load(segment, key)
            .thenApply(entry -> entry == null || isOver(entry) ? null : opened(entry))
        : CompletableFuture.failedFuture(why);
  }

  /** Null if the files may be read. */
  private @Nullable PersistenceException whyUnread() {
    Throwable lost = batch == 0 ? null : failure;
    return lost == null ? null : refused(lost);
  }

  private boolean isOver(MarshallableEntry<K, V> entry) {
    return entry.isExpired(requireNonNull(clock, "started").wallClockTime());
  }

  /**
   * With values where there may be deadlines, whether they are wanted or not: these stand there.
   */
  @Override
  public Publisher<MarshallableEntry<K, V>> publishEntries(
      IntSet segments, Predicate<? super K> filter, boolean includeValues) {
    PersistenceException why = whyUnread();
    if (why != null) {
      return Flowable.error(why);
    }
    boolean mayEnd = mayEnd();
    return Flowable.fromPublisher(files.publishEntries(segments, filter, includeValues || mayEnd))
        .filter(entry -> !mayEnd || !isOver(entry))
        .map(this::opened);
  }

  // ---- what has ended

  /**
   * Deletes what has ended, and tells of it. Nothing that goes wrong here may reach the engine: it
   * would never ask again.
   */
  @Override
  public Publisher<MarshallableEntry<K, V>> purgeExpired() {
    return Flowable.defer(() -> failure != null || !mayEnd() ? Flowable.empty() : deleteEnded());
  }

  private Flowable<MarshallableEntry<K, V>> deleteEnded() {
    return Flowable.fromCompletionStage(reading(Deadlines::files))
        .flatMapIterable(files -> files)
        .concatMap(
            file ->
                Flowable.fromCompletionStage(
                    reading(
                        found ->
                            found.due(file, requireNonNull(clock, "started").wallClockTime()))))
        .flatMapIterable(keys -> keys)
        .flatMapMaybe(this::letGo, false, AT_ONCE)
        .map(this::opened)
        .doOnComplete(this::seenAll)
        .doOnError(thrown -> LOG.warn("what has ended below {} stays for now", place, thrown))
        .onErrorComplete();
  }

  /** What is asked of the deadlines. */
  private interface Reading<T> {
    T of(Deadlines deadlines) throws IOException;
  }

  private <T> CompletionStage<T> reading(Reading<T> reading) {
    return parts()
        .getBlockingManager()
        .supplyBlocking(
            () -> {
              Deadlines of = requireNonNull(deadlines, "started");
              synchronized (of) {
                try {
                  return reading.of(of);
                } catch (IOException e) {
                  throw new PersistenceException(e);
                }
              }
            },
            "memogrid-deadlines");
  }

  private CompletionStage<Void> forgetDeadlines() {
    return parts()
        .getBlockingManager()
        .runBlocking(
            () -> {
              Deadlines of = requireNonNull(deadlines, "started");
              synchronized (of) {
                of.forget();
              }
            },
            "memogrid-deadlines");
  }

  private void seenAll() {
    Deadlines of = requireNonNull(deadlines, "started");
    synchronized (of) {
      foundImmortal = of.sawNone();
    }
  }

  /** Whether there may be an entry that ends. */
  private boolean mayEnd() {
    return wroteMortal || !foundImmortal;
  }

  private FileKeys parts() {
    return requireNonNull(parts, "started");
  }

  private Maybe<MarshallableEntry<K, V>> letGo(byte[] bytes)
      throws IOException, ClassNotFoundException {
    Object key = parts().getPersistenceMarshaller().objectFromByteBuffer(bytes);
    int segment = parts().getKeyPartitioner().getSegment(key);
    return Maybe.fromCompletionStage(letGo(segment, key))
        .doOnError(thrown -> LOG.warn("an entry that has ended below {} stays", place, thrown))
        .onErrorComplete();
  }

  /** What was deleted; null if nothing was. */
  private CompletionStage<MarshallableEntry<K, V>> letGo(int segment, Object key) {
    AtomicReference<@Nullable MarshallableEntry<K, V>> there = new AtomicReference<>();
    return changes
        .makeIf(
            key,
            () ->
                files
                    .load(segment, key)
                    .thenApply(
                        entry -> {
                          there.set(entry);
                          return entry != null && isOver(entry);
                        }),
            () -> checked(files.delete(segment, key)))
        .thenApply(deleted -> deleted ? there.get() : null);
  }

  @Override
  public final CompletionStage<Boolean> deleteEnded(int segment, Object key) {
    requireSound();
    return letGo(segment, key).thenApply(entry -> entry != null);
  }

  @Override
  public Publisher<K> publishKeys(IntSet segments, Predicate<? super K> filter) {
    PersistenceException why = whyUnread();
    return why == null
        ? Flowable.fromPublisher(publishEntries(segments, filter, false))
            .map(MarshallableEntry::getKey)
        : Flowable.error(why);
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
    return load(segment, key).thenApply(entry -> entry != null);
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
