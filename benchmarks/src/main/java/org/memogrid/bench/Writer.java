/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Something that entries are put into; closing it ends its member.
 *
 * @param put returns when the value is in, and brings no old value where the system has such a call
 */
record Writer(BiConsumer<Integer, Price> put, Function<Integer, @Nullable Price> get, Runnable end)
    implements AutoCloseable {

  @Override
  public void close() {
    end.run();
  }
}
