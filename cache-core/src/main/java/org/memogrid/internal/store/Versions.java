/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.store;

import java.security.SecureRandom;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Gives out the versions of one member's writes. A number begins with how many were given out and
 * ends with who asked, a thread. Thread-safe.
 */
public final class Versions {
  private static final int WRITER_BITS = 16;
  private static final long WRITERS = (1L << WRITER_BITS) - 1;

  private final long origin = new SecureRandom().nextLong();
  private final AtomicLong numbers = new AtomicLong();

  /** A version that no other write has or will have. */
  public Envelope.Version next() {
    long writer = Thread.currentThread().getId() & WRITERS;
    return new Envelope.Version(origin, numbers.incrementAndGet() << WRITER_BITS | writer);
  }

  /** Whether both were given to one thread; maybe also if to two, never of two members. */
  static boolean areOfOneWriter(Envelope.Version one, Envelope.Version other) {
    return one.origin() == other.origin() && ((one.number() ^ other.number()) & WRITERS) == 0;
  }
}
