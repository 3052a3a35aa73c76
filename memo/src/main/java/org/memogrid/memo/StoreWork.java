/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.time.InstantSource;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.internal.node.Node;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Serial;
import org.memogrid.internal.store.Store;
import org.memogrid.internal.store.Topology;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The core's effects on the store. An envelope's token is the epoch, and the fence below it. */
final class StoreWork {
  private static final Logger LOG = LoggerFactory.getLogger(StoreWork.class);

  /** Longer than the engine repeats a write. */
  private static final long TOMBSTONE_MILLIS = 10 * 60_000;

  /** In INVALIDATED nothing comes late: long enough for a read that is under way. */
  private static final long DROPPED_MILLIS = 1_000;

  private static final int ATTEMPTS = 5;

  private final MemoNode memo;
  private final Store store;
  private final InstantSource clock;
  private final boolean local;
  private final Executor workers;
  private final Serial kept;

  /** Of which a member alone can't tell what it would hold. */
  private final boolean inTable;

  /** Null unless results outlive the members. */
  private final @Nullable KeptEpoch epochs;

  private final Set<Object> renewing = ConcurrentHashMap.newKeySet();
  private volatile @Nullable Topology topology;

  StoreWork(MemoNode memo, Store store, @Nullable Persist persist, Node node) {
    this.memo = memo;
    this.store = store;
    this.clock = node.clock();
    this.local = store.mode() == Mode.LOCAL;
    this.workers = local && persist == null ? Runnable::run : node.workers();
    this.kept = new Serial(this.workers);
    this.inTable = persist != null && persist.table() != null;
    this.epochs = persist != null ? new KeptEpoch(memo, store) : null;
  }

  void perform(Effect effect) {
    if (effect instanceof Effect.Read read) {
      if (store.isSurelyAbsent(read.key())) {
        memo.feed(core -> core.found(read.operation(), null)); // no thread to wait for
      } else {
        run(() -> read(read));
      }
    } else if (effect instanceof Effect.Write write) {
      run(() -> write(write));
    } else if (effect instanceof Effect.Bury bury) {
      run(() -> bury(bury));
    } else if (effect instanceof Effect.Fill fill) {
      kept.execute(() -> fill(fill));
    } else if (effect instanceof Effect.Scan scan) {
      run(() -> scan(scan));
    } else if (effect instanceof Effect.Drop drop) {
      kept.execute(() -> drop(drop));
    }
  }

  private void run(Runnable work) {
    try {
      workers.execute(work);
    } catch (RejectedExecutionException leaving) {
      LOG.debug("{}: the member leaves", memo.id());
    }
  }

  // ---- as home

  private void read(Effect.Read read) {
    try {
      loadEpoch();
      Stored found = stored(attempt(() -> store.get(read.key())));
      memo.feed(core -> core.found(read.operation(), found));
    } catch (RuntimeException e) {
      Failure failure = failure("could not be read", read.key(), e);
      memo.feed(core -> core.notFound(read.operation(), failure));
    }
  }

  private void write(Effect.Write write) {
    try {
      if (epochs != null) {
        epochs.keep(write.token().epoch());
      }
      Envelope entry = envelope(write.value(), write.token());
      Stored seen = write.seenKnown() ? write.seen() : stored(store.get(write.key()));
      for (int i = 0; i < ATTEMPTS; i++) {
        if (!write.seenKnown() && stands(seen, write.token())) {
          break;
        }
        Envelope expected = seen == null ? null : (Envelope) seen.handle();
        Envelope there = swap(write.key(), expected, entry);
        if (there == null) {
          memo.feed(core -> core.written(write.operation(), true, null));
          return;
        }
        seen = stored(there);
        if (write.seenKnown()) {
          break;
        }
      }
      Stored conflict = seen;
      memo.feed(core -> core.written(write.operation(), false, conflict));
    } catch (RuntimeException e) {
      LOG.warn("{}: a result for {} may not have been stored", memo.id(), write.key(), e);
      memo.feed(core -> core.notWritten(write.operation()));
    }
  }

  /** Whether what is there is not to be replaced by a run of the token. */
  private boolean stands(@Nullable Stored there, Token token) {
    return there != null
        && ((there.value() != null && there.epoch() >= memo.epoch())
            || there.fence() > token.fence());
  }

