/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.ToIntBiFunction;
import java.util.function.UnaryOperator;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Cluster;
import org.memogrid.internal.node.Node;
import org.memogrid.internal.store.Envelope;

/**
 * Collects what a memo is. Every setter checks its argument at once, and a later call replaces an
 * earlier one; what does not go together is refused by {@link #build}. Durations are counted in
 * whole milliseconds by the member's clock. Not thread-safe; may be built more than once.
 *
 * <p>The user's functions that it takes (normaliser, expiry, tags, and so on) run on the threads of
 * the memo's callers and runs, under no lock; what one throws fails that call or run.
 *
 * @param <K> the argument
 * @param <V> the result
 */
public final class MemoBuilder<K, V> {
  static final Duration LONGEST = Duration.ofDays(36_500);

  private final String name;
  private final Plan<K, V> plan;
  private Mode mode = Mode.DISTRIBUTED;
  private String version = "";

  MemoBuilder(String name, Function<? super K, ?> fn, boolean stages) {
    this.name = requireNonNull(name, "name");
    this.plan = new Plan<>(requireNonNull(fn, () -> noFunction(name)), new BatchOptions(name));
    this.plan.stages = stages;
    if (name.isBlank()) {
      throw new IllegalArgumentException(
          "a memo's name is blank: give the same name on all members");
    }
  }

  static String noFunction(String name) {
    return "fn of memo '" + name + "' is null: give the function";
  }

  // ---- what it is

  /** Where results live. Default: {@link Mode#DISTRIBUTED}. */
  @CanIgnoreReturnValue
  public MemoBuilder<K, V> mode(Mode mode) {
    this.mode = requireNonNull(mode, "mode");
    return this;
  }

  /**
   * Tells functions of one name apart: each version has its own runs and results, so members with
   * an old and a new function can share a cluster. Default: none.
   */
  @CanIgnoreReturnValue
  public MemoBuilder<K, V> version(String version) {
    this.version = requireNonNull(version, "version");
    return this;
  }

  /**
   * Maps each argument to the key it shares with others that mean the same; the function is called
   * with the key. Default: the argument itself.
   */
  @CanIgnoreReturnValue
  public MemoBuilder<K, V> key(UnaryOperator<K> normaliser) {
    plan.normaliser = requireNonNull(normaliser, "normaliser");
    return this;
  }

  // ---- how long a result is remembered

  /**
   * How long a result is remembered, from when its key's home has it. Until then, a message after
   * the run, it is answered where it was computed. Default: for ever.
   *
   * @throws IllegalArgumentException if it is below one millisecond
   */
  @CanIgnoreReturnValue
  public MemoBuilder<K, V> timeToLive(Duration timeToLive) {
    plan.timeToLive = millis("timeToLive", timeToLive);
    return this;
  }

  /**
   * How long a result is remembered after its last use: at least this, at most a quarter longer.
   * Default: for ever.
   *
   * @throws IllegalArgumentException if it is below one millisecond
   */
  @CanIgnoreReturnValue
  public MemoBuilder<K, V> maxIdle(Duration maxIdle) {
    plan.maxIdle = millis("maxIdle", maxIdle);
    return this;
  }

  /**
   * How long each result is remembered, in the place of {@link #timeToLive}: zero for not at all
   * (it reaches those who wait for it). A negative one fails the run. Asked once per run, with the
   * key and the result.
   */
  @CanIgnoreReturnValue
  public MemoBuilder<K, V> expiry(BiFunction<? super K, ? super V, Duration> expiry) {
    plan.expiry = requireNonNull(expiry, "expiry");
    return this;
  }

  /**
   * Shortens each time to live by a random part of up to this fraction, so that results computed
   * together do not end together. Default: 0.
   *
   * @throws IllegalArgumentException if it is not from 0 to 1
   */
  @CanIgnoreReturnValue
  public MemoBuilder<K, V> jitter(double fraction) {
    plan.jitter = fraction("jitter", fraction);
    return this;
  }

  /** Whether a null result is remembered like any other. Default: true. */
  @CanIgnoreReturnValue
  public MemoBuilder<K, V> cacheNulls(boolean cacheNulls) {
    plan.cacheNulls = cacheNulls;
    return this;
  }

  /**
   * How long a failure is remembered, empty or zero for not at all: calls meanwhile fail without a
   * run. Those who waited for the run get the failure as ever; later ones a {@link MemoException}
   * with its text. A failure to replace a value that is still there is not remembered. Default: no
   * failure is.
   */
  @CanIgnoreReturnValue
  public MemoBuilder<K, V> cacheFailures(
      Function<? super Throwable, Optional<Duration>> timeToLive) {
    plan.cacheFailures = requireNonNull(timeToLive, "timeToLive");
    return this;
  }

