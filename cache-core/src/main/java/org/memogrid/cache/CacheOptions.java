/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cache;

import java.time.Duration;
import java.util.Objects;
import java.util.function.ToIntBiFunction;
import org.jspecify.annotations.Nullable;

/**
 * How a cache keeps its entries. Immutable: each method answers a copy with one thing changed. All
 * members that open a cache of one name must give equal options.
 *
 * <pre>{@code
 * CacheOptions.of(Mode.DISTRIBUTED).timeToLive(Duration.ofMinutes(5)).maxEntries(10_000)
 * }</pre>
 */
public final class CacheOptions {
  /** What a cache with {@link #maxEntries} does with a new key when it is full. */
  public enum WhenFull {
    /** Lets go of an entry that is little used. The default. */
    EVICT,
    /** Throws {@link CacheFullException}; entries that are there may still be replaced. */
    REFUSE
  }

  private static final int DEFAULT_OWNERS = 2;
  private static final Duration SHORTEST_NEAR_AGE = Duration.ofMillis(100);

  private final Mode mode;
  private final @Nullable Duration timeToLive;
  private final @Nullable Duration maxIdle;
  private final long maxEntries;
  private final WhenFull whenFull;
  private final long maxWeight;
  private final @Nullable ToIntBiFunction<Object, Object> weigher;
  private final int owners;
  private final boolean async;
  private final @Nullable Persist persist;
  private final long nearCacheMaxEntries;
  private final @Nullable Duration nearCacheMaxAge;
  private final @Nullable Locking locking;
  private final boolean recoverable;
  private final Expiry expiry;

  private CacheOptions(Draft draft) {
    this.mode = draft.mode;
    this.timeToLive = draft.timeToLive;
    this.maxIdle = draft.maxIdle;
    this.maxEntries = draft.maxEntries;
    this.whenFull = draft.whenFull;
    this.maxWeight = draft.maxWeight;
    this.weigher = draft.weigher;
    this.owners = draft.owners;
    this.async = draft.async;
    this.persist = draft.persist;
    this.nearCacheMaxEntries = draft.nearCacheMaxEntries;
    this.nearCacheMaxAge = draft.nearCacheMaxAge;
    this.locking = draft.locking;
    this.recoverable = draft.recoverable;
    this.expiry =
        timeToLive == null && maxIdle == null
            ? Expiry.NEVER
            : new Expiry.Limits(timeToLive, maxIdle);
  }

  /** Entries without expiry or limit; in {@link Mode#DISTRIBUTED} with two owners each. */
  public static CacheOptions of(Mode mode) {
    return new CacheOptions(new Draft(Objects.requireNonNull(mode, "mode")));
  }

  /**
   * Serves an entry for {@code timeToLive} after its write, unless the write says otherwise.
   *
   * @throws IllegalArgumentException if it is below one millisecond
   */
  public CacheOptions timeToLive(Duration timeToLive) {
    Draft draft = new Draft(this);
    draft.timeToLive = Expiry.ttl(Objects.requireNonNull(timeToLive, "timeToLive")).timeToLive();
    return new CacheOptions(draft);
  }

  /**
   * Serves an entry until {@code maxIdle} has passed without a read of it anywhere (in {@link
   * Mode#INVALIDATED}: on the member that holds it), unless the write says otherwise. It goes
   * between {@code maxIdle} and 1.25 times {@code maxIdle} after its last read.
   *
   * @throws IllegalArgumentException if it is below one millisecond
   */
  public CacheOptions maxIdle(Duration maxIdle) {
    Draft draft = new Draft(this);
    draft.maxIdle = Expiry.idle(Objects.requireNonNull(maxIdle, "maxIdle")).maxIdle();
    return requireTransactable(draft);
  }