  private void bury(Effect.Bury bury) {
    try {
      loadEpoch();
      if (local) {
        var unused = store.remove(bury.key());
        memo.feed(core -> core.buried(bury.operation(), null));
        return;
      }
      Envelope there = attempt(() -> store.get(bury.key()));
      for (int i = 0; ; i++) {
        long fence = (there == null ? 0 : fence(there)) + 1;
        Envelope tombstone =
            mortal(Envelope.tombstone(memo.nextVersion()), TOMBSTONE_MILLIS, 0)
                .withToken(token(bury.epoch(), fence));
        Envelope expected = there;
        there = attempt(() -> swap(bury.key(), expected, tombstone));
        if (there == null) {
          memo.feed(core -> core.buried(bury.operation(), stored(tombstone)));
          return;
        }
        if (i > 100) {
          throw new IllegalStateException("somebody else writes to the memo's store all the time");
        }
      }
    } catch (RuntimeException e) {
      Failure failure =
          failure("may not have been invalidated, call invalidate again", bury.key(), e);
      memo.feed(core -> core.notBuried(bury.operation(), failure));
    }
  }

  /** Stores if {@code expected} is there, null for nothing; returns null, or what is there. */
  private @Nullable Envelope swap(Object key, @Nullable Envelope expected, Envelope entry) {
    while (true) {
      if (expected == null) {
        return store.putIfAbsent(key, entry);
      }
      if (store.replace(key, expected, entry)) {
        return null;
      }
      Envelope there = store.get(key);
      if (there != null) {
        return there.equals(entry) ? null : there;
      }
      expected = null; // it expired
    }
  }

  /** The engine fails what a member that has just gone had to answer: the next try asks another. */
  private <T extends @Nullable Object> T attempt(Supplier<T> call) {
    for (int i = 1; ; i++) {
      try {
        return call.get();
      } catch (RuntimeException e) {
        if (i == ATTEMPTS || !store.missing().isEmpty()) { // it has waited for them
          throw e;
        }
      }
    }
  }

  /** Tells the keys of live entries held here, whoever is their home. */
  private void scan(Effect.Scan scan) {
    Set<Object> keys = new LinkedHashSet<>(scan.inFlight());
    Set<String> tags = scan.tags();
    try (Stream<Map.Entry<Object, Envelope>> all = held()) {
      all.filter(entry -> !entry.getValue().isTombstone() && !isOwn(entry.getKey()))
          .filter(entry -> tags == null || !Collections.disjoint(entry.getValue().tags(), tags))
          .forEach(entry -> keys.add(entry.getKey()));
    } catch (RuntimeException e) {
      LOG.warn(
          "{}: the keys kept on {} can't be told, so all are invalidated: have their class, and"
              + " allow it, on every member",
          memo.id(),
          memo.self(),
          e);
      memo.feed(core -> core.scanned(scan.to(), scan.scan(), null));
      return;
    }
    List<Object> found = List.copyOf(keys);
    memo.feed(core -> core.scanned(scan.to(), scan.scan(), found));
  }

  private Stream<Map.Entry<Object, Envelope>> held() {
    requireServed(); // in each configuration anew: who held them may be missing
    return inTable ? store.entries() : store.localEntries();
  }

  private boolean isOwn(Object key) {
    return epochs != null && KeptEpoch.KEY.equals(key);
  }

  private Failure failure(String what, Object key, RuntimeException e) {
    String text = memo.id() + " on " + memo.self() + ": the result for " + key + " " + what;
    LOG.warn("{}", text, e);
    return new Failure(null, Failure.Kind.HOME, text + ": " + e.getMessage());
  }

  // ---- what is kept on this member alone

  private void fill(Effect.Fill fill) {
    try {
      Envelope entry = envelope(fill.value(), new Token(0, 0, "", fill.epoch(), 0));
      store.putLocal(fill.key(), entry);
    } catch (RuntimeException e) {
      LOG.warn("{}: a result for {} was not kept", memo.id(), fill.key(), e);
    }
    memo.feed(core -> core.filled(fill.request()));
  }

  private void drop(Effect.Drop drop) {
    Object key = drop.key();
    try {
      if (key != null) {
        attempt(
            () -> {
              drop(key);
              return key;
            });
      } else {
        try (Stream<Map.Entry<Object, Envelope>> all = store.localEntries()) {
          all.filter(entry -> !entry.getValue().isTombstone())
              .filter(entry -> epoch(entry.getValue()) < memo.epoch())
              .forEach(entry -> drop(entry.getKey()));
        }
      }
      memo.feed(core -> core.dropped(drop, null));
    } catch (RuntimeException e) {
      Failure failure =
          failure("may not have been dropped, call invalidate again", String.valueOf(key), e);
      memo.feed(core -> core.dropped(drop, failure));
    }
  }

