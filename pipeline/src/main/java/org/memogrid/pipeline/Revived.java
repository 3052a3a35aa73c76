/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Deaths that are no end any more, because their dead letters are put back. Not thread-safe.
 *
 * <p>Who tells of them may be late: 1. a message becomes a dead letter; 2. somebody sees it, has
 * all members forget how its value ended, and puts it back; 3. the member that dispatches the step
 * tells of the death.
 */
final class Revived {
  /** By then whoever tells of one has told. */
  private static final long MILLIS = 120_000;

  private final Map<Death, Long> deaths = new LinkedHashMap<>();

  void add(Death death, long now) {
    deaths.remove(death);
    deaths.put(death, now + MILLIS);
  }

  boolean has(Death death) {
    return deaths.containsKey(death);
  }

  void expire(long now) {
    for (Iterator<Long> ends = deaths.values().iterator(); ends.hasNext(); ) {
      if (ends.next() > now) {
        return;
      }
      ends.remove();
    }
  }

  /** When something expires next. */
  long nextExpiry() {
    return deaths.isEmpty() ? Long.MAX_VALUE : deaths.values().iterator().next();
  }
}
