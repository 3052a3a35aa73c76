/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static java.util.Objects.requireNonNull;

import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;

/**
 * A function that remembers, cluster-wide: it runs once per key, and everybody gets the result.
 *
 * <p><b>Contract.</b> At most one unfenced run per key in a stable view. Runs &lt;= 1 + lost
 * leaders + invalidations + expiries + failures. A call that starts after {@code invalidate}
 * returned, on a member of the view, never gets a value of an earlier run. Every call ends,
 * provided functions end. A function must tolerate being run again.
 *
 * <p>What can't be promised: exactly-once effects; one run across a partition or a false suspicion;
 * fresh reads on an excluded member before it learns so. In {@link Mode#INVALIDATED} no value is
 * stored on other members: one run serves all that wait for it, a later caller on a member that has
 * no value runs once there, and {@code invalidate} reaches all. In {@link Mode#LOCAL} all of it
 * holds for this process alone.
 *
 * <p>The caller's thread computes. The callers on the member that computes are answered when the
 * function returns; the result is sent to the key's home behind that answer, so a returned value
 * may not be stored if the member dies just then.
 *
 * <p>A failure reaches everybody who waits for that run and is not remembered: the next call runs
 * again. Callers on the member that ran the function get what it threw; callers elsewhere get a
 * {@link MemoException} that says what and where. A null result is remembered like any other.
 *
 * <p>Keys and results are shared and must not be changed. In all modes but LOCAL they must be
 * encodable by the cluster's codec: what is not is refused at the call. Thread-safe.
 *
 * @param <K> the argument; equal keys must have equal encodings
 * @param <V> the result
 */
public interface Memo<K, V> extends Function<K, V>, AutoCloseable {
  /** {@code Memo.builder(name, fn).mode(mode).build(Cluster.shared())}. */
  static <K, V> Memo<K, V> of(Function<? super K, ? extends V> fn, String name, Mode mode) {
    return Memo.<K, V>builder(name, fn).mode(mode).build(Cluster.shared());
  }

  /** The same for a function of no arguments. */
  static <V> Memo0<V> of(Supplier<? extends V> fn, String name, Mode mode) {
    return Memo0.of(Memo.<V>builder(name, fn).mode(mode).build(Cluster.shared()));
  }

  /** The same for a function of two arguments. */
  static <A, B, V> Memo2<A, B, V> of(
      BiFunction<? super A, ? super B, ? extends V> fn, String name, Mode mode) {
    return Memo2.of(Memo.<A, B, V>builder(name, fn).mode(mode).build(Cluster.shared()));
  }

  /** The same for a function of three arguments. */
  static <A, B, C, V> Memo3<A, B, C, V> of(
      TriFunction<? super A, ? super B, ? super C, ? extends V> fn, String name, Mode mode) {
    return Memo3.of(Memo.<A, B, C, V>builder(name, fn).mode(mode).build(Cluster.shared()));
  }

  /** {@code Memo.builderAsync(name, fn).mode(mode).build(Cluster.shared())}. */
  static <K, V> Memo<K, V> ofAsync(
      Function<? super K, ? extends CompletionStage<? extends V>> fn, String name, Mode mode) {
    return Memo.<K, V>builderAsync(name, fn).mode(mode).build(Cluster.shared());
  }

  /**
   * Begins a memo.
   *
   * @param name the same on every member: a member that runs the function finds the others by it
   * @param fn the function; it may call memos, itself included. If it returns a {@link
   *     CompletionStage}, that is awaited and its value remembered; each call then gets a stage
   *     that is complete. {@link #builderAsync} is for those who would rather have the value.
   */
  static <K, V> MemoBuilder<K, V> builder(String name, Function<? super K, ? extends V> fn) {
    return new MemoBuilder<>(name, fn, false);
  }

  /** Begins a memo of a function of no arguments; {@link Memo0#of} gives it its shape. */
  static <V> MemoBuilder<String, V> builder(String name, Supplier<? extends V> fn) {
    requireNonNull(fn, () -> MemoBuilder.noFunction(name));
    return new MemoBuilder<>(name, key -> fn.get(), false);
  }

  /** Begins a memo of a function of two arguments; {@link Memo2#of} gives it its shape. */
  static <A, B, V> MemoBuilder<Args2<A, B>, V> builder(
      String name, BiFunction<? super A, ? super B, ? extends V> fn) {
    requireNonNull(fn, () -> MemoBuilder.noFunction(name));
    return new MemoBuilder<>(name, args -> fn.apply(args.first(), args.second()), false);
  }

  /** Begins a memo of a function of three arguments; {@link Memo3#of} gives it its shape. */
  static <A, B, C, V> MemoBuilder<Args3<A, B, C>, V> builder(
      String name, TriFunction<? super A, ? super B, ? super C, ? extends V> fn) {
    requireNonNull(fn, () -> MemoBuilder.noFunction(name));
    return new MemoBuilder<>(
        name, args -> fn.apply(args.first(), args.second(), args.third()), false);
  }