  private void drop(Object key) {
    store.putLocal(key, mortal(Envelope.tombstone(memo.nextVersion()), DROPPED_MILLIS, 0));
  }

  /** Frees what an invalidation of all keys left behind, unless it has been replaced. */
  void sweep(long epoch) {
    if (store.mode() == Mode.INVALIDATED) {
      return; // dropped already
    }
    run(
        () -> {
          try (Stream<Map.Entry<Object, Envelope>> all = store.entries()) {
            all.filter(entry -> epoch(entry.getValue()) < epoch && !isOwn(entry.getKey()))
                .forEach(
                    entry -> {
                      var unused = store.remove(entry.getKey(), entry.getValue());
                    });
          } catch (RuntimeException e) {
            LOG.debug("{}: what was invalidated goes when it expires", memo.id(), e);
          }
        });
  }

  // ---- what a former life has kept

  /** Whether entries can be judged by the epoch; if not, it is on its way. */
  boolean isEpochKnown() {
    if (epochs == null || epochs.isKnown()) {
      return true;
    }
    if (epochs.begins()) {
      run(epochs::tryLoad);
    }
    return false;
  }

  long keptEpoch() {
    return epochs == null ? 0 : epochs.kept();
  }

  void loadEpoch() {
    if (epochs != null) {
      epochs.load();
    }
  }

  void keepEpoch() {
    if (epochs != null) {
      epochs.keep(memo.epoch());
    }
  }

  void requireServed() {
    if (epochs != null) {
      epochs.requireServed();
    }
  }

  // ---- reading here

  void installed(Topology now) {
    topology = now;
  }

  /** Whether this member holds the key's entry, if there is one. */
  boolean holds(Object key) {
    Topology now = topology;
    return switch (store.mode()) {
      case LOCAL, INVALIDATED, REPLICATED -> true;
      case DISTRIBUTED -> now != null && now.owners(key).contains(memo.self());
    };
  }

  /** Whether it is a result that no invalidation of all keys has overtaken. */
  boolean isOf(Envelope entry, long epoch) {
    return !entry.isTombstone() && (epoch == 0 || epoch(entry) >= epoch);
  }

  boolean isLive(Envelope entry, long epoch) {
    return isOf(entry, epoch) && (!entry.isMortal() || entry.lifeLeft(clock.millis()) > 0);
  }

  /** Keeps an entry alive that is read, as a cache with an idle time does. */
  void used(Object key, Envelope entry) {
    if (entry.idleMillis() == 0
        || !entry.isTouchDue(clock.millis())
        || !renewing.add(key)) { // before the use is noted: what is noted must be told
      return;
    }
    if (!entry.touch(clock.millis())) {
      renewing.remove(key);
      return;
    }
    run(
        () -> {
          try {
            store.renew(key, entry);
          } catch (RuntimeException e) {
            LOG.debug("{}: an entry in use was not renewed", memo.id(), e);
          } finally {
            renewing.remove(key);
          }
        });
  }

  boolean isQuiet() {
    return renewing.isEmpty();
  }

  // ---- envelopes

  private Envelope envelope(Value value, Token token) {
    Envelope entry = ((Payload) value.payload()).entry();
    Envelope kept = value.isKept() ? entry : mortal(entry, 1, 0); // in the place of another
    return kept.withToken(token(token.epoch(), token.fence()));
  }

  private Envelope mortal(Envelope entry, long timeToLive, long maxIdle) {
    if (timeToLive == 0 && maxIdle == 0) {
      return entry;
    }
    long now = clock.millis();
    long expiresAt = timeToLive == 0 ? Envelope.NEVER : now + timeToLive;
    return entry.expiring(expiresAt, maxIdle, now);
  }

  private @Nullable Stored stored(@Nullable Envelope entry) {
    if (entry == null) {
      return null;
    }
    boolean none = entry.isTombstone() || (entry.isMortal() && entry.lifeLeft(clock.millis()) <= 0);
    Value value = none ? null : new Value(Payload.found(entry), 0, entry.idleMillis());
    return new Stored(entry, value, epoch(entry), fence(entry));
  }

  private static long token(long epoch, long fence) {
    return (epoch << 32) | (fence & 0xFFFFFFFFL);
  }

  static long epoch(Envelope entry) {
    return entry.token() == Envelope.NO_TOKEN ? 0 : entry.token() >>> 32;
  }

  private static long fence(Envelope entry) {
    return entry.token() == Envelope.NO_TOKEN ? 0 : entry.token() & 0xFFFFFFFFL;
  }
}