  /**
   * Keeps at most this many entries on each member, whoever owns them.
   *
   * <p>The limit is one of each member's own memory: a {@linkplain Mode#DISTRIBUTED distributed}
   * cache of {@code m} members and two owners holds up to {@code m * maxEntries / 2} entries, less
   * if the keys are spread unevenly. With {@link WhenFull#EVICT} each owner chooses by itself what
   * it lets go, so one owner may still have what the other has evicted, and {@code putIfAbsent} may
   * succeed although an entry was stored before.
   *
   * @throws IllegalArgumentException if it is below 1, or if {@link #maxWeight} is set
   */
  public CacheOptions maxEntries(long maxEntries) {
    if (maxEntries < 1) {
      throw new IllegalArgumentException("maxEntries is " + maxEntries + ": give at least 1");
    }
    requireOneLimit(maxWeight == 0);
    Draft draft = new Draft(this);
    draft.maxEntries = maxEntries;
    return requireTransactable(draft);
  }

  /** What to do with a new key when {@link #maxEntries} are there. */
  public CacheOptions whenFull(WhenFull whenFull) {
    Draft draft = new Draft(this);
    draft.whenFull = Objects.requireNonNull(whenFull, "whenFull");
    return requirePersistable(draft);
  }

  /**
   * Keeps entries up to this total weight; {@link Mode#LOCAL} only, and always by eviction.
   *
   * @param weigher called on each write, with key and value; must not be negative
   * @throws IllegalArgumentException if the weight is below 1, if {@link #maxEntries} is set, or in
   *     a mode other than LOCAL, where no engine weighs what it holds as objects
   */
  @SuppressWarnings("unchecked") // the weigher meets the cache's own keys and values only
  public <K, V> CacheOptions maxWeight(
      long maxWeight, ToIntBiFunction<? super K, ? super V> weigher) {
    Objects.requireNonNull(weigher, "weigher");
    if (maxWeight < 1) {
      throw new IllegalArgumentException("maxWeight is " + maxWeight + ": give at least 1");
    }
    if (mode != Mode.LOCAL) {
      throw new IllegalArgumentException(
          "maxWeight works in mode LOCAL only, and this is " + mode + ": use maxEntries");
    }
    requireOneLimit(maxEntries == 0);
    Draft draft = new Draft(this);
    draft.maxWeight = maxWeight;
    draft.weigher = (ToIntBiFunction<Object, Object>) (ToIntBiFunction<?, ?>) weigher;
    return requirePersistable(draft);
  }

  /**
   * How many members hold each entry, where so many are there; 2 unless set.
   *
   * @throws IllegalArgumentException if it is below 1, or in a mode other than DISTRIBUTED
   */
  public CacheOptions owners(int owners) {
    if (owners < 1) {
      throw new IllegalArgumentException("owners is " + owners + ": give at least 1");
    }
    if (mode != Mode.DISTRIBUTED) {
      throw new IllegalArgumentException(
          "owners works in mode DISTRIBUTED only, and this is " + mode + ": leave it out");
    }
    Draft draft = new Draft(this);
    draft.owners = owners;
    return new CacheOptions(draft);
  }

  /**
   * Lets a write return before the other owners have it (in {@link Mode#INVALIDATED}: before the
   * other members let go of theirs). A member that dies may take such writes with it, another
   * member may read the old value for a while, and the owners of an entry that two members write at
   * the same time agree only after the next write.
   *
   * @throws IllegalArgumentException in mode LOCAL, where nothing is sent
   */
  public CacheOptions async() {
    if (mode == Mode.LOCAL) {
      throw new IllegalArgumentException("async has no meaning in mode LOCAL: leave it out");
    }
    Draft draft = new Draft(this);
    draft.async = true;
    return requirePersistable(draft);
  }

  /**
   * Keeps the entries on the disks of their owners, or in a database too, so that they are there
   * when the process comes back, or the whole cluster. Keys and values must be encodable then, and
   * equal keys alike. In LOCAL also {@linkplain Persist#with wherever the program keeps its data},
   * as objects.
   *
   * <p>In {@link Mode#REPLICATED} and {@link Mode#DISTRIBUTED} the cluster must have joined with
   * {@code Partitions.CONSISTENT}. A table is shared by all members, by the name of a data source
   * that each of them has; files each member has of its own.
   *
   * @throws IllegalArgumentException in a shared mode with a URL or an object, with {@link #async}
   *     and with what is done once, when a cache opens; in {@link Mode#INVALIDATED}, whose members
   *     do not agree on the order of writes; with {@link #maxWeight}; and with {@link
   *     WhenFull#REFUSE}, since the store takes what memory has no room for
   */
  public CacheOptions persist(Persist persist) {
    Draft draft = new Draft(this);
    draft.persist = Objects.requireNonNull(persist, "persist");
    return requirePersistable(draft);
  }

