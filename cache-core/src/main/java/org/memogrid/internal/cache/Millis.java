/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.cache;

import java.time.Duration;

/** Durations as the envelope counts them. */
final class Millis {
  /** Ten thousand years: enough for any entry, and sums of it with the clock don't overflow. */
  private static final Duration LONGEST = Duration.ofDays(3_650_000);

  private Millis() {}

  static long of(Duration duration) {
    return (duration.compareTo(LONGEST) > 0 ? LONGEST : duration).toMillis();
  }
}
