/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.infinispan.AdvancedCache;
import org.infinispan.commons.tx.XidImpl;
import org.infinispan.context.Flag;
import org.infinispan.manager.EmbeddedCacheManager;
import org.infinispan.remoting.transport.Address;
import org.infinispan.transaction.impl.LocalTransaction;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.InDoubtTransaction;
import org.memogrid.cache.Mode;
import org.memogrid.cache.TransactionConflictException;
import org.memogrid.cluster.Codec;
import org.memogrid.cluster.Member;
import org.memogrid.internal.engine.Prepared.Branch;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Store;
import org.memogrid.internal.store.Topology;
import org.memogrid.internal.store.Versions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the members of a cluster have prepared of recoverable caches, in a store that all of them
 * hold. It is there from before the manager hears that it is prepared until all owners have its
 * end.
 *
 * <p>Invariants: while it is there, nobody else commits what it touches, so to write it once more
 * overwrites nothing. And it is in doubt if its member is lost or has given it up: else that one is
 * about to end it. Thread-safe.
 */
final class InDoubts {
  static final String STORE = "org.memogrid.prepared";
  static final CacheOptions OPTIONS = CacheOptions.of(Mode.REPLICATED);

  private static final Logger LOG = LoggerFactory.getLogger(InDoubts.class);

  /** How long one waits for what another has prepared, whose locks one has: its end is near. */
  private static final long ENDING_NANOS = 1_000_000_000;

  /**
   * For what is in doubt: others who want the key wait for this one's locks, to be told as well.
   */
  private static final long LOST_NANOS = 100_000_000;

  private static final long STEP_NANOS = 1_000_000;

  /** For the locks of a lost member, which the engine may hold for some 6 s. */
  private static final long PATIENCE_NANOS = 12_000_000_000L;

  private static final int SALTS = 64;

  private final EmbeddedCacheManager manager;
  private final Function<Address, Member> members;
  private final EntryMarshaller marshaller;
  private final Codec codec;
  private final InstantSource clock;
  private final MemberTransactions transactions;
  private final Caches caches;
  private final Versions versions = new Versions();

  /** Of this member's, those that it is about to end, by where they are in the store. */
  private final ConcurrentMap<Branch, String> underWay = new ConcurrentHashMap<>();

  /** What threads end by transactions of their own. */
  private final ConcurrentMap<Thread, Branch> ending = new ConcurrentHashMap<>();

  private volatile @Nullable Kept kept;

  /** What it needs of the caches. */
  interface Caches {
    /** The store of all members; null if none has opened it, and it is not to be made. */
    @Nullable Store prepared(boolean make);

    /**
     * A cache by the engine's name; null if it has ended.
     *
     * @throws CacheException if it is to be there and is not on this member
     */
    @Nullable AdvancedCache<ClusterKey, Envelope> running(String engineName);
  }

  /** The store, and the engine's cache below. */
  private record Kept(Store store, AdvancedCache<?, Envelope> cache) {}

  InDoubts(EmbeddedCacheManager manager, ClusterStores.Context context, Caches caches) {
    this.manager = manager;
    this.members = context.members();
    this.marshaller = new EntryMarshaller(context.codec());
    this.codec = context.codec();
    this.clock = context.clock();
    this.transactions = context.transactions();
    this.caches = caches;
  }

  /** Has the store on all members. Before a recoverable cache is opened. */
  void open() {
    var unused = kept(true);
  }

  private @Nullable Kept kept(boolean make) {
    Kept there = kept;
    if (there != null && there.store.isOpen()) {
      return there;
    }
    Store store = caches.prepared(make);
    AdvancedCache<?, Envelope> cache = store == null ? null : engineCache(store);
    Kept now = store == null || cache == null ? null : new Kept(store, cache);
    kept = now;
    return now;
  }

  @SuppressWarnings("unchecked") // of ours
  private static @Nullable AdvancedCache<?, Envelope> engineCache(Store store) {
    return (AdvancedCache<?, Envelope>) store.unwrap(AdvancedCache.class);
  }

  private Store store() {
    return requireNonNull(kept(true), "open").store;
  }

  private Member self() {
    return members.apply(manager.getAddress());
  }

  /** Keeps what a transaction of this member has prepared. */
  void note(Branch branch, LocalTransaction transaction) {
    Prepared prepared = Prepared.of(branch, self(), clock.millis(), transaction);
    Store store = store();
    String place = place(store, branch);
    underWay.put(branch, place);
    store.put(place, Envelope.ofBytes(versions.next(), prepared.write(marshaller)));
  }

