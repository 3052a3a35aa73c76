/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static java.util.Objects.requireNonNull;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * A memo of a function of no arguments: {@link Memo} in other words, with its contract. The key is
 * a constant of no meaning. Thread-safe.
 */
public final class Memo0<V> implements Supplier<V>, AutoCloseable {
  private static final String KEY = "";

  private final Memo<String, V> memo;

  private Memo0(Memo<String, V> memo) {
    this.memo = requireNonNull(memo, "memo");
  }

  /** A view of a memo that {@link Memo#builder} made of a function of no arguments. */
  public static <V> Memo0<V> of(Memo<String, V> memo) {
    return new Memo0<>(memo);
  }

  /** {@link Memo#apply}. */
  @Override
  public V get() {
    return memo.apply(KEY);
  }

  /** {@link Memo#async}. */
  public CompletableFuture<V> async() {
    return memo.async(KEY);
  }

  /** {@link Memo#peek}. */
  public Optional<V> peek() {
    return memo.peek(KEY);
  }

  /** {@link Memo#recompute}. */
  public V recompute() {
    return memo.recompute(KEY);
  }

  /** {@link Memo#seed}. */
  public void seed(V value) {
    memo.seed(KEY, value);
  }

  /** {@link Memo#invalidate}. */
  public void invalidate() {
    memo.invalidate(KEY);
  }

  /** The memo that this is a view of, for all else. */
  public Memo<String, V> memo() {
    return memo;
  }

  /** {@link Memo#close}. */
  @Override
  public void close() {
    memo.close();
  }

  @Override
  public String toString() {
    return memo.toString();
  }
}
