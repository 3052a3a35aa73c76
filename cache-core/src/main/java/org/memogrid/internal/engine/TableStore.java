/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;

import io.reactivex.rxjava3.core.Flowable;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PrimitiveIterator;
import java.util.Set;
import java.util.StringJoiner;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.infinispan.commons.time.TimeService;
import org.infinispan.commons.util.IntSet;
import org.infinispan.commons.util.concurrent.CompletableFutures;
import org.infinispan.configuration.cache.ClusteringConfiguration;
import org.infinispan.configuration.cache.StoreConfiguration;
import org.infinispan.distribution.ch.KeyPartitioner;
import org.infinispan.metadata.EmbeddedMetadata;
import org.infinispan.metadata.Metadata;
import org.infinispan.persistence.spi.InitializationContext;
import org.infinispan.persistence.spi.MarshallableEntry;
import org.infinispan.persistence.spi.MarshallableEntryFactory;
import org.infinispan.persistence.spi.NonBlockingStore;
import org.infinispan.persistence.spi.PersistenceException;
import org.infinispan.util.concurrent.BlockingManager;
import org.jspecify.annotations.Nullable;
import org.memogrid.internal.store.Envelope;
import org.reactivestreams.Publisher;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engine's way to a {@link Table}, on threads that may wait. Made by the engine, by its name,
 * hence public.
 *
 * @param <K> a key
 * @param <V> an entry
 */
public final class TableStore<K, V> implements NonBlockingStore<K, V>, EndingStore {
  private static final long PURGE_MILLIS = Duration.ofMinutes(1).toMillis();

  private static final Logger LOG = LoggerFactory.getLogger(TableStore.class);

  /** How often it is looked whether somebody else wants the table. */
  private static final long LOOK_MILLIS = 10 * Tables.PAUSE_MILLIS;

  private volatile @Nullable Running running;
  private volatile @Nullable ScheduledFuture<?> looking;
  private volatile @Nullable SharedBehind behind;
  private volatile long purgedAt = Long.MIN_VALUE;

  /**
   * What is there once the store has started.
   *
   * @param batch how many rows are written at once behind the writers; 0 if they wait
   */
  private record Running(
      int segments,
      int batch,
      Tables.Opened opened,
      EntryMarshaller marshaller,
      MarshallableEntryFactory<Object, Object> entries,
      TimeService clock,
      BlockingManager threads,
      KeyPartitioner placement) {

    int segment(ClusterKey key) {
      return placement.getSegment(key);
    }

    /** As {@link TableStore#row} has one that is written now. */
    Table.Row row(ClusterKey key, Envelope entry) {
      long now = clock.wallClockTime();
      long left = entry.lifeLeft(now);
      return new Table.Row(
          segment(key),
          left == Envelope.NEVER ? Long.MAX_VALUE : now + left,
          marshaller.objectToByteBuffer(key),
          marshaller.objectToByteBuffer(entry));
    }

    Table table() {
      return opened.table();
    }

    /** Whether another process has the table by now. */
    boolean isLost() {
      return opened.hold().isLost();
    }

    void requireHeld() {
      if (isLost()) {
        throw new PersistenceException(
            opened.place()
                + ": the table is held by "
                + opened.hold().lostTo()
                + ", since this process did not answer for some seconds; what it has in memory may"
                + " be old: start it again when the other has ended");
      }
    }

    /** What another process has taken by now is not written to. */
    private void changeBehind(List<Table.Row> rows, List<byte[]> keys) throws SQLException {
      if (isLost()) {
        LOG.error(
            "{} is held by another process: {} changes that waited for it are lost",
            opened.place(),
            rows.size() + keys.size());
        return;
      }
      table().change(rows, keys);
    }

    void clearBehind() throws SQLException {
      if (!isLost()) {
        table().clear();
      }
    }

    void change(List<Table.Row> rows, List<byte[]> keys) throws SQLException {
      if (batch == 0) {
        table().change(rows, keys);
        return;
      }
      int[] left = {rows.size() + keys.size()};
      Insistence behind = insistence();
      for (int from = 0; from < rows.size(); from += batch) {
        List<Table.Row> some = rows.subList(from, Math.min(rows.size(), from + batch));
        behind.make(() -> left[0], () -> changeBehind(some, List.of()));
        left[0] -= some.size();
      }
      for (int from = 0; from < keys.size(); from += batch) {
        List<byte[]> some = keys.subList(from, Math.min(keys.size(), from + batch));
        behind.make(() -> left[0], () -> changeBehind(List.of(), some));
        left[0] -= some.size();
      }
    }

    Insistence insistence() {
      return new Insistence(opened.place(), opened.closing());
    }

    PersistenceException failed(SQLException cause) {
      return new PersistenceException(
          opened.place()
              + " took it not ("
              + cause.getMessage()
              + "): see that the database runs and that its user may write there, then try again",
          cause);
    }
  }

