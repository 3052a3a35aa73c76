/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.testkit;

import java.io.Serializable;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Functions that can run in another JVM, for lambdas passed to a {@link RemoteCache}. */
public final class Portable {
  private Portable() {}

  public static <T> UnaryOperator<@Nullable T> op(Op<@Nullable T> op) {
    return op;
  }

  public static <A, R extends @Nullable Object> Function<A, R> fn(Fn<A, R> fn) {
    return fn;
  }

  public static <A, B, R extends @Nullable Object> BiFunction<A, B, R> fn2(Fn2<A, B, R> fn) {
    return fn;
  }

  /** A serializable operator. */
  @FunctionalInterface
  public interface Op<T extends @Nullable Object> extends UnaryOperator<T>, Serializable {}

  /** A serializable function. */
  @FunctionalInterface
  public interface Fn<A, R extends @Nullable Object> extends Function<A, R>, Serializable {}

  /** A serializable function of two arguments. */
  @FunctionalInterface
  public interface Fn2<A, B, R extends @Nullable Object>
      extends BiFunction<A, B, R>, Serializable {}
}
