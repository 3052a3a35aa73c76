/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.infinispan.commons.util.concurrent.CompletableFutures;
import org.infinispan.metadata.EmbeddedMetadata;
import org.infinispan.metadata.Metadata;
import org.infinispan.persistence.spi.PersistenceException;
import org.infinispan.util.concurrent.BlockingManager;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheLoader;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.CacheWriter;
import org.memogrid.cache.Expiry;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Codec;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Millis;
import org.memogrid.internal.store.Versions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where the program of one cache keeps its data: its loader and its writer, on threads that may
 * wait. What they throw comes out as the engine's exception for stores, with the key. Thread-safe.
 *
 * <p>A tombstone and an entry that is written again because it was used are nothing that a program
 * wrote: its writer does not see them.
 */
final class Source {
  private static final Logger LOG = LoggerFactory.getLogger(Source.class);
  private static final String THREAD = "memogrid-source";

  private final CacheLoader<Object, Object> loader;
  private final CacheWriter<Object, Object> writer;
  private final Expiry expiry;
  private final boolean shared;
  private final Codec codec;
  private final InstantSource clock;
  private final Versions versions = new Versions();
  private final CountDownLatch closing = new CountDownLatch(1);
  private final @Nullable WriteBehind behind;
  private volatile @Nullable BlockingManager threads;
  private volatile @Nullable SharedBehind others;

  /**
   * @param given has the loader and the writer
   * @param shared whether what is loaded goes to other members
   */
  Source(
      String cache,
      CacheOptions options,
      Persist given,
      boolean shared,
      Codec codec,
      InstantSource clock) {
    Persist persist = requireNonNull(options.persist());
    this.loader = requireNonNull(given.loader());
    this.writer = requireNonNull(given.writer());
    this.shared = shared;
    this.expiry = options.expiry();
    this.codec = codec;
    this.clock = clock;
    this.behind =
        persist.queueSize() == 0 || shared
            ? null
            : new WriteBehind(
                persist.queueSize(),
                persist.batch(),
                new Insistence("cache '" + cache + "': the writer " + nameOf(writer), closing),
                this::writeNow);
  }

  private static String nameOf(Object users) {
    return users.getClass().getName();
  }

  /**
   * Nothing is asked of it before.
   *
   * @param others what its members write behind; null if their writers wait
   */
  void start(BlockingManager threads, @Nullable SharedBehind others) {
    this.threads = threads;
    this.others = others;
    if (others != null) {
      others.start("the writer " + nameOf(writer), this::writeNow, threads);
    }
  }

  private BlockingManager threads() {
    return requireNonNull(threads, "the store has not started");
  }

  /** What waits is written, if the writer takes it. */
  CompletionStage<Void> stop() {
    closing.countDown();
    SharedBehind shared = others;
    if (shared != null) {
      return shared.stop();
    }
    return behind == null ? CompletableFutures.completedNull() : behind.whenIdle();
  }

  /** The entry, null if there is none; also one that waits to be written. */
  CompletionStage<@Nullable Envelope> load(ClusterKey key) {
    return threads().supplyBlocking(() -> loadNow(key), THREAD);
  }

  private @Nullable Envelope loadNow(ClusterKey key) {
    try {
      WriteBehind.Change waits = waitsFor(key);
      Object value = waits == null ? loader.load(key.key()) : valueOf(waits);
      return value == null ? null : ending(key, value);
    } catch (Exception e) {
      String message =
          "the loader "
              + nameOf(loader)
              + " failed on key '"
              + key.key()
              + "' ("
              + e
              + "); memory is as it was, and the next call asks it again";
      throw shared ? new LoadFailure(logged(message, e)) : new LoadFailure(message, e);
    }
  }

  /** A failure that goes to other members goes without its cause, whose class they may not have. */
  private static String logged(String message, Exception cause) {
    LOG.debug(message, cause);
    return message;
  }

  private WriteBehind.@Nullable Change waitsFor(ClusterKey key) {
    SharedBehind shared = others;
    if (shared != null) {
      return shared.waitsFor(key);
    }
    return behind == null ? null : behind.waitsFor(key);
  }

  private Envelope ending(ClusterKey key, Object value) {
    Expiry own = loader.expiry(key.key(), value);
    return Millis.ending(
        shared
            ? Envelope.ofBytes(versions.next(), codec.encode(value))
            : Envelope.ofValue(versions.next(), value),
        own == null ? expiry : own,
        clock);
  }

  /** What the engine is told of an entry that it keeps from now on. */
  Metadata metadata(Envelope entry) {
    EmbeddedMetadata.Builder metadata = new EmbeddedMetadata.Builder();
    if (entry.isMortal()) {
      metadata.lifespan(EngineWrites.lifespan(entry, clock.millis()), TimeUnit.MILLISECONDS);
    }
    return metadata.build();
  }

  private @Nullable Object valueOf(WriteBehind.Change change) {
    return change.entry() == null ? null : change.entry().value(codec);
  }

  /** Done when memory may follow. */
  CompletionStage<Void> write(Map<ClusterKey, WriteBehind.Change> changes) {
    Map<ClusterKey, WriteBehind.Change> users = new HashMap<>(changes);
    users.values().removeIf(change -> !isWritten(change));
    if (users.isEmpty()) {
      return CompletableFutures.completedNull();
    }
    if (behind != null) {
      return behind.add(users, threads());
    }
    return threads()
        .runBlocking(
            () -> {
              try {
                writeNow(users);
              } catch (Exception e) {
                throw refused(users.keySet().iterator().next(), users.size(), e);
              }
            },
            THREAD);
  }

  /** Whether a program wrote that. */
  static boolean isWritten(WriteBehind.Change change) {
    Envelope entry = change.entry();
    return entry == null || !(entry.isTombstone() || entry.isRenewed());
  }

  private void writeNow(Map<ClusterKey, WriteBehind.Change> changes) throws Exception {
    Map<Object, Object> written = new HashMap<>();
    List<Object> deleted = new ArrayList<>();
    changes.forEach(
        (key, change) -> {
          Object value = valueOf(change);
          if (value == null) {
            deleted.add(key.key());
          } else {
            written.put(key.key(), value);
          }
        });
    if (written.size() == 1) {
      Map.Entry<Object, Object> only = written.entrySet().iterator().next();
      writer.write(only.getKey(), only.getValue());
    } else if (!written.isEmpty()) {
      writer.writeAll(written);
    }
    if (deleted.size() == 1) {
      writer.delete(deleted.get(0));
    } else if (!deleted.isEmpty()) {
      writer.deleteAll(deleted);
    }
  }

  /** Deletes everything, after what waits was written. */
  CompletionStage<Void> clear() {
    CompletionStage<Void> before =
        behind == null ? CompletableFutures.completedNull() : behind.whenIdle();
    return before.thenCompose(idle -> threads().runBlocking(this::clearNow, THREAD));
  }

  private void clearNow() {
    try {
      writer.clear();
    } catch (Exception e) {
      throw new PersistenceException(
          "the writer " + nameOf(writer) + " refused it (" + e + "); memory is as it was", e);
    }
  }

  private PersistenceException refused(ClusterKey key, int keys, Exception cause) {
    String message =
        "the writer "
            + nameOf(writer)
            + " refused key '"
            + key.key()
            + (keys == 1 ? "'" : "' or one of " + (keys - 1) + " others")
            + " ("
            + cause
            + "); memory is as it was";
    return shared
        ? new PersistenceException(logged(message, cause))
        : new PersistenceException(message, cause);
  }
}