  /** What is done with the table. */
  private interface Work<T> {
    @Nullable T on(Running running) throws SQLException;
  }

  @Override
  public CompletionStage<Void> start(InitializationContext context) {
    ClusteringConfiguration shared = context.getCache().getCacheConfiguration().clustering();
    String name = context.getCache().getName();
    String cache = shared.cacheMode().isClustered() ? Incarnation.cacheName(name) : name;
    start(context, cache, shared.hash().numSegments());
    return CompletableFutures.completedNull();
  }

  /** The table was opened before. */
  private void start(InitializationContext context, String cache, int segments) {
    EntryMarshaller marshaller =
        (EntryMarshaller) context.getGlobalConfiguration().serialization().marshaller();
    StoreConfiguration configuration = context.getConfiguration();
    running =
        new Running(
            segments,
            configuration.async().enabled() ? configuration.maxBatchSize() : 0,
            requireNonNull(marshaller.tables().opened(cache), "the table was not opened"),
            marshaller,
            context.getMarshallableEntryFactory(),
            context.getTimeService(),
            context.getBlockingManager(),
            context.getKeyPartitioner());
    SharedBehind shared =
        Behinds.of(context.getGlobalConfiguration()).get(context.getCache().getName());
    if (shared != null) {
      behind = shared;
      shared.start(running.opened.place(), this::changeBehind, context.getBlockingManager());
    }
    TableHold hold = running.opened.hold();
    looking =
        context
            .getBlockingManager()
            .scheduleRunBlockingAtFixedRate(
                () -> look(hold), LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS, "memogrid-hold");
  }

  private static void look(TableHold hold) {
    try {
      hold.look();
    } catch (SQLException | RuntimeException e) {
      LOG.debug("who has the table is not known for now", e); // it would not be looked for again
    }
  }

  @Override
  public CompletionStage<Void> stop() {
    ScheduledFuture<?> looks = looking;
    if (looks != null) {
      looks.cancel(false);
    }
    SharedBehind shared = behind;
    if (shared == null) {
      running = null;
      return CompletableFutures.completedNull();
    }
    return shared.stop().thenRun(() -> running = null);
  }

  /** Writes what members write behind their writers. */
  private void changeBehind(Map<ClusterKey, WriteBehind.Change> changes) throws SQLException {
    Running now = running();
    List<Table.Row> rows = new ArrayList<>();
    List<byte[]> keys = new ArrayList<>();
    changes.forEach(
        (key, change) -> {
          Envelope entry = change.entry();
          if (entry == null) {
            keys.add(now.marshaller.objectToByteBuffer(key));
          } else {
            rows.add(now.row(key, entry));
          }
        });
    now.changeBehind(rows, keys);
  }

  /** When what waits on any member is written. */
  private <T> CompletionStage<T> whenWritten(Supplier<CompletionStage<T>> then) {
    SharedBehind shared = behind;
    return shared == null ? then.get() : shared.writeEverywhere().thenCompose(done -> then.get());
  }

  private Running running() {
    return requireNonNull(running, "the store has not started");
  }

  private <T> CompletionStage<T> call(Work<T> work) {
    Running now = running();
    return now.threads.supplyBlocking(() -> done(now, work), "memogrid-table");
  }

  /** Of what is written behind: who refuses that is asked again for ever. */
  private <T> CompletionStage<T> callBehind(Work<T> work) {
    Running now = running();
    return now.threads.supplyBlocking(() -> doneAnyway(now, work), "memogrid-table");
  }

  /** Throws if another process has the table by now. */
  void requireHeld() {
    Running now = running;
    if (now != null) {
      now.requireHeld();
    }
  }

