/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import org.memogrid.internal.store.Envelope;

/**
 * How long an entry is to live.
 *
 * @param expiresAt the deadline, or {@link Envelope#NEVER}
 * @param idleMillis the idle length, 0 for none
 */
record Life(long expiresAt, long idleMillis) {
  static final Life ETERNAL = new Life(Envelope.NEVER, 0);

  /** Over before it begins. */
  static final Life NONE = new Life(Long.MIN_VALUE, 0);

  boolean isNone() {
    return expiresAt == Long.MIN_VALUE;
  }

  Envelope of(Envelope envelope, long now) {
    return equals(ETERNAL) ? envelope : envelope.expiring(expiresAt, idleMillis, now);
  }
}