  /**
   * Begins a memo of a function that returns a stage: its value is awaited by the thread that runs
   * the function, and remembered. A stage that fails is a run that failed; a run that is stopped
   * cancels its stage, if that is a future.
   */
  static <K, V> MemoBuilder<K, V> builderAsync(
      String name, Function<? super K, ? extends CompletionStage<? extends V>> fn) {
    return new MemoBuilder<>(name, fn, true);
  }

  /** The name it was built with. */
  String name();

  /** Where results live. */
  Mode mode();

  /**
   * The function's result for {@code key}: remembered, awaited if somebody runs it just now, or
   * computed by this thread.
   *
   * @throws NullPointerException if {@code key} is null
   * @throws IllegalArgumentException if the key or the result can't be encoded
   * @throws MemoException if the run failed on another member, if this thread was interrupted while
   *     it waited (the interrupt stays set), or if no answer could be had
   * @throws MemoCycleException if the key's own run, directly or through others, asks for it
   * @throws IllegalStateException if the memo or the cluster is closed, also while it waits
   */
  @Override
  V apply(K key);

  /**
   * As {@link #apply}, without waiting; if this member has to compute, a thread of the memo's own
   * does. The future fails with what {@code apply} throws. Cancelling it leaves: others that wait
   * for the same run don't notice, and if nobody in the cluster is left, the run's thread is
   * interrupted.
   */
  CompletableFuture<V> async(K key);

  /**
   * {@link #apply} for each key; the keys that nobody has are asked for at the same time. Throws
   * what the first of them throws that fails. If a key is refused, nothing has been asked for.
   */
  Map<K, V> getAll(Collection<? extends K> keys);

  /**
   * What is remembered, without a run and without waiting for one; a stale value only as long as
   * calls get it without further ado. Empty also for a remembered null or failure.
   */
  Optional<V> peek(K key);

  /** Forgets the value and any run in flight, then calls: the result of a run begun after this. */
  V recompute(K key);

  /**
   * Remembers a value as if the function had returned it; an older one is forgotten first. If
   * somebody's run begins in between, that one's result stands.
   */
  void seed(K key, V value);

  /**
   * Forgets the value, and any run in flight, everywhere. When it returns, no call that starts on a
   * member of the view gets a value of an earlier run. Callers that were waiting still get theirs.
   *
   * @throws MemoException if it could not be confirmed: it may or may not have happened, call again
   */
  void invalidate(K key);

  /** {@link #invalidate} for all keys, at the price of one message to each member. */
  void invalidateAll();

  /**
   * {@link #invalidate} for all keys whose result has the {@linkplain MemoBuilder#tags tag}, and
   * for those that are being computed, whose tags nobody knows yet. Every member looks through the
   * entries it holds; then each key that was found is invalidated.
   *
   * @throws MemoException as {@link #invalidate}; some of the keys may be invalidated
   */
  void invalidateTag(String tag);

  /**
   * {@link #invalidate} for all keys that the predicate holds of, stored or being computed: {@code
   * prices.invalidateIf(sku -> sku.startsWith("fruit/"))}. All keys are sent to this member, on
   * whose calling thread the predicate runs; it sees normalised keys.
   *
   * @throws MemoException as {@link #invalidate}; some of the keys may be invalidated
   */
  void invalidateIf(Predicate<? super K> predicate);

  /**
   * Runs {@code write}, then invalidates the key, also if {@code write} fails: a run that overlaps
   * the write is not remembered. A key that is refused is refused before the write.
   *
   * @throws Exception what {@code write} throws; if the invalidation fails too, its failure is
   *     suppressed in it
   */
  <T> T invalidating(K key, Callable<T> write) throws Exception;

  /**
   * The names of members that this memo waits for, since they may have later results or know what
   * was invalidated: calls and invalidations wait for 5 seconds, then fail with a {@link
   * MemoException} that names them. Empty but with {@link MemoBuilder#persist} in files.
   */
  Set<String> missing();

  /**
   * Waits no longer for those that are {@link #missing()} now, and forgets all results, since what
   * was invalidated may be known to them alone. A call that is answered between the two may get a
   * result that they know to be invalidated. Does nothing if nobody is missing.
   *
   * @throws MemoException as {@link #invalidateAll}
   */
  void goOnWithoutMissing();

  /** Counts since this handle was built, on this member alone; no message is sent. */
  MemoStats stats();

  /**
   * Closes this member's handle. Waiting callers fail with IllegalStateException; runs in flight
   * end, their callers get the value, and another member's waiter runs in their place. What is
   * remembered stays in the cluster. Closing it again does nothing.
   */
  @Override
  void close();
}