  // ---- how it is renewed

  /**
   * Has a value replaced in the background by the first call that finds it older than this fraction
   * of its time to live; calls get the old value until the new one is there. One run in the
   * cluster, as ever (in {@link Mode#INVALIDATED}, one for each member's own value). Default:
   * never.
   *
   * @throws IllegalArgumentException if it is not between 0 and 1
   */
  @CanIgnoreReturnValue
  public MemoBuilder<K, V> refreshAhead(double fraction) {
    plan.refreshAhead = fraction("refreshAhead", fraction);
    return this;
  }

  /**
   * Has a value replaced in the background with a likelihood that grows towards its end and with
   * the time the function took: the XFetch rule with this beta; above 1 earlier, below 1 later.
   * Default: never.
   *
   * @throws IllegalArgumentException if it is negative or not finite
   */
  @CanIgnoreReturnValue
  public MemoBuilder<K, V> earlyRefresh(double beta) {
    if (!(beta >= 0) || Double.isInfinite(beta)) {
      throw refused("earlyRefresh", beta, "give a finite beta from 0 on, 1 is usual");
    }
    plan.earlyRefresh = beta;
    return this;
  }

  /**
   * For so long after its time to live a value is returned while the first call that finds it so
   * has it replaced in the background. Never after an invalidation that matches it. Default: not.
   *
   * @throws IllegalArgumentException if it is below one millisecond
   */
  @CanIgnoreReturnValue
  public MemoBuilder<K, V> staleWhileRevalidate(Duration stale) {
    plan.staleWhileRevalidate = millis("staleWhileRevalidate", stale);
    return this;
  }

  /**
   * For so long after its time to live a value is returned if the run that is to replace it fails
   * or takes too long. Never after an invalidation that matches it. Default: not.
   *
   * @throws IllegalArgumentException if it is below one millisecond
   */
  @CanIgnoreReturnValue
  public MemoBuilder<K, V> staleIfError(Duration stale) {
    plan.staleIfError = millis("staleIfError", stale);
    return this;
  }

  // ---- how long anything may take

  /**
   * Returns a stale value, if there is one, when the run that is to replace it takes longer; the
   * run goes on. Needs a stale value, so {@link #staleIfError} or {@link #staleWhileRevalidate}.
   * The function runs on a thread of the memo's own. Default: never.
   *
   * @throws IllegalArgumentException if it is below one millisecond
   */
  @CanIgnoreReturnValue
  public MemoBuilder<K, V> softTimeout(Duration timeout) {
    plan.softTimeout = millis("softTimeout", timeout);
    return this;
  }

  /**
   * Fails a run that takes longer with a {@link MemoTimeoutException} for all who wait, and
   * interrupts its thread; what it returns later is ignored. The function runs on a thread of the
   * memo's own. Time that it waits for {@link #maxConcurrent} does not count. Default: never.
   *
   * @throws IllegalArgumentException if it is below one millisecond
   */
  @CanIgnoreReturnValue
  public MemoBuilder<K, V> hardTimeout(Duration timeout) {
    plan.hardTimeout = millis("hardTimeout", timeout);
    return this;
  }

  /**
   * Lets a caller who waits longer fail with a {@link MemoTimeoutException}, alone: the run goes on
   * for the others, and stops if there are none. A caller whose own thread computes is not waiting.
   * Default: never.
   *
   * @throws IllegalArgumentException if it is below one millisecond
   */
  @CanIgnoreReturnValue
  public MemoBuilder<K, V> waitTimeout(Duration timeout) {
    plan.waitTimeout = millis("waitTimeout", timeout);
    return this;
  }

  /** Who hears of a failure. Default: {@link FailurePolicy#SHARE}. */
  @CanIgnoreReturnValue
  public MemoBuilder<K, V> onFailure(FailurePolicy policy) {
    plan.onFailure = requireNonNull(policy, "policy");
    return this;
  }

  // ---- what is forgotten together

  /**
   * Names that results can be {@linkplain Memo#invalidateTag invalidated} by. Asked once per run,
   * with the key and the result. Default: none.
   */
  @CanIgnoreReturnValue
  public MemoBuilder<K, V> tags(
      BiFunction<? super K, ? super V, ? extends Collection<String>> tags) {
    plan.tags = requireNonNull(tags, "tags");
    return this;
  }

