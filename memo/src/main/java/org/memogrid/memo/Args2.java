/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static java.util.Objects.requireNonNull;

import java.io.Serializable;

/** Two arguments, as one key. The default codec takes it if it takes both; neither may be null. */
public record Args2<A, B>(A first, B second) implements Serializable {
  public Args2 {
    requireNonNull(first, "first");
    requireNonNull(second, "second");
  }
}