  /**
   * Where another member orders the writes, if there is one: of what this member is killed at all
   * others have the same then.
   */
  private String place(Store store, Branch branch) {
    Topology topology = store.topology();
    Member self = self();
    String place = branch.toString();
    for (int salt = 0; salt < SALTS && topology.home(place).equals(self); salt++) {
      place = branch + "/" + salt;
    }
    return place;
  }

  /** All owners have what was prepared, or nobody will. */
  void forget(Branch branch) {
    String place = underWay.get(branch);
    if (place != null) {
      var unused = store().remove(place);
      underWay.remove(branch);
    }
  }

  /** What this member can't end now; whoever is told how it ends does. */
  void giveUp(Branch branch) {
    underWay.remove(branch);
  }

  /** {@link #forget}, and if that fails somebody is told again, since no log has it. */
  void forgetRolledBack(Branch branch) {
    try {
      forget(branch);
    } catch (RuntimeException e) {
      giveUp(branch);
      LOG.warn(
          "transaction {} is rolled back, but what it had prepared is still kept: its manager's"
              + " recovery lets go of it, or Transactions.inDoubt(cluster): {}",
          branch.id(),
          e.getMessage());
      LOG.debug("why {} is still kept", branch, e);
    }
  }

  /**
   * Returns once nobody else has prepared anything of those keys, of which the caller has the
   * engine's locks.
   *
   * @throws HeldInDoubtException if somebody has, and it does not end within a second
   */
  void requireFree(Branch own, Set<ClusterKey> keys) {
    long begun = System.nanoTime();
    while (true) {
      Prepared other = inTheWay(own, keys);
      if (other == null) {
        return;
      }
      boolean lost = isInDoubt(other);
      if (System.nanoTime() - begun > (lost ? LOST_NANOS : ENDING_NANOS)) {
        ClusterKey key = keys.stream().filter(other.touched()::contains).findAny().orElseThrow();
        throw new HeldInDoubtException(heldBy(other, key, lost), key);
      }
      LockSupport.parkNanos(STEP_NANOS);
    }
  }

  private static String heldBy(Prepared other, ClusterKey key, boolean lost) {
    return "cache '"
        + Incarnation.cacheName(other.branch().cache())
        + "': key "
        + TransactionFailure.shown(key)
        + " is held by transaction "
        + other.branch().id()
        + ", which member "
        + other.origin().name()
        + (lost
            ? " had prepared when it was lost, or could not end: have the recovery of its transaction"
                + " manager run, or end it by hand with Transactions.inDoubt(cluster)"
            : " is about to end");
  }

  private @Nullable Prepared inTheWay(Branch own, Set<ClusterKey> keys) {
    for (Prepared each : all()) {
      if (each.branch().cache().equals(own.cache())
          && !each.branch().equals(own)
          && each.touched().stream().anyMatch(keys::contains)) {
        return each;
      }
    }
    return null;
  }

  /**
   * Does nothing if that is still to be ended. Asked with the locks of its keys held: whoever ends
   * it otherwise lets nobody at them before this has written.
   */
  void requireThere(Branch branch) {
    if (!isThere(branch)) {
      throw new CacheException("transaction " + branch.id() + " has been ended by another");
    }
  }

  private boolean isThere(Branch branch) {
    return all().stream().anyMatch(each -> each.branch().equals(branch));
  }

  /** What the thread ends by a transaction of its own; null if nothing. */
  @Nullable Branch endedByThisThread() {
    return ending.get(Thread.currentThread());
  }

  private List<Prepared> all() {
    Kept there = kept(false);
    List<Prepared> all = new ArrayList<>();
    if (there != null) {
      for (var entry : there.cache.getDataContainer()) {
        byte[] bytes = entry.getValue().bytes(codec);
        if (bytes != null) {
          all.add(Prepared.read(bytes, marshaller));
        }
      }
    }
    return all;
  }

  private boolean isInDoubt(Prepared prepared) {
    String origin = prepared.origin().id();
    return origin.equals(self().id())
        ? !underWay.containsKey(prepared.branch())
        : manager.getMembers().stream().noneMatch(each -> Addresses.id(each).equals(origin));
  }

  /** Those that nobody is about to end, the oldest first. */
  List<Prepared> list() {
    return all().stream()
        .filter(this::isInDoubt)
        .sorted(Comparator.comparingLong(Prepared::at))
        .toList();
  }