  /**
   * Notes which results of memos, this one included, each run reads on its own thread, and what
   * those were made of, if their memos note that too; when one of all these is invalidated, so are
   * the results that were computed from it, before the invalidation returns. Expiry is not
   * followed; in {@link Mode#LOCAL}, nor are invalidations on other members. A result that goes
   * back to more than 256 keys goes with any key of their memos. Each invalidation in the cluster
   * then looks through the entries of this memo. Default: false.
   */
  @CanIgnoreReturnValue
  public MemoBuilder<K, V> trackDependencies(boolean track) {
    plan.trackDependencies = track;
    return this;
  }

  // ---- how much

  /**
   * Keeps at most so many entries on each member and lets go of those little used. Invalidated keys
   * hold a place for a while. An entry that was let go is computed again. Default: no limit.
   *
   * @throws IllegalArgumentException if it is below 1
   */
  @CanIgnoreReturnValue
  public MemoBuilder<K, V> maximumSize(long entries) {
    if (entries < 1) {
      throw refused("maximumSize", entries, "give at least 1, or leave it out for no limit");
    }
    plan.maximumSize = entries;
    return this;
  }

  /**
   * Keeps results up to this total weight; {@link Mode#LOCAL} only, since elsewhere results are
   * held as bytes that no weigher of yours has seen. Default: no limit.
   *
   * @throws IllegalArgumentException if it is below 1
   */
  @CanIgnoreReturnValue
  public MemoBuilder<K, V> maximumWeight(
      long weight, ToIntBiFunction<? super K, ? super V> weigher) {
    if (weight < 1) {
      throw refused("maximumWeight", weight, "give at least 1, or leave it out for no limit");
    }
    plan.maximumWeight = weight;
    plan.weigher = requireNonNull(weigher, "weigher");
    return this;
  }

  /**
   * Runs at most so many functions at a time on this member; others wait for their turn. A run that
   * waits for another run of a memo lends its place meanwhile, so that functions which call memos
   * do not wait for each other's places. Default: no limit.
   *
   * @throws IllegalArgumentException if it is below 1
   */
  @CanIgnoreReturnValue
  public MemoBuilder<K, V> maxConcurrent(int runs) {
    if (runs < 1) {
      throw refused("maxConcurrent", runs, "give at least 1, or leave it out for no limit");
    }
    plan.maxConcurrent = runs;
    return this;
  }

  // ---- what outlives the processes

  /**
   * Keeps results beside the memory, as {@code CacheOptions.persist} does a cache's entries: a
   * result that its key's home has stored is there when all members have ended and come back, with
   * its end and its age, and what was invalidated is not. In {@link Mode#REPLICATED} and {@link
   * Mode#DISTRIBUTED} members that may know better are waited for: {@link Memo#missing()}. Keys and
   * results are encoded in {@link Mode#LOCAL} too. Give another {@link #version} with another
   * function: what an older one computed is still there. Default: results end with the members.
   *
   * @throws IllegalArgumentException with {@code writeBehind}, which an invalidation would not wait
   *     for, or with a loader of your own, which the function is already
   */
  @CanIgnoreReturnValue
  public MemoBuilder<K, V> persist(Persist persist) {
    requireNonNull(persist, "persist");
    if (persist.isOfProgram()) {
      throw refused("persist", persist, "give files or a table; what loads is the function");
    }
    if (persist.queueSize() > 0) {
      throw refused(
          "persist",
          persist,
          "leave writeBehind out: what is invalidated must be so after a restart, too");
    }
    plan.persist = persist;
    return this;
  }

  // ---- where and how the function runs

  /**
   * Runs the function on this executor in the place of the caller's thread. A function that calls
   * memos keeps its thread while it waits: give threads to spare, and use {@link #maxConcurrent}
   * for a limit. If it rejects a run, that run fails. Default: the caller's own thread; for {@link
   * Memo#async}, refreshes and timeouts, threads of the memo's own, as many as are needed.
   */
  @CanIgnoreReturnValue
  public MemoBuilder<K, V> executor(Executor executor) {
    plan.executor = requireNonNull(executor, "executor");
    return this;
  }

  /** Which member runs the function. Default: {@link Placement#CALLER}. */
  @CanIgnoreReturnValue
  public MemoBuilder<K, V> placement(Placement placement) {
    plan.placement = requireNonNull(placement, "placement");
    return this;
  }

  /** {@link #bulk(Function, Consumer)} with batches of up to 100 keys. */
  @CanIgnoreReturnValue
  public MemoBuilder<K, V> bulk(Function<? super Set<K>, ? extends Map<K, ? extends V>> bulk) {
    return bulk(bulk, batch -> {});
  }

