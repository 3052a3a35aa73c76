/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static java.util.Objects.requireNonNull;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * A memo of a function of three arguments: {@link Memo} in other words, with its contract. The key
 * is an {@link Args3}. Thread-safe.
 */
public final class Memo3<A, B, C, V> implements TriFunction<A, B, C, V>, AutoCloseable {
  private final Memo<Args3<A, B, C>, V> memo;

  private Memo3(Memo<Args3<A, B, C>, V> memo) {
    this.memo = requireNonNull(memo, "memo");
  }

  /** A view of a memo that {@link Memo#builder} made of a function of three arguments. */
  public static <A, B, C, V> Memo3<A, B, C, V> of(Memo<Args3<A, B, C>, V> memo) {
    return new Memo3<>(memo);
  }

  /** {@link Memo#apply}. */
  @Override
  public V apply(A a, B b, C c) {
    return memo.apply(new Args3<>(a, b, c));
  }

  /** {@link Memo#async}. */
  public CompletableFuture<V> async(A a, B b, C c) {
    return memo.async(new Args3<>(a, b, c));
  }

  /** {@link Memo#peek}. */
  public Optional<V> peek(A a, B b, C c) {
    return memo.peek(new Args3<>(a, b, c));
  }

  /** {@link Memo#recompute}. */
  public V recompute(A a, B b, C c) {
    return memo.recompute(new Args3<>(a, b, c));
  }

  /** {@link Memo#seed}. */
  public void seed(A a, B b, C c, V value) {
    memo.seed(new Args3<>(a, b, c), value);
  }

  /** {@link Memo#invalidate}. */
  public void invalidate(A a, B b, C c) {
    memo.invalidate(new Args3<>(a, b, c));
  }

  /** The memo that this is a view of, for all else. */
  public Memo<Args3<A, B, C>, V> memo() {
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
