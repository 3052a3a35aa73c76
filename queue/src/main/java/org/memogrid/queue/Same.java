/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import org.jspecify.annotations.Nullable;

/** An object of the user's by what it is, whatever its {@code equals} says. */
record Same(Object object) {
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Same same && same.object == object;
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(object);
  }
}