  /** The same for users. */
  List<InDoubtTransaction> show() {
    return list().stream().<InDoubtTransaction>map(Shown::new).toList();
  }

  /**
   * Ends what is in doubt of that branch; false if nothing is.
   *
   * @throws RuntimeException if that was not possible now
   */
  boolean end(XidImpl xid, boolean commits) {
    List<Prepared> found = list().stream().filter(each -> each.branch().xid().equals(xid)).toList();
    found.forEach(each -> end(each, commits));
    return !found.isEmpty();
  }

  private void end(Prepared prepared, boolean commits) {
    Branch branch = prepared.branch();
    AdvancedCache<ClusterKey, Envelope> cache = caches.running(branch.cache());
    if (commits && cache != null) {
      write(prepared, cache.withFlags(Flag.IGNORE_RETURN_VALUES));
    }
    Kept there = requireNonNull(kept(true), "open");
    for (String place : placesOf(branch, there)) {
      // Of what its member was killed at some may have it and others not: now all have the same.
      there.store.put(place, Envelope.tombstone(versions.next()));
      var unused = there.store.remove(place);
    }
    LOG.info(
        "transaction {}, which member {} had prepared in cache '{}', is {}",
        branch.id(),
        prepared.origin().name(),
        Incarnation.cacheName(branch.cache()),
        commits ? "committed" : "rolled back");
  }

  private List<String> placesOf(Branch branch, Kept there) {
    List<String> places = new ArrayList<>();
    for (var entry : there.cache.getDataContainer()) {
      byte[] bytes = entry.getValue().bytes(codec);
      if (bytes != null && Prepared.read(bytes, marshaller).branch().equals(branch)) {
        places.add((String) ((ClusterKey) entry.getKey()).key());
      }
    }
    return places;
  }

  /** In a transaction of its own, which may have to wait for those who can't commit its keys. */
  private void write(Prepared prepared, AdvancedCache<ClusterKey, Envelope> cache) {
    long begun = System.nanoTime();
    transactions.apart(
        () -> {
          while (true) {
            ending.put(Thread.currentThread(), prepared.branch());
            try {
              var unused = transactions.call(() -> writeAll(prepared.writes(), cache));
              return;
            } catch (TransactionConflictException | CacheException e) {
              if (!isThere(prepared.branch())) {
                return; // another has ended it
              }
              boolean again = e instanceof TransactionConflictException;
              if (!again || System.nanoTime() - begun > PATIENCE_NANOS) {
                throw e;
              }
            } finally {
              ending.remove(Thread.currentThread());
            }
          }
        });
  }

  private boolean writeAll(
      Map<ClusterKey, Optional<Envelope>> writes, AdvancedCache<ClusterKey, Envelope> cache) {
    writes.forEach(
        (key, written) -> {
          if (written.isEmpty()) {
            cache.remove(key);
          } else {
            long lifespan = EngineWrites.lifespan(written.get(), clock.millis());
            cache.put(key, written.get(), lifespan, TimeUnit.MILLISECONDS);
          }
        });
    return true;
  }

  /** One as users see it. */
  private final class Shown implements InDoubtTransaction {
    private final Prepared prepared;

    Shown(Prepared prepared) {
      this.prepared = prepared;
    }

    @Override
    public String id() {
      return prepared.branch().id();
    }

    @Override
    public String cache() {
      return Incarnation.cacheName(prepared.branch().cache());
    }

    @Override
    public String member() {
      return prepared.origin().name();
    }

    @Override
    public Instant preparedAt() {
      return Instant.ofEpochMilli(prepared.at());
    }

    @Override
    public List<String> keys() {
      return prepared.touched().stream()
          .map(key -> String.valueOf(TransactionFailure.shown(key)))
          .sorted()
          .toList();
    }

    @Override
    public void commit() {
      end(true);
    }

    @Override
    public void rollback() {
      end(false);
    }

    private void end(boolean commits) {
      try {
        var unused = InDoubts.this.end(prepared.branch().xid(), commits);
      } catch (CacheException e) {
        throw e;
      } catch (RuntimeException e) {
        throw new CacheException(
            "transaction "
                + id()
                + " of cache '"
                + cache()
                + "' could not be ended now: "
                + e.getMessage()
                + "; try again",
            e);
      }
    }

    @Override
    public String toString() {
      return id() + " of cache '" + cache() + "', prepared by " + member() + " at " + preparedAt();
    }
  }
}
