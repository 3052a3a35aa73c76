/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.store;

import java.security.SecureRandom;
import java.util.concurrent.atomic.AtomicLong;

/** Gives out the versions of one member's writes. Thread-safe. */
public final class Versions {
  private final long origin = new SecureRandom().nextLong();
  private final AtomicLong numbers = new AtomicLong();

  /** A version that no other write has or will have. */
  public Envelope.Version next() {
    return new Envelope.Version(origin, numbers.incrementAndGet());
  }
}
