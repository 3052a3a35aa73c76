/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import java.io.Closeable;
import java.io.IOException;
import java.time.InstantSource;
import javax.cache.expiry.Duration;
import javax.cache.expiry.EternalExpiryPolicy;
import javax.cache.expiry.ExpiryPolicy;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Expiry;
import org.memogrid.internal.store.Envelope;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns what the expiry policy says into lives. The policy is asked by the member that calls, never
 * by those that hold the entry: null leaves a life as it is, zero ends it.
 *
 * <p>A cache whose options have an expiry of their own uses that instead: its idle time costs a
 * reader no message, where an access duration of a policy is a write for each read.
 */
final class Lives implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(Lives.class);
  private static final ExpiryPolicy ETERNAL = new EternalExpiryPolicy();

  private final ExpiryPolicy policy;
  private final Expiry fixed;
  private final boolean byPolicy;
  private final boolean eternal;
  private final InstantSource clock;

  Lives(ExpiryPolicy policy, CacheOptions options, InstantSource clock) {
    this.policy = policy;
    this.fixed = options.expiry();
    this.eternal = policy.equals(ETERNAL);
    this.byPolicy = fixed.equals(Expiry.NEVER);
    this.clock = clock;
  }

  long now() {
    return clock.millis();
  }

  /** Whether a write gets the same life whatever was there before, and a read changes none. */
  boolean isBlind() {
    return !byPolicy || eternal;
  }

  /** Of an entry that was not there. */
  Life created() {
    if (!byPolicy) {
      return fixed();
    }
    Duration duration = policy.getExpiryForCreation();
    return duration == null ? Life.ETERNAL : from(duration);
  }

  /** Of an entry that is replaced. */
  Life updated(Envelope there) {
    if (!byPolicy) {
      return fixed();
    }
    Duration duration = policy.getExpiryForUpdate();
    return duration == null ? new Life(there.expiresAt(), there.idleMillis()) : from(duration);
  }

  /** Of an entry that was read; null if the read changes nothing. */
  @Nullable Life used() {
    Duration duration = byPolicy ? policy.getExpiryForAccess() : null;
    return duration == null ? null : from(duration);
  }

  private Life from(Duration duration) {
    if (duration.isEternal()) {
      return Life.ETERNAL;
    }
    return duration.isZero()
        ? Life.NONE
        : new Life(saturated(clock.millis(), duration.getAdjustedTime(0)), 0);
  }

  private Life fixed() {
    java.time.Duration ttl = fixed.timeToLive();
    java.time.Duration idle = fixed.maxIdle();
    return new Life(
        ttl == null ? Envelope.NEVER : saturated(clock.millis(), millis(ttl)),
        idle == null ? 0 : millis(idle));
  }

  /** Ten thousand years are for ever; sums with the clock don't overflow. */
  private static long millis(java.time.Duration duration) {
    return Math.min(duration.toSeconds(), 315_360_000_000L) * 1000 + duration.toMillisPart();
  }

  private static long saturated(long now, long length) {
    return length >= Envelope.NEVER - now ? Envelope.NEVER : now + length;
  }

  @Override
  public void close() {
    close(policy);
  }

  /** Closes what a user's factory made, if it can be closed. */
  static void close(@Nullable Object made) {
    if (made instanceof AutoCloseable closeable) {
      try {
        closeable.close();
      } catch (IOException | RuntimeException e) {
        LOG.warn("{} could not be closed", made, e);
      } catch (Exception e) {
        LOG.warn("{} could not be closed", made, e);
      }
    }
  }
}
