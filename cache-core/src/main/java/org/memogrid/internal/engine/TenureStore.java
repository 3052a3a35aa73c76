/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;

import io.reactivex.rxjava3.core.Flowable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.infinispan.commons.io.ByteBufferImpl;
import org.infinispan.commons.util.IntSet;
import org.infinispan.commons.util.concurrent.CompletableFutures;
import org.infinispan.distribution.ch.KeyPartitioner;
import org.infinispan.persistence.spi.InitializationContext;
import org.infinispan.persistence.spi.MarshallableEntry;
import org.infinispan.persistence.spi.MarshallableEntryFactory;
import org.infinispan.persistence.spi.PersistenceException;
import org.infinispan.util.concurrent.BlockingManager;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;

/**
 * The files of one life of a member: before each value stands the {@linkplain Tenures tenure} in
 * which it was written, and what is of a former one is not there for anybody.
 *
 * <p>The file store below never hears that a segment is lost. It would forget the entries in its
 * index alone: they stay in its log, and come back when the index is made anew. And it counts the
 * records of each key, to know when that of a removal may go from the log; by records that it does
 * not count it would let go of one too early, or of an entry.
 *
 * <p>Invariant: in the log what was written in a tenure stands before all of the next one, since
 * the tenure does not change between the moment when it is asked for and the moment when the write
 * is in the store's queue. So no late write hides one that counts.
 *
 * @param <K> a key
 * @param <V> an entry
 */
class TenureStore<K, V> extends CheckedStore<K, V> {
  private final ReadWriteLock lock = new ReentrantReadWriteLock();
  private @Nullable Tenures tenures;
  private @Nullable MarshallableEntryFactory<K, V> entries;
  private @Nullable KeyPartitioner partitioner;
  private @Nullable BlockingManager blocking;

  /** In the place that the context says. */
  CompletionStage<Void> start(InitializationContext context, Tenures of) {
    tenures = of;
    entries = context.getMarshallableEntryFactory();
    partitioner = context.getKeyPartitioner();
    blocking = context.getBlockingManager();
    return super.start(context);
  }

  private Tenures tenures() {
    return requireNonNull(tenures, "started");
  }

  @Override
  public CompletionStage<Void> write(
      int segment, MarshallableEntry<? extends K, ? extends V> entry) {
    lock.readLock().lock();
    try {
      return super.write(segment, stamped(entry, tenures().of(segment)));
    } finally {
      lock.readLock().unlock();
    }
  }

  private MarshallableEntry<K, V> stamped(
      MarshallableEntry<? extends K, ? extends V> entry, int tenure) {
    var value = entry.getValueBytes();
    ByteBuffer stamped =
        ByteBuffer.allocate(Integer.BYTES + value.getLength())
            .putInt(tenure)
            .put(value.getBuf(), value.getOffset(), value.getLength());
    Object key = entry.getKey();
    return requireNonNull(entries, "started")
        .create(
            key,
            ByteBufferImpl.create(stamped.array()),
            entry.getMetadataBytes(),
            entry.getInternalMetadataBytes(),
            entry.created(),
            entry.lastUsed());
  }

  // ---- what is lost

  @Override
  public CompletionStage<Void> addSegments(IntSet segments) {
    lock.writeLock().lock();
    try {
      tenures().take(segments);
    } finally {
      lock.writeLock().unlock();
    }
    return CompletableFutures.completedNull();
  }

  /** Done when the loss is on the disk: the engine waits with what follows. */
  @Override
  public CompletionStage<Void> removeSegments(IntSet segments) {
    return change(() -> tenures().lose(segments, isCut()));
  }

  /** Whether this member is cut off from the others now. */
  boolean isCut() {
    return false;
  }

  /** All that is confirmed is where it belongs; waits for the disk. */
  final void settle() throws IOException {
    lock.writeLock().lock();
    try {
      if (tenures().settle()) {
        tenures().write();
      }
    } finally {
      lock.writeLock().unlock();
    }
  }

