/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static java.util.Objects.requireNonNull;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;

/**
 * A memo of a function of two arguments: {@link Memo} in other words, with its contract. The key is
 * an {@link Args2}. Thread-safe.
 */
public final class Memo2<A, B, V> implements BiFunction<A, B, V>, AutoCloseable {
  private final Memo<Args2<A, B>, V> memo;

  private Memo2(Memo<Args2<A, B>, V> memo) {
    this.memo = requireNonNull(memo, "memo");
  }

  /** A view of a memo that {@link Memo#builder} made of a function of two arguments. */
  public static <A, B, V> Memo2<A, B, V> of(Memo<Args2<A, B>, V> memo) {
    return new Memo2<>(memo);
  }

  /** {@link Memo#apply}. */
  @Override
  public V apply(A a, B b) {
    return memo.apply(new Args2<>(a, b));
  }

  /** {@link Memo#async}. */
  public CompletableFuture<V> async(A a, B b) {
    return memo.async(new Args2<>(a, b));
  }

  /** {@link Memo#peek}. */
  public Optional<V> peek(A a, B b) {
    return memo.peek(new Args2<>(a, b));
  }

  /** {@link Memo#recompute}. */
  public V recompute(A a, B b) {
    return memo.recompute(new Args2<>(a, b));
  }

  /** {@link Memo#seed}. */
  public void seed(A a, B b, V value) {
    memo.seed(new Args2<>(a, b), value);
  }

  /** {@link Memo#invalidate}. */
  public void invalidate(A a, B b) {
    memo.invalidate(new Args2<>(a, b));
  }

  /** The memo that this is a view of, for all else. */
  public Memo<Args2<A, B>, V> memo() {
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
