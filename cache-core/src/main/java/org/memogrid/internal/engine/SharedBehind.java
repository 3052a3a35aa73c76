/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.infinispan.distribution.ch.KeyPartitioner;
import org.infinispan.util.concurrent.BlockingManager;
import org.jspecify.annotations.Nullable;
import org.memogrid.internal.behind.BehindCore;
import org.memogrid.internal.behind.Share;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One member's part in writing a shared cache behind its writers: feeds a {@link BehindCore}, and
 * writes what that has, on one thread. Thread-safe.
 *
 * <p>Invariants: the core is used under the lock; one thread writes at a time, while {@code busy};
 * what waits for something to be written is let go outside of the lock, when it is.
 *
 * <p>A member that stood still, or is cut off, may order nothing any more while others have written
 * what it has. It writes nothing until all others say that they know it, or the engine has told it
 * what it orders now.
 */
final class SharedBehind {
  private static final Logger LOG = LoggerFactory.getLogger(SharedBehind.class);
  private static final String THREAD = "memogrid-behind";
  private static final long RETRY_MILLIS = 500;
  private static final long STOOD_STILL_NANOS = TimeUnit.SECONDS.toNanos(1);

  /**
   * How long a batch that is not full waits for more, if nobody waits for it: each costs a
   * transaction, and a message to each other member.
   */
  private static final long LINGER_MILLIS = 10;

  /** How long the engine waits with a topology until what waits is written. */
  private static final long PATIENCE_MILLIS = 10_000;

  private final String cache;
  private final Limits limits;
  private final Behinds others;
  private final Object lock = new Object();
  private final BehindCore<ClusterKey, WriteBehind.Change> core;
  private final List<Waiter> waiters = new ArrayList<>();
  private final Map<String, Integer> since = new HashMap<>();
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Semaphore urgent = new Semaphore(0);
  private volatile WriteBehind.@Nullable Writing to;
  private volatile @Nullable BlockingManager threads;
  private volatile boolean cut;
  private boolean busy;
  private long movedAt;
  private volatile String place = "the store";

  /**
   * How much waits.
   *
   * @param queue how many keys, before writers do
   * @param batch how many are written at once
   */
  record Limits(int queue, int batch) {}

  private record Waiter(BooleanSupplier over, CompletableFuture<Void> done) {}

  /**
   * @param cache the engine's name of it
   */
  SharedBehind(String cache, Limits limits, KeyPartitioner placement, Behinds others) {
    this.cache = cache;
    this.limits = limits;
    this.others = others;
    this.core = new BehindCore<>(placement::getSegment);
  }

  /**
   * Nothing is written before.
   *
   * @param place what the log calls that
   */
  void start(String place, WriteBehind.Writing to, BlockingManager threads) {
    this.place = place;
    this.to = to;
    this.threads = threads;
  }

  // ---- changes

  /** Done when the change of a key that this member orders may be confirmed. */
  CompletionStage<Void> write(Map<ClusterKey, WriteBehind.Change> changes) {
    CompletableFuture<Void> done;
    synchronized (lock) {
      long number = core.change(changes);
      done =
          number > 0
              ? when(() -> core.isConfirmed(number))
              : when(() -> core.left() <= limits.queue());
      if (core.left() >= limits.batch()) {
        urgent.release();
      }
    }
    begin();
    return done;
  }

  /** Another orders these, and this member is an owner. */
  void keep(Map<ClusterKey, WriteBehind.Change> changes) {
    synchronized (lock) {
      core.keep(changes);
    }
    begin();
  }

  /** Another has written these, which it orders by that topology. */
  void told(int topology, Map<ClusterKey, WriteBehind.Change> written) {
    synchronized (lock) {
      core.told(topology, written);
    }
  }

  /** What will be written for a key; null if nothing is known to wait. */
  WriteBehind.@Nullable Change waitsFor(ClusterKey key) {
    synchronized (lock) {
      return core.waitsFor(key);
    }
  }

  /** Done when all that waits here now is written. */
  CompletableFuture<Void> whenWritten() {
    synchronized (lock) {
      long last = core.last();
      return when(() -> core.isWritten(last));
    }
  }

  /** Done when what waits on any member now is written; fails if that takes too long. */
  CompletionStage<Void> writeEverywhere() {
    return others.writeEverywhere(cache);
  }

  void cleared() {
    synchronized (lock) {
      core.cleared();
    }
  }

  /** For tests: how many changes are kept or wait here. */
  int known() {
    synchronized (lock) {
      return core.known();
    }
  }