  /** In one step, as it looks after a kill: the store deletes one file after the other. */
  @Override
  public CompletionStage<Void> clear() {
    return change(
            () -> {
              tenures().restart();
              return true;
            })
        .thenCompose(done -> clearUnmarked());
  }

  /** Nothing is written until the change is on the disk. */
  private CompletionStage<Void> change(BooleanSupplier change) {
    return checked(
        requireNonNull(blocking, "started")
            .runBlocking(
                () -> {
                  lock.writeLock().lock();
                  try {
                    if (change.getAsBoolean()) {
                      tenures().write();
                    }
                  } catch (IOException e) {
                    throw new PersistenceException(e);
                  } finally {
                    lock.writeLock().unlock();
                  }
                },
                "memogrid-tenures"));
  }

  // ---- what is there

  @Override
  public CompletionStage<MarshallableEntry<K, V>> load(int segment, Object key) {
    return super.load(segment, key)
        .thenApply(
            entry ->
                entry != null && passes(segment, entry, Tenures::counts) ? opened(entry) : null);
  }

  @Override
  public CompletionStage<Boolean> containsKey(int segment, Object key) {
    return load(segment, key).thenApply(entry -> entry != null);
  }

  /** With values, whether they are wanted or not: the tenure stands there. */
  @Override
  public Publisher<MarshallableEntry<K, V>> publishEntries(
      IntSet segments, Predicate<? super K> filter, boolean includeValues) {
    return opened(super.publishEntries(segments, filter, true), Tenures::counts);
  }

  /** What this life had at the last moment that its roster tells of. */
  final Publisher<MarshallableEntry<K, V>> lastEntries(IntSet segments) {
    return opened(super.publishEntries(segments, key -> true, true), Tenures::mayBePutBack);
  }

  @Override
  public Publisher<K> publishKeys(IntSet segments, Predicate<? super K> filter) {
    return Flowable.fromPublisher(publishEntries(segments, filter, true))
        .map(MarshallableEntry::getKey);
  }

  @Override
  public Publisher<MarshallableEntry<K, V>> purgeExpired() {
    return opened(super.purgeExpired(), Tenures::counts);
  }

  private Flowable<MarshallableEntry<K, V>> opened(
      Publisher<MarshallableEntry<K, V>> all, Sieve sieve) {
    return Flowable.fromPublisher(all)
        .filter(
            entry -> {
              int segment = requireNonNull(partitioner, "started").getSegment(entry.getKey());
              return passes(segment, entry, sieve);
            })
        .map(this::opened);
  }

  @Override
  public CompletionStage<Long> size(IntSet segments) {
    return Flowable.fromPublisher(publishKeys(segments, key -> true)).count().toCompletionStage();
  }

  /** Whether what was written in a tenure is there. */
  private interface Sieve {
    boolean passes(Tenures tenures, int segment, int tenure);
  }

  private boolean passes(int segment, MarshallableEntry<K, V> entry, Sieve sieve) {
    var stamped = entry.getValueBytes();
    if (isNothing(stamped)) {
      return true;
    }
    int tenure = ByteBuffer.wrap(stamped.getBuf()).getInt(stamped.getOffset());
    lock.readLock().lock();
    try {
      return sieve.passes(tenures(), segment, tenure);
    } finally {
      lock.readLock().unlock();
    }
  }

  /** As the store shows the end of an entry. */
  private static boolean isNothing(org.infinispan.commons.io.@Nullable ByteBuffer value) {
    return value == null || value.getLength() == 0;
  }

  private MarshallableEntry<K, V> opened(MarshallableEntry<K, V> entry) {
    var stamped = entry.getValueBytes();
    if (isNothing(stamped)) {
      return entry;
    }
    Object key = entry.getKey();
    return requireNonNull(entries, "started")
        .create(
            key,
            ByteBufferImpl.create(
                stamped.getBuf(),
                stamped.getOffset() + Integer.BYTES,
                stamped.getLength() - Integer.BYTES),
            entry.getMetadataBytes(),
            entry.getInternalMetadataBytes(),
            entry.created(),
            entry.lastUsed());
  }
}