  private static <T> @Nullable T done(Running now, Work<T> work) {
    now.requireHeld();
    return doneAnyway(now, work);
  }

  private static <T> @Nullable T doneAnyway(Running now, Work<T> work) {
    try {
      return work.on(now);
    } catch (SQLException e) {
      throw now.failed(e);
    }
  }

  @Override
  public CompletionStage<Void> write(
      int segment, MarshallableEntry<? extends K, ? extends V> entry) {
    Table.Row row = row(running(), segment, entry);
    return call(
        now -> {
          now.table().write(row);
          return null;
        });
  }

  /** Writes entries of one call in one transaction, as {@link #batch} does. */
  CompletionStage<Void> writeAll(Map<ClusterKey, Envelope> entries, @Nullable Metadata metadata) {
    Running now = running();
    List<Table.Row> rows = new ArrayList<>();
    entries.forEach((key, entry) -> rows.add(row(now, now.segment(key), key, entry, metadata)));
    return call(
        running -> {
          running.change(rows, List.of());
          return null;
        });
  }

  private static Table.Row row(Running now, int segment, MarshallableEntry<?, ?> entry) {
    return row(now, segment, entry.getKey(), entry.getValue(), entry.getMetadata());
  }

  /** A life counts from its write, for which the engine gives the one that it replaces. */
  private static Table.Row row(
      Running now, int segment, Object key, Object value, @Nullable Metadata metadata) {
    long lifespan = metadata == null ? -1 : metadata.lifespan();
    return new Table.Row(
        segment,
        lifespan < 0 ? Long.MAX_VALUE : now.clock.wallClockTime() + lifespan,
        now.marshaller.objectToByteBuffer(key),
        now.marshaller.objectToByteBuffer(value));
  }

  @Override
  public CompletionStage<Boolean> delete(int segment, Object key) {
    byte[] bytes = running().marshaller.objectToByteBuffer(key);
    return call(now -> now.table().delete(bytes));
  }

  @Override
  public CompletionStage<Boolean> deleteEnded(int segment, Object key) {
    byte[] bytes = running().marshaller.objectToByteBuffer(key);
    return call(now -> now.table().deleteEnded(bytes, now.clock.wallClockTime()));
  }

  @Override
  public CompletionStage<Void> clear() {
    return running().batch == 0
        ? whenWritten(
            () ->
                call(
                    now -> {
                      now.table().clear();
                      return null;
                    }))
        : callBehind(
            now -> {
              now.insistence().make(() -> 1, now::clearBehind);
              return null;
            });
  }

  @Override
  public CompletionStage<Void> batch(
      int publishers,
      Publisher<SegmentedPublisher<Object>> removed,
      Publisher<SegmentedPublisher<MarshallableEntry<K, V>>> written) {
    Running now = running();
    List<Table.Row> rows = new ArrayList<>();
    List<byte[]> keys = new ArrayList<>();
    Work<Void> change =
        running -> {
          running.change(rows, keys);
          return null;
        };
    Flowable<Integer> writes =
        Flowable.fromPublisher(written)
            .flatMap(
                part ->
                    Flowable.fromPublisher(part)
                        .map(entry -> add(rows, row(now, part.getSegment(), entry))),
                publishers);
    Flowable<Integer> removals =
        Flowable.fromPublisher(removed)
            .flatMap(
                part ->
                    Flowable.fromPublisher(part)
                        .map(key -> add(keys, now.marshaller.objectToByteBuffer(key))),
                publishers);
    return Flowable.mergeArray(writes, removals)
        .lastStage(0)
        .thenCompose(last -> now.batch == 0 ? call(change) : callBehind(change));
  }

  private static <T> Integer add(List<T> list, T element) {
    synchronized (list) {
      list.add(element);
      return list.size();
    }
  }

  @Override
  public CompletionStage<MarshallableEntry<K, V>> load(int segment, Object key) {
    SharedBehind shared = behind;
    WriteBehind.Change waits = shared == null ? null : shared.waitsFor((ClusterKey) key);
    if (waits != null) {
      return CompletableFuture.completedFuture(waiting(running(), (ClusterKey) key, waits));
    }
    byte[] bytes = running().marshaller.objectToByteBuffer(key);
    return call(
        now -> {
          Table.Row row = now.table().load(bytes);
          return row == null || row.ends <= now.clock.wallClockTime() ? null : entry(now, key, row);
        });
  }

