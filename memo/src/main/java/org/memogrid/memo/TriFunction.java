/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

/** A function of three arguments, as {@link java.util.function.BiFunction} is one of two. */
@FunctionalInterface
public interface TriFunction<A, B, C, V> {
  /** The function's result. */
  V apply(A a, B b, C c);
}
