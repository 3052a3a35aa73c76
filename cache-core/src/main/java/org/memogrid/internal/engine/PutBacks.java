/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.reactivex.rxjava3.core.Flowable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.infinispan.AdvancedCache;
import org.infinispan.commons.util.IntSet;
import org.infinispan.commons.util.IntSets;
import org.infinispan.commons.util.concurrent.CompletionStages;
import org.infinispan.context.Flag;
import org.infinispan.persistence.PersistenceUtil;
import org.infinispan.persistence.spi.InitializationContext;
import org.infinispan.persistence.spi.MarshallableEntry;
import org.jspecify.annotations.Nullable;
import org.memogrid.internal.recovery.Effect;
import org.memogrid.internal.store.Envelope;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts entries of the lives on this disk back into the cache, where there are none. It is a write
 * like any other, so all owners have it in their files when it is done. Thread-safe.
 */
final class PutBacks implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(PutBacks.class);
  private static final int AT_ONCE = 128;

  private final Recovery recovery;
  private final SharedFiles files;
  private final SharedFiles.Link link;
  private final LifeFolder folder;
  private final LifeStore<?, ?> own;
  private final InitializationContext context;
  private final AdvancedCache<ClusterKey, Envelope> cache;

  @GuardedBy("this") private List<Effect.PutBack> wanted = new ArrayList<>();

  @GuardedBy("this") private boolean running;

  @GuardedBy("this") private final Map<String, TenureStore<ClusterKey, Envelope>> opened = new HashMap<>();

  @GuardedBy("this") private boolean closed;

  @SuppressWarnings("unchecked") // the cache of this store
  PutBacks(
      Recovery recovery,
      SharedFiles files,
      SharedFiles.Link link,
      LifeFolder folder,
      LifeStore<?, ?> own,
      InitializationContext context) {
    this.recovery = recovery;
    this.files = files;
    this.link = link;
    this.folder = folder;
    this.own = own;
    this.context = context;
    this.cache =
        ((AdvancedCache<ClusterKey, Envelope>) context.getCache().getAdvancedCache())
            .withFlags(Flag.SKIP_XSITE_BACKUP, Flag.SKIP_LISTENER_NOTIFICATION);
  }

  /** Has a segment put back, with others that are wanted by then. */
  synchronized void add(Effect.PutBack segment) {
    wanted.add(segment);
    if (!running && !closed) {
      running = true;
      files.work(this::run);
    }
  }

  private synchronized List<Effect.PutBack> next() {
    List<Effect.PutBack> next = wanted;
    wanted = new ArrayList<>();
    running = !next.isEmpty() && !closed;
    return closed ? List.of() : next;
  }

  private void run() {
    for (List<Effect.PutBack> next = next(); !next.isEmpty(); next = next()) {
      Map<String, List<Effect.PutBack>> byLife = new HashMap<>();
      next.forEach(each -> byLife.computeIfAbsent(each.life(), l -> new ArrayList<>()).add(each));
      byLife.forEach(this::putBack);
    }
  }

  private void putBack(String life, List<Effect.PutBack> segments) {
    Map<Integer, Long> attempts = new HashMap<>();
    segments.forEach(each -> attempts.put(each.segment(), each.attempt()));
    try {
      if (!life.isEmpty()) {
        requireUsed();
        putBack(entriesOf(life, IntSets.from(attempts.keySet())));
      }
      recovery.onPutBack(attempts, Map.of());
    } catch (RuntimeException e) {
      LOG.debug("entries of cache '{}' were not put back, trying again", recovery.engineName(), e);
      recovery.onPutBack(Map.of(), attempts);
    }
  }

  /** A topology is told before the engine uses it, and without one it refuses each entry loudly. */
  private void requireUsed() {
    if (cache.getDistributionManager().getCacheTopology().getTopologyId() < recovery.lastLayout()) {
      throw new IllegalStateException("the engine does not use the last topology yet");
    }
  }

  @SuppressWarnings("unchecked") // the entries of this cache
  private Flowable<MarshallableEntry<ClusterKey, Envelope>> entriesOf(
      String life, IntSet segments) {
    TenureStore<ClusterKey, Envelope> source =
        life.equals(link.self().id()) ? (TenureStore<ClusterKey, Envelope>) own : opened(life);
    return Flowable.fromPublisher(source.lastEntries(segments));
  }

  private void putBack(Flowable<MarshallableEntry<ClusterKey, Envelope>> entries) {
    Semaphore room = new Semaphore(AT_ONCE);
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    entries.blockingForEach(
        entry -> {
          room.acquireUninterruptibly();
          if (failure.get() != null) {
            room.release();
            return;
          }
          var unused =
              put(entry.getKey(), requireNonNull(entry.getValue()))
                  .whenComplete(
                      (done, thrown) -> {
                        if (thrown != null) {
                          failure.compareAndSet(null, thrown);
                        }
                        room.release();
                      });
        });
    room.acquireUninterruptibly(AT_ONCE);
    Throwable thrown = failure.get();
    if (thrown != null) {
      throw new IllegalStateException(thrown);
    }
  }

  private CompletableFuture<?> put(ClusterKey key, Envelope entry) {
    long left = entry.lifeLeft(link.clock().millis());
    if (entry.isMortal() && left <= 0) {
      return CompletableFuture.completedFuture(null);
    }
    try {
      return cache.putIfAbsentAsync(
          key, entry, EngineWrites.lifespan(entry, link.clock().millis()), TimeUnit.MILLISECONDS);
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private synchronized TenureStore<ClusterKey, Envelope> opened(String life) {
    if (closed) {
      throw new IllegalStateException("this member leaves");
    }
    return opened.computeIfAbsent(life, this::open);
  }

  private TenureStore<ClusterKey, Envelope> open(String life) {
    Path path = folder.life(life);
    moveTo(
        path,
        PersistenceUtil.getQualifiedLocation(
            context.getGlobalConfiguration(), path.toString(), context.getCache().getName(), ""));
    TenureStore<ClusterKey, Envelope> store = new TenureStore<>();
    CompletionStages.join(
        store.start(
            LifeStore.at(path, context), folder.tenures(life, LifeStore.segments(context))));
    return store;
  }

  /** The engine looks for files by the cache's name, which may have been another then. */
  private static void moveTo(Path life, Path wanted) {
    try (Stream<Path> within = Files.walk(life, 3)) {
      Path data = within.filter(path -> path.endsWith("data")).findFirst().orElse(null);
      if (data != null && !requireNonNull(data.getParent()).equals(wanted)) {
        Files.move(requireNonNull(data.getParent()), wanted);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** All that is confirmed is where it belongs. */
  void settle() throws IOException {
    own.settle();
  }

  /** Nobody needs the lives before the present one any more. */
  synchronized void forget() {
    if (closed) {
      return; // the folder may be another's by now
    }
    opened.values().forEach(store -> CompletionStages.join(store.stop()));
    opened.clear();
    for (String life : folder.lives()) {
      if (!life.equals(link.self().id())) {
        folder.forget(life);
      }
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    opened.values().forEach(store -> CompletionStages.join(store.stop()));
    opened.clear();
  }
}
