/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
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

  /**
   * Begins a memo.
   *
   * @param name the same on every member: a member that runs the function finds the others by it
   * @param fn the function; it may call memos, itself included
   */
  static <K, V> MemoBuilder<K, V> builder(String name, Function<? super K, ? extends V> fn) {
    return new MemoBuilder<>(name, fn);
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
   * for the same run don't notice.
   */
  CompletableFuture<V> async(K key);

  /** {@link #apply} for each key; the keys that nobody has are asked for at the same time. */
  Map<K, V> getAll(Collection<? extends K> keys);

  /**
   * What is remembered, without a run and without waiting for one. Empty also for a remembered
   * null.
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
   * Runs {@code write}, then invalidates the key, also if {@code write} fails: a run that overlaps
   * the write is not remembered.
   *
   * @throws Exception what {@code write} throws
   */
  <T> T invalidating(K key, Callable<T> write) throws Exception;

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