  /**
   * Keeps a copy of each entry that this member reads from another beside this member, and serves
   * it to later reads here without a message, for at most {@code maxAge}; {@link Mode#DISTRIBUTED}
   * only. What a member owns it reads at home anyway, and there no copy is ever old.
   *
   * <p>What is read from a copy was there at some moment of the last {@code maxAge}, which counts
   * from the beginning of the read that brought it: a write of <i>another</i> member may be seen
   * that much later here, also by a listener that was told of it. A write of this member is seen by
   * every read here that begins after it (with {@link #async}: as the write itself is). A copy is
   * not read after its entry's end, and reading it counts as a use. Copies go when members come or
   * leave. Only {@code get}, {@code getAll} and {@code containsKey} read them: {@code update}, what
   * is written on a condition, and what returns the value before ask the owners. That a key has no
   * entry is not copied.
   *
   * <p>An owner that evicts sees of such reads only those that reach it: one in {@code maxAge} from
   * each member.
   *
   * @param maxEntries how many copies a member has at most; when there are more, little used ones
   *     go
   * @param maxAge how old what is read may be; at least 100 ms, since the clock that it is judged
   *     by moves every 10 ms
   * @throws IllegalArgumentException if {@code maxEntries} is below 1, if {@code maxAge} is below
   *     100 ms, or in a mode other than DISTRIBUTED, where a member reads nothing from others
   */
  public CacheOptions nearCache(long maxEntries, Duration maxAge) {
    Objects.requireNonNull(maxAge, "maxAge");
    if (maxEntries < 1) {
      throw new IllegalArgumentException(
          "maxEntries of nearCache is " + maxEntries + ": give at least 1");
    }
    if (maxAge.compareTo(SHORTEST_NEAR_AGE) < 0) {
      throw new IllegalArgumentException(
          "maxAge of nearCache is " + maxAge + ": give at least " + SHORTEST_NEAR_AGE);
    }
    if (mode != Mode.DISTRIBUTED) {
      throw new IllegalArgumentException(
          "nearCache works in mode DISTRIBUTED only, and this is "
              + mode
              + ": leave it out, members read what they hold themselves");
    }
    Draft draft = new Draft(this);
    draft.nearCacheMaxEntries = maxEntries;
    draft.nearCacheMaxAge = maxAge;
    return requireTransactable(draft);
  }

  /**
   * Lets {@link Transactions} and JTA have several writes of this cache and others take effect
   * together or not at all; in every mode but {@link Mode#INVALIDATED}. What a call outside of a
   * transaction does is a transaction of its own. In {@link Mode#LOCAL}, too, keys must be
   * encodable then.
   *
   * <p>Reads outside of transactions take no lock and never wait. They pass the engine, which costs
   * more than a near read.
   *
   * @throws IllegalArgumentException in mode INVALIDATED, where no two members hold one entry; with
   *     {@link #async}, since a commit must have reached the owners; with {@link #maxIdle}, since
   *     each use would be a write that others' transactions meet; with {@link #maxEntries} and
   *     {@link #maxWeight}, since an owner would let go of what transactions elsewhere rely on; and
   *     with {@link #persist} and {@link #nearCache}, which do not know of transactions
   */
  public CacheOptions transactional(Locking locking) {
    Draft draft = new Draft(this);
    draft.locking = Objects.requireNonNull(locking, "locking");
    return requireTransactable(draft);
  }

