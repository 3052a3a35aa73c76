/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What callers of one key on one member wait for together; see {@link FlightTable}. */
final class Flight {
  enum State {
    WAITING,
    RUNNING,
    ANSWERED
  }

  long request;
  final Object key;
  final @Nullable Object seen;
  final Set<Object> callers = new LinkedHashSet<>();
  State state = State.WAITING;
  boolean isOpen = true;
  @Nullable Token token;
  @Nullable Value answer;

  /**
   * @param seen null, or the entry to be replaced
   */
  Flight(long request, Object key, @Nullable Object seen) {
    this.request = request;
    this.key = key;
    this.seen = seen;
  }
}
