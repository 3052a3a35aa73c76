/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cache;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * When an entry stops being served: a time to live counted from its write, a maximal idle time
 * counted from its last use, both, or never. Immutable.
 *
 * <pre>{@code
 * Expiry.NEVER
 * Expiry.ttl(Duration.ofMinutes(5))
 * Expiry.idle(Duration.ofMinutes(1))
 * Expiry.ttl(Duration.ofMinutes(5)).idle(Duration.ofMinutes(1))
 * }</pre>
 */
public sealed interface Expiry {
  /** Entries stay until they are removed or evicted. */
  Expiry NEVER = new Limits(null, null);

  /**
   * An entry is served for {@code timeToLive} after its write.
   *
   * @throws IllegalArgumentException if the duration is below one millisecond
   */
  static TimeToLive ttl(Duration timeToLive) {
    return new TimeToLive(timeToLive);
  }

  /**
   * An entry is served until {@code maxIdle} has passed without a use of it.
   *
   * @throws IllegalArgumentException if the duration is below one millisecond
   */
  static Expiry idle(Duration maxIdle) {
    return new Limits(null, maxIdle);
  }

  /** How long after its write an entry is served; null for ever. */
  @Nullable Duration timeToLive();

  /** How long after its last use an entry is served; null for ever. */
  @Nullable Duration maxIdle();

  /** A time to live, to which an idle time may be added. */
  record TimeToLive(Duration timeToLive) implements Expiry {
    public TimeToLive {
      Limits.requireMillisecond("time to live", timeToLive);
    }

    @Override
    public @Nullable Duration maxIdle() {
      return null;
    }

    /**
     * Whichever comes first: this time to live, or {@code maxIdle} without a use.
     *
     * @throws IllegalArgumentException if the duration is below one millisecond
     */
    public Expiry idle(Duration maxIdle) {
      return new Limits(timeToLive, maxIdle);
    }
  }

  /** Any combination of the two limits. */
  record Limits(@Nullable Duration timeToLive, @Nullable Duration maxIdle) implements Expiry {
    public Limits {
      if (timeToLive != null) {
        requireMillisecond("time to live", timeToLive);
      }
      if (maxIdle != null) {
        requireMillisecond("max idle", maxIdle);
      }
    }

    static void requireMillisecond(String name, Duration duration) {
      if (duration.compareTo(Duration.ofMillis(1)) < 0) {
        throw new IllegalArgumentException(
            name + " is " + duration + ": give at least 1 ms, or leave it out for no limit");
      }
    }
  }
}