  /**
   * Computes many keys in one call: those of {@link Memo#getAll} that this member has to compute,
   * and with {@link BatchOptions#linger} those of single calls too. Each key is still one run in
   * the cluster. A key that the map lacks has the result null; a failure is that of all its keys.
   * The function runs on a thread of the memo's own, with a set that it must not change.
   */
  @CanIgnoreReturnValue
  public MemoBuilder<K, V> bulk(
      Function<? super Set<K>, ? extends Map<K, ? extends V>> bulk, Consumer<BatchOptions> batch) {
    requireNonNull(batch, "batch");
    plan.bulk = requireNonNull(bulk, "bulk");
    plan.batch = new BatchOptions(name);
    batch.accept(plan.batch);
    return this;
  }

  /** Hears what happens on this member. Default: nobody. */
  @CanIgnoreReturnValue
  public MemoBuilder<K, V> listener(MemoListener<? super K> listener) {
    plan.listener = requireNonNull(listener, "listener");
    return this;
  }

  // ---- the end

  /**
   * Opens the memo on this member. If it fails, nothing is registered.
   *
   * @throws IllegalArgumentException if options don't go together
   * @throws IllegalStateException if this process has the memo open already, if the cluster knows
   *     it with other options, or if the cluster is closed
   */
  public Memo<K, V> build(Cluster cluster) {
    requireNonNull(cluster, "cluster");
    requireSense();
    Plan<K, V> built = new Plan<>(plan);
    MemoFeature feature = cluster.unwrap(Node.class).feature(MemoFeature.class);
    MemoId id = new MemoId(name, version, mode);
    MemoNode node = feature.node(id);
    MemoHandle<K, V> memo = new MemoHandle<>(node, feature, built);
    node.attach(memo);
    Definitions definitions = feature.definitions();
    Envelope mine = null;
    try {
      mine = definitions.agree(id, built.shared(mode));
      node.open(built.store(mode));
    } catch (RuntimeException | Error e) {
      definitions.takeBack(id, mine);
      node.detach(memo);
      throw e;
    }
    if (built.trackDependencies) {
      Running.track();
    }
    return memo;
  }

  private void requireSense() {
    boolean mortal = plan.timeToLive > 0 || plan.expiry != null;
    if (plan.ages() && !mortal) {
      throw senseless(
          "refreshAhead, earlyRefresh and stale values", "give a timeToLive or an expiry too");
    }
    if (plan.jitter > 0 && !mortal) {
      throw senseless("jitter", "give a timeToLive or an expiry too");
    }
    if (plan.softTimeout > 0 && plan.staleTime() == 0) {
      throw senseless("softTimeout", "give staleIfError or staleWhileRevalidate too");
    }
    if (plan.weigher != null && (mode != Mode.LOCAL || plan.maximumSize > 0)) {
      throw senseless("maximumWeight", "use it in mode LOCAL, without maximumSize");
    }
    if (plan.persist != null) {
      requirePersistable();
    }
  }

  private void requirePersistable() {
    if (plan.trackDependencies) {
      throw new IllegalArgumentException(
          "memo '"
              + name
              + "': trackDependencies and persist don't go together: after a restart what it was"
              + " computed from may be invalidated before this memo is open, and nobody would find"
              + " its results; leave one out");
    }
    try {
      var unused = plan.store(mode);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("memo '" + name + "': " + e.getMessage(), e);
    }
  }

  private IllegalArgumentException senseless(String what, String remedy) {
    return new IllegalArgumentException(
        "memo '" + name + "': " + what + " can do nothing with these options: " + remedy);
  }

  private double fraction(String what, double value) {
    if (!(value >= 0 && value <= 1)) {
      throw refused(what, value, "give a fraction from 0 to 1");
    }
    return value;
  }

  private long millis(String what, Duration given) {
    Duration duration = requireNonNull(given, what);
    if (duration.compareTo(Duration.ofMillis(1)) < 0) {
      throw refused(what, duration, "give at least 1 ms, or leave it out for no limit");
    }
    if (duration.compareTo(LONGEST) > 0) {
      throw refused(what, duration, "give at most 36500 days, or leave it out for no limit");
    }
    return duration.toMillis();
  }

  private IllegalArgumentException refused(String what, Object value, String remedy) {
    return new IllegalArgumentException(
        "memo '" + name + "': " + what + " is " + value + ": " + remedy);
  }
}
