/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import org.jspecify.annotations.Nullable;

/** Something that has all of {@link Readers#KEYS} entries at hand; closing it ends its members. */
interface Reader extends AutoCloseable {
  @Nullable Object get(Integer key);

  @Override
  default void close() {}
}
