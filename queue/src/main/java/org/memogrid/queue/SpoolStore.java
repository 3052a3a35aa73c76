/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.ArrayList;
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

  /** So many batches are in memory as well. They are read only if all copies are lost. */
  private static final long IN_MEMORY = 16;

  private static final int ATTEMPTS = 10;

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
            if (keep(open(keep.place()), keep)) {
              feed.accept(core -> core.kept(keep.reign(), keep.number(), null));
            } else {
              feed.accept(core -> core.overtaken(keep.reign()));
            }
          } catch (RuntimeException e) {
            LOG.warn("queue '{}': what was to be kept in {} was not", queue, keep.place(), e);
            String why = why(keep.place(), "does not take what is published", e);
            feed.accept(core -> core.kept(keep.reign(), keep.number(), why));
          }
        });
  }

  private boolean keep(Store store, Effect.Keep keep) {
    Kept.Holders holders = keep.holders();
    if (holders != null && !name(store, holders)) {
      return false;
    }
    Kept.Batch batch = keep.batch();
    if (batch != null) {
      store.put(key(batch.tenure(), batch.slot()), entry(batch));
    }
    return true;
  }

  /** What remains does no harm. */
  void drop(Effect.Drop drop) {
    run(
        () -> {
          try {
            Store store = open(drop.place());
            for (long slot : drop.slots()) {
              var unused = store.remove(key(drop.tenure(), slot));
            }
          } catch (RuntimeException e) {
            LOG.debug("queue '{}': what counts no more stays for now", queue, e);
          }
        });
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
    return Envelope.ofBytes(versions.next(), KeptFormat.write(kept));
  }

  private static String key(Tenure tenure, long slot) {
    Epoch reign = tenure.reign();
    return reign.number() + "." + tenure.part() + "@" + reign.home() + " " + slot;
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
          LOG.info("queue '{}': {} batches are read from {}", queue, all.size(), load.place());
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
                    if (kept(entry.getValue()) instanceof Kept.Batch batch
                        && sweep.head().isAfter(batch.tenure())) {
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
