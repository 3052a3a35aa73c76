/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.concurrent.ThreadLocalRandom;
import org.memogrid.internal.store.Envelope;

/** What an entry's age means for a call that found it. Immutable. */
final class Freshness {
  /** The ages. */
  enum Age {
    /** As good as new. */
    FRESH,
    /** Good, and to be replaced soon. */
    DUE,
    /** To be returned while it is replaced. */
    STALE,
    /** To be returned only if it can't be replaced. */
    LAST_RESORT,
    /** Not to be returned. */
    OVER
  }

  private final Plan<?, ?> plan;

  Freshness(Plan<?, ?> plan) {
    this.plan = plan;
  }

  Age of(Envelope entry, long now) {
    Envelope.Fresh fresh = entry.fresh();
    if (entry.isMortal() && entry.lifeLeft(now) <= 0) {
      return Age.OVER;
    }
    if (fresh == null) {
      return Age.FRESH;
    }
    if (now < fresh.until()) {
      return now >= fresh.refreshAt() || isEarly(fresh, now) ? Age.DUE : Age.FRESH;
    }
    return now < fresh.until() + plan.staleWhileRevalidate ? Age.STALE : Age.LAST_RESORT;
  }

  /**
   * XFetch (Vattani, Chierichetti and Lowenstein, VLDB 2015): the dearer a value and the nearer its
   * end, the likelier; so of many callers one replaces it before the end, without any agreement.
   */
  private boolean isEarly(Envelope.Fresh fresh, long now) {
    if (plan.earlyRefresh == 0) {
      return false;
    }
    double random = 1 - ThreadLocalRandom.current().nextDouble(); // above 0, up to 1
    return now - fresh.costMillis() * plan.earlyRefresh * Math.log(random) >= fresh.until();
  }

  /** Whether a value may be due before its time. */
  boolean isByChance() {
    return plan.earlyRefresh > 0;
  }

  boolean isErrorCovered(Envelope stale, long now) {
    Envelope.Fresh fresh = stale.fresh();
    return fresh != null && now < fresh.until() + plan.staleIfError;
  }
}
