/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.util.concurrent.atomic.AtomicLongArray;

/** How often something happened in the last whole seconds. Thread-safe; may be a few off. */
final class Recent {
  private static final int SECONDS = 5;
  private static final int SLOTS = 8;

  /** Of the second that {@link #seconds} has at the same place. */
  private final AtomicLongArray counts = new AtomicLongArray(SLOTS);

  private final AtomicLongArray seconds = new AtomicLongArray(SLOTS);

  /** It happened now, in milliseconds of the epoch. */
  void add(long now) {
    long second = now / 1_000;
    int slot = (int) (second % SLOTS);
    long before = seconds.get(slot);
    if (before != second && seconds.compareAndSet(slot, before, second)) {
      counts.set(slot, 0);
    }
    counts.incrementAndGet(slot);
  }

  double perSecond(long now) {
    long second = now / 1_000;
    long sum = 0;
    for (int slot = 0; slot < SLOTS; slot++) {
      long age = second - seconds.get(slot);
      if (age > 0 && age <= SECONDS) {
        sum += counts.get(slot);
      }
    }
    return sum / (double) SECONDS;
  }
}