  /** Under the lock. */
  private CompletableFuture<Void> when(BooleanSupplier over) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    if (over.getAsBoolean()) {
      done.complete(null);
    } else {
      waiters.add(new Waiter(over, done));
      urgent.release();
    }
    return done;
  }

  private void release() {
    List<CompletableFuture<Void>> over = new ArrayList<>();
    synchronized (lock) {
      Iterator<Waiter> each = waiters.iterator();
      while (each.hasNext()) {
        Waiter waiter = each.next();
        if (waiter.over.getAsBoolean()) {
          each.remove();
          over.add(waiter.done);
        }
      }
    }
    over.forEach(done -> done.complete(null));
  }

  // ---- topologies

  /**
   * Before the engine uses a topology, which waits until this is done.
   *
   * @param members the ids of those that are in it
   */
  CompletionStage<Void> onTopology(Share next, Set<String> members) {
    CompletableFuture<Void> written;
    long last;
    synchronized (lock) {
      last = core.last();
      boolean waits = core.prepare(next) && !cut && others.isIn(members);
      written = waits ? when(() -> core.isWritten(last)) : CompletableFuture.completedFuture(null);
    }
    if (written.isDone()) {
      layout(next, members);
      return CompletableFuture.completedFuture(null);
    }
    return written
        .completeOnTimeout(null, PATIENCE_MILLIS, TimeUnit.MILLISECONDS)
        .thenRunAsync(
            () -> {
              giveUpUnless(last);
              layout(next, members);
            },
            requireNonNull(threads, "something waits").asExecutor(THREAD));
  }

  private void giveUpUnless(long written) {
    synchronized (lock) {
      if (!core.isWritten(written)) {
        core.giveUp();
      }
    }
  }

  private void layout(Share next, Set<String> members) {
    int moved;
    synchronized (lock) {
      since.keySet().retainAll(members);
      members.forEach(member -> since.putIfAbsent(member, next.number()));
      moved = core.layout(next);
    }
    if (moved > 0 && !cut && others.isIn(members)) { // else others have gone on with what they kept
      LOG.error(
          "cache '{}': {} changes were not written to {} when other members began to order their"
              + " keys; they are lost there unless one of those was an owner before",
          name(),
          moved,
          place);
    }
    release();
    begin();
  }

  /** The first topology since which this member has always seen that one among the members. */
  int since(String member) {
    synchronized (lock) {
      return since.getOrDefault(member, Integer.MAX_VALUE);
    }
  }

  private String name() {
    return Incarnation.cacheName(cache);
  }

  /**
   * @param cut whether this member is on a side of a split that refuses
   */
  void onCut(boolean cut) {
    this.cut = cut;
  }

  // ---- writing

  private void begin() {
    BlockingManager running = threads;
    synchronized (lock) {
      if (busy || running == null || core.left() == 0) {
        return;
      }
      busy = true;
      movedAt = System.nanoTime();
    }
    var unused = running.runBlocking(this::writeAll, THREAD);
  }

  private void writeAll() {
    while (true) {
      linger();
      boolean idle;
      synchronized (lock) {
        idle = core.take(limits.batch()).isEmpty();
        busy = !idle;
      }
      release();
      if (idle) {
        return; // who has begun meanwhile has a thread of its own
      }
      if (!writeSome()) {
        synchronized (lock) {
          busy = false;
        }
        release();
        return;
      }
    }
  }

  private void linger() {
    synchronized (lock) {
      if (core.left() == 0 || core.left() >= limits.batch() || !waiters.isEmpty()) {
        return;
      }
      var unused = urgent.drainPermits();
    }
    try {
      var unused = urgent.tryAcquire(LINGER_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether it was written; not if the cache has closed before. */
  private boolean writeSome() {
    boolean refused = false;
    while (true) {
      boolean last = closing.getCount() == 0;
      try {
        if (mayWrite()) {
          writeNow();
          if (refused) {
            LOG.info("cache '{}': {} takes what waited for it", name(), place);
          }
          return true;
        }
      } catch (Exception | Error e) { // else nobody would go on with what waits
        if (!refused) {
          LOG.warn(
              "cache '{}': {} does not take what is written behind; trying again until it does",
              name(),
              place,
              e);
        }
        refused = true;
      }
      if (last) {
        giveUp();
        return false;
      }
      awaitNextTry();
    }
  }

  private void writeNow() throws Exception {
    Map<ClusterKey, WriteBehind.Change> now;
    synchronized (lock) {
      now = core.take(limits.batch()); // what others order by now is not in it
    }
    if (!now.isEmpty()) {
      requireNonNull(to, "started").write(now);
    }
    Map<ClusterKey, WriteBehind.Change> told;
    int topology;
    synchronized (lock) {
      told = core.written();
      topology = core.topology();
    }
    others.written(cache, topology, told);
  }

  private boolean mayWrite() {
    if (cut) {
      return false;
    }
    boolean stood = System.nanoTime() - movedAt > STOOD_STILL_NANOS;
    if (stood && !isAmongOthers()) {
      return false;
    }
    movedAt = System.nanoTime();
    return !cut;
  }

  /** Not if one of them has gone on without this member, though that may be back by now. */
  private boolean isAmongOthers() {
    int topology;
    Set<String> members;
    synchronized (lock) {
      topology = core.topology();
      members = Set.copyOf(since.keySet());
    }
    return others.isAmong(members, cache, topology);
  }

  private void giveUp() {
    int left;
    synchronized (lock) {
      left = core.left();
    }
    if (left == 0) {
      return;
    }
    if (others.isAlone()) {
      LOG.error(
          "cache '{}': {} did not take {} changes before the cache was closed: they are lost",
          name(),
          place,
          left);
    } else {
      LOG.warn(
          "cache '{}': {} did not take {} changes before this member left: the other owners of"
              + " their keys write them",
          name(),
          place,
          left);
    }
  }

  private void awaitNextTry() {
    try {
      var unused = closing.await(RETRY_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) { // who interrupts these threads ends them
      closing.countDown();
      Thread.currentThread().interrupt();
    }
  }

  // ---- the end

  /** This member is about to leave: nothing is confirmed any more that is not written. */
  void leave() {
    synchronized (lock) {
      core.leave();
    }
  }

  /** What waits is not to be written: the cache was destroyed. */
  void discard() {
    synchronized (lock) {
      var unused = core.layout(Share.NONE);
    }
    release();
  }

  /** Done when what waits was written, or tried once more. */
  CompletionStage<Void> stop() {
    closing.countDown();
    urgent.release();
    synchronized (lock) {
      return when(() -> !busy);
    }
  }
}
