/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.store;

import java.time.Duration;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Expiry;

/** Durations as the envelope counts them. */
public final class Millis {
  /** Ten thousand years: enough for any entry, and sums of it with the clock don't overflow. */
  private static final Duration LONGEST = Duration.ofDays(3_650_000);

  private Millis() {}

  /** The same entry, with the end that it gets if it is written now. */
  public static Envelope ending(Envelope envelope, Expiry expiry, InstantSource clock) {
    if (expiry.timeToLive() == null && expiry.maxIdle() == null) {
      return envelope; // without a look at the clock, which most writes need not pay for
    }
    long now = clock.millis();
    long ttl = of(expiry.timeToLive());
    return envelope.expiring(ttl == 0 ? Envelope.NEVER : now + ttl, of(expiry.maxIdle()), now);
  }

  /** 0 for none. */
  private static long of(@Nullable Duration duration) {
    if (duration == null) {
      return 0;
    }
    return (duration.compareTo(LONGEST) > 0 ? LONGEST : duration).toMillis();
  }
}