  /**
   * Keeps what a transaction has prepared of this cache on all members until its manager has ended
   * it. If the member that runs it is lost meanwhile, the manager's recovery commits it or rolls it
   * back, as in the databases beside it, through {@link Transactions#recovery}; the manager must be
   * one of the program's that writes a log ({@code ClusterBuilder.transactionManager}), and come
   * back with it. Until then nobody can write what that transaction had touched, nor read it in a
   * transaction: who tries is told which it is. {@link Transactions#inDoubt} shows those, and ends
   * them by hand.
   *
   * <p>It is kept in memory: while a member of the cluster is there that was there when it was
   * prepared. It costs a write to all members in the prepare and another in the commit; a
   * transaction of one cache alone commits in one phase, prepares nothing, and pays nothing for it.
   *
   * @throws IllegalArgumentException without {@link #transactional}, and in mode LOCAL, whose
   *     entries are lost with their process
   */
  public CacheOptions recoverable() {
    if (locking == null) {
      throw new IllegalArgumentException(
          "recoverable is of transactions: give transactional(...) before it");
    }
    if (mode == Mode.LOCAL) {
      throw new IllegalArgumentException(
          "recoverable does not work in mode LOCAL: when the process is lost nobody has what it"
              + " prepared; use REPLICATED or DISTRIBUTED");
    }
    Draft draft = new Draft(this);
    draft.recoverable = true;
    return new CacheOptions(draft);
  }

  private static CacheOptions requireTransactable(Draft draft) {
    if (draft.locking != null) {
      requireWithTransactions(
          draft.mode != Mode.INVALIDATED,
          "in mode INVALIDATED",
          "no two members hold one entry there; use REPLICATED or DISTRIBUTED");
      requireWithTransactions(
          !draft.async, "with async", "a commit returns when the owners have it; leave async out");
      requireWithTransactions(
          draft.maxIdle == null,
          "with maxIdle",
          "each use would be a write that others' transactions meet; use timeToLive");
      requireWithTransactions(
          draft.maxEntries == 0 && draft.weigher == null,
          "with maxEntries or maxWeight",
          "an owner would let go of what transactions elsewhere rely on; use timeToLive");
      requireWithTransactions(
          draft.persist == null,
          "with persist",
          "neither files nor tables are part of a transaction");
      requireWithTransactions(
          draft.nearCacheMaxAge == null,
          "with nearCache",
          "a transaction must not read what may be old");
    }
    return new CacheOptions(draft);
  }

  private static void requireWithTransactions(boolean possible, String what, String why) {
    if (!possible) {
      throw new IllegalArgumentException("transactional does not work " + what + ": " + why);
    }
  }

  private static CacheOptions requirePersistable(Draft draft) {
    if (draft.persist != null) {
      if (draft.mode != Mode.LOCAL) {
        draft.persist.requireShareable(draft.mode, draft.async);
      }
      if (draft.weigher != null) {
        throw new IllegalArgumentException(
            "persist does not work with maxWeight: limit the memory with maxEntries");
      }
      if (draft.whenFull == WhenFull.REFUSE) {
        throw new IllegalArgumentException(
            "persist does not work with REFUSE: the disk takes what memory has no room for; use"
                + " EVICT");
      }
    }
    return requireTransactable(draft);
  }

  private static void requireOneLimit(boolean only) {
    if (!only) {
      throw new IllegalArgumentException("a cache has maxEntries or maxWeight: leave one out");
    }
  }

  public Mode mode() {
    return mode;
  }

  /** What an entry gets whose write says nothing. */
  public Expiry expiry() {
    return expiry;
  }

  /** 0 if there is no limit. */
  public long maxEntries() {
    return maxEntries;
  }

  public WhenFull whenFull() {
    return whenFull;
  }

  /** 0 if there is no limit. */
  public long maxWeight() {
    return maxWeight;
  }

  /** Null if there is no {@link #maxWeight()}. */
  public @Nullable ToIntBiFunction<Object, Object> weigher() {
    return weigher;
  }

  public int owners() {
    return owners;
  }

  public boolean isAsync() {
    return async;
  }

