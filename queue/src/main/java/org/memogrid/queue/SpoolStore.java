/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.internal.node.Node;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Store;
import org.memogrid.internal.store.Versions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A durable queue's spool: a shared cache of its own, which recovers as any cache in files does. It
 * is open on every member, since any may be the queue's home. Thread-safe; what blocks is done by
 * threads of its own, and each {@link Effect} is answered, unless the member leaves.
 */
final class SpoolStore {
  private static final Logger LOG = LoggerFactory.getLogger(SpoolStore.class);
  private static final String PREFIX = "org.memogrid.queue.";
  private static final String HOLDERS = "holders";

  /** So many are in memory as well. They are read only if all copies of the queue are lost. */
  private static final long IN_MEMORY = 10_000;

  private static final int ATTEMPTS = 10;
  private static final long SECOND = 1_000;

  private final String queue;
  private final Node node;
  private final Executor threads;
  private final Consumer<Consumer<QueueCore>> feed;
  private final Versions versions = new Versions();
  private @Nullable Store open;

  /**
   * @param feed gives the core an event
   */
  SpoolStore(String queue, Node node, Executor threads, Consumer<Consumer<QueueCore>> feed) {
    this.queue = queue;
    this.node = node;
    this.threads = threads;
    this.feed = feed;
  }

  /**
   * Opens it on all members. Blocks.
   *
   * @throws RuntimeException as {@code Cluster.cache} does
   */
  synchronized Store open(Persist place) {
    Store store = open;
    if (store == null || !store.isOpen()) {
      store =
          node.store(
              PREFIX + queue,
              CacheOptions.of(Mode.DISTRIBUTED).maxEntries(IN_MEMORY).persist(place));
      open = store;
    }
    return store;
  }

  private void run(Runnable work) {
    try {
      threads.execute(work);
    } catch (RejectedExecutionException leaving) {
      LOG.debug("queue '{}': the member leaves", queue);
    }
  }

  // ---- writing

  void keep(Effect.Keep keep) {
    run(
        () -> {
          try {
            if (keep(open(keep.place()), keep.writes())) {
              feed.accept(core -> core.kept(keep.reign(), keep.batch(), null));
            } else {
              feed.accept(core -> core.overtaken(keep.reign()));
            }
          } catch (RuntimeException e) {
            LOG.warn("queue '{}': what was to be kept in {} was not", queue, keep.place(), e);
            String why = why(keep.place(), "does not take what is published", e);
            feed.accept(core -> core.kept(keep.reign(), keep.batch(), why));
          }
        });
  }

  private boolean keep(Store store, List<Kept> writes) {
    Map<Object, Envelope> batch = new HashMap<>();
    for (Kept kept : writes) {
      if (kept instanceof Kept.Holders holders) {
        if (!name(store, holders)) {
          return false;
        }
      } else {
        batch.put(key((Kept.OfTenure) kept), entry(kept));
      }
    }
    if (!batch.isEmpty()) {
      store.putAll(batch);
    }
    return true;
  }

  /** Whether they follow those that are there. */
  private boolean name(Store store, Kept.Holders holders) {
    Envelope next = entry(holders);
    for (int i = 0; i < ATTEMPTS; i++) {
      Envelope there = store.get(HOLDERS);
      if (there != null && !holders.follows((Kept.Holders) kept(there))) {
        return false;
      }
      boolean done =
          there == null
              ? store.putIfAbsent(HOLDERS, next) == null
              : store.replace(HOLDERS, there, next);
      if (done) {
        return true;
      }
    }
    throw new IllegalStateException("somebody else writes to the spool all the time");
  }

  private Envelope entry(Kept kept) {
    Envelope entry = Envelope.ofBytes(versions.next(), KeptFormat.write(kept));
    long now = node.clock().millis();
    if (kept instanceof Kept.Ended ended && !ended.lasts()) {
      return entry.expiring(now + 1, 0, now); // removed, and many at a time
    }
    if (kept instanceof Kept.Id id) {
      return entry.expiring((Math.max(now, id.until()) / SECOND + 1) * SECOND, 0, now);
    }
    return entry;
  }

  private static String key(Kept.OfTenure kept) {
    Tenure tenure = kept.tenure();
    return tenure.reign().number() + "." + tenure.part() + "@" + tenure.reign().home() + what(kept);
  }

  private static String what(Kept.OfTenure kept) {
    if (kept instanceof Kept.Message message) {
      return what(Origin.of(message.entry().letter));
    }
    if (kept instanceof Kept.Ended ended) {
      return what(ended.origin());
    }
    return kept instanceof Kept.Id id ? " id " + hash(id.id()) : " head";
  }

  private static String what(Origin origin) {
    return " " + origin.number() + "@" + origin.producer();
  }

  /** Ids are of any length, keys in files are not. */
  private static String hash(String id) {
    try {
      return HexFormat.of()
          .formatHex(MessageDigest.getInstance("SHA-256").digest(id.getBytes(UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every Java has it
    }
  }

  private Kept kept(Envelope entry) {
    byte[] bytes = entry.bytes(node.codec());
    if (bytes == null) {
      throw new IllegalStateException("an entry of the spool of queue '" + queue + "' is empty");
    }
    return KeptFormat.read(bytes);
  }

  // ---- reading

  void look(Effect.Look look) {
    run(
        () -> {
          try {
            Envelope there = open(look.place()).get(HOLDERS);
            Kept.Holders named = there == null ? null : (Kept.Holders) kept(there);
            feed.accept(core -> core.looked(look.epoch(), named));
          } catch (RuntimeException e) {
            notRead(look.place(), look.epoch(), e);
          }
        });
  }

  void load(Effect.Load load) {
    run(
        () -> {
          List<Kept> all = new ArrayList<>();
          try (Stream<Map.Entry<Object, Envelope>> entries = open(load.place()).entries()) {
            entries.forEach(entry -> all.add(kept(entry.getValue())));
          } catch (RuntimeException e) {
            notRead(load.place(), load.epoch(), e);
            return;
          }
          LOG.info("queue '{}': {} entries are read from {}", queue, all.size(), load.place());
          feed.accept(core -> core.loaded(load.epoch(), all));
        });
  }

  private void notRead(Persist place, Epoch epoch, RuntimeException e) {
    LOG.warn("queue '{}' waits, since {} can't be read yet: {}", queue, place, e.getMessage());
    String why = why(place, "can't be read yet", e);
    feed.accept(core -> core.notRead(epoch, why));
  }

  private String why(Persist place, String what, RuntimeException e) {
    return "queue '"
        + queue
        + "' is kept in "
        + place
        + ", which "
        + what
        + ": "
        + e.getMessage()
        + "; what failed may have happened all the same";
  }

  /** What remains does no harm: the next home tries again. */
  void sweep(Effect.Sweep sweep) {
    run(
        () -> {
          try {
            Store store = open(sweep.place());
            List<Object> past = new ArrayList<>();
            try (Stream<Map.Entry<Object, Envelope>> entries = store.entries()) {
              entries.forEach(
                  entry -> {
                    if (kept(entry.getValue()) instanceof Kept.OfTenure kept
                        && sweep.head().isAfter(kept.tenure())) {
                      past.add(entry.getKey());
                    }
                  });
            }
            for (Object key : past) {
              var unused = store.remove(key);
            }
          } catch (RuntimeException e) {
            LOG.debug("queue '{}': what a former home wrote stays for now", queue, e);
          }
        });
  }
}