  private @Nullable MarshallableEntry<K, V> waiting(
      Running now, ClusterKey key, WriteBehind.Change change) {
    Envelope entry = change.entry();
    if (entry == null) {
      return null;
    }
    Table.Row row = now.row(key, entry);
    return row.ends <= now.clock.wallClockTime() ? null : entry(now, key, row);
  }

  @SuppressWarnings("unchecked") // of this cache
  private MarshallableEntry<K, V> entry(Running now, Object key, Table.Row row) {
    long time = now.clock.wallClockTime();
    Metadata metadata =
        row.ends == Long.MAX_VALUE
            ? new EmbeddedMetadata.Builder().build()
            : new EmbeddedMetadata.Builder()
                .lifespan(Math.max(1, row.ends - time), TimeUnit.MILLISECONDS)
                .build();
    Object value = now.marshaller.objectFromByteBuffer(row.entry, 0, row.entry.length);
    return (MarshallableEntry<K, V>) now.entries.create(key, value, metadata, null, time, time);
  }

  @Override
  public Publisher<MarshallableEntry<K, V>> publishEntries(
      IntSet segments, Predicate<? super K> filter, boolean includeValues) {
    Running now = running();
    Flowable<MarshallableEntry<K, V>> all =
        Flowable.using(
            () ->
                done(now, r -> r.table().scan(r.clock.wallClockTime(), list(segments, r.segments))),
            cursor -> rows(now, cursor).mapOptional(row -> wanted(now, filter, row)),
            Table.Cursor::close);
    Publisher<MarshallableEntry<K, V>> there = now.threads.blockingPublisher(all);
    SharedBehind shared = behind;
    return shared == null
        ? there
        : Flowable.fromCompletionStage(shared.writeEverywhere().thenApply(done -> true))
            .concatMap(done -> there);
  }

  private static Flowable<Table.Row> rows(Running now, Table.Cursor cursor) {
    return Flowable.generate(
        emitter -> {
          Table.Row row = done(now, r -> cursor.next());
          if (row == null) {
            emitter.onComplete();
          } else {
            emitter.onNext(row);
          }
        });
  }

  @SuppressWarnings("unchecked") // of this cache
  private Optional<MarshallableEntry<K, V>> wanted(
      Running now, @Nullable Predicate<? super K> filter, Table.Row row) {
    K key = (K) now.marshaller.objectFromByteBuffer(row.key, 0, row.key.length);
    return filter == null || filter.test(key)
        ? Optional.of(entry(now, key, row))
        : Optional.empty();
  }

  /** Null for all. */
  private static @Nullable String list(@Nullable IntSet wanted, int segments) {
    if (wanted == null || wanted.size() == segments) {
      return null;
    }
    StringJoiner list = new StringJoiner(",");
    for (PrimitiveIterator.OfInt each = wanted.iterator(); each.hasNext(); ) {
      list.add(Integer.toString(each.nextInt()));
    }
    return wanted.isEmpty() ? "-2" : list.toString();
  }

  @Override
  public CompletionStage<Long> size(IntSet segments) {
    return call(now -> now.table().count(now.clock.wallClockTime(), list(segments, now.segments)));
  }

  @Override
  public CompletionStage<Long> approximateSize(IntSet segments) {
    return size(segments);
  }

  /** Rows that have ended are not read, so it is enough to delete them now and then. */
  @Override
  public Publisher<MarshallableEntry<K, V>> purgeExpired() {
    return Flowable.defer(
        () -> {
          long time = running().clock.wallClockTime();
          if (purgedAt != Long.MIN_VALUE && Math.abs(time - purgedAt) < PURGE_MILLIS) {
            return Flowable.empty();
          }
          purgedAt = time;
          return Flowable.fromCompletionStage(
                  call(
                      now -> {
                        now.table().purge(time);
                        return time;
                      }))
              .ignoreElements()
              .toFlowable();
        });
  }

  @Override
  public Set<Characteristic> characteristics() {
    return EnumSet.of(
        Characteristic.BULK_READ,
        Characteristic.EXPIRATION,
        Characteristic.SEGMENTABLE,
        Characteristic.SHAREABLE);
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
