/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static java.util.Objects.requireNonNull;

import java.io.Serializable;

/** Three arguments, as one key. The default codec takes it if it takes all; none may be null. */
public record Args3<A, B, C>(A first, B second, C third) implements Serializable {
  public Args3 {
    requireNonNull(first, "first");
    requireNonNull(second, "second");
    requireNonNull(third, "third");
  }
}