  /** Null if the entries are in memory alone. */
  public @Nullable Persist persist() {
    return persist;
  }

  /** 0 if there is no {@link #nearCache}. */
  public long nearCacheMaxEntries() {
    return nearCacheMaxEntries;
  }

  /** Null if there is no {@link #nearCache}. */
  public @Nullable Duration nearCacheMaxAge() {
    return nearCacheMaxAge;
  }

  /** Null if the cache is not {@link #transactional}. */
  public @Nullable Locking locking() {
    return locking;
  }

  /** Whether {@link #recoverable()} was asked for. */
  public boolean isRecoverable() {
    return recoverable;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof CacheOptions that
        && mode == that.mode
        && Objects.equals(timeToLive, that.timeToLive)
        && Objects.equals(maxIdle, that.maxIdle)
        && maxEntries == that.maxEntries
        && whenFull == that.whenFull
        && maxWeight == that.maxWeight
        && Objects.equals(weigher, that.weigher)
        && owners == that.owners
        && async == that.async
        && Objects.equals(persist, that.persist)
        && nearCacheMaxEntries == that.nearCacheMaxEntries
        && Objects.equals(nearCacheMaxAge, that.nearCacheMaxAge)
        && locking == that.locking
        && recoverable == that.recoverable;
  }

  @Override
  public int hashCode() {
    return Objects.hash(
        mode,
        timeToLive,
        maxIdle,
        maxEntries,
        whenFull,
        maxWeight,
        weigher,
        owners,
        async,
        persist,
        nearCacheMaxEntries,
        nearCacheMaxAge,
        locking,
        recoverable);
  }

  /** What is not as {@link #of} makes it. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(mode.toString());
    if (timeToLive != null) {
      text.append(" timeToLive=").append(timeToLive);
    }
    if (maxIdle != null) {
      text.append(" maxIdle=").append(maxIdle);
    }
    if (maxEntries != 0) {
      text.append(" maxEntries=").append(maxEntries);
    }
    if (whenFull != WhenFull.EVICT) {
      text.append(" whenFull=").append(whenFull);
    }
    if (maxWeight != 0) {
      text.append(" maxWeight=").append(maxWeight);
    }
    if (owners != DEFAULT_OWNERS) {
      text.append(" owners=").append(owners);
    }
    if (async) {
      text.append(" async");
    }
    if (persist != null) {
      text.append(" persist=").append(persist);
    }
    if (nearCacheMaxAge != null) {
      text.append(" nearCache=").append(nearCacheMaxEntries).append('/').append(nearCacheMaxAge);
    }
    if (locking != null) {
      text.append(" transactional=").append(locking);
    }
    if (recoverable) {
      text.append(" recoverable");
    }
    return text.toString();
  }

  /** The fields while one of them changes. */
  private static final class Draft {
    private final Mode mode;
    private @Nullable Duration timeToLive;
    private @Nullable Duration maxIdle;
    private long maxEntries;
    private WhenFull whenFull = WhenFull.EVICT;
    private long maxWeight;
    private @Nullable ToIntBiFunction<Object, Object> weigher;
    private int owners = DEFAULT_OWNERS;
    private boolean async;
    private @Nullable Persist persist;
    private long nearCacheMaxEntries;
    private @Nullable Duration nearCacheMaxAge;
    private @Nullable Locking locking;
    private boolean recoverable;

    Draft(Mode mode) {
      this.mode = mode;
    }

    Draft(CacheOptions from) {
      this.mode = from.mode;
      this.timeToLive = from.timeToLive;
      this.maxIdle = from.maxIdle;
      this.maxEntries = from.maxEntries;
      this.whenFull = from.whenFull;
      this.maxWeight = from.maxWeight;
      this.weigher = from.weigher;
      this.owners = from.owners;
      this.async = from.async;
      this.persist = from.persist;
      this.nearCacheMaxEntries = from.nearCacheMaxEntries;
      this.nearCacheMaxAge = from.nearCacheMaxAge;
      this.locking = from.locking;
      this.recoverable = from.recoverable;
    }
  }
}
