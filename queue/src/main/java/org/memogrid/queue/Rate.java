/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

/** How fast a count goes up, over the last seconds. Not thread-safe. */
final class Rate {
  private static final long SAMPLE = 1_000;
  private static final double SECONDS = 5;

  private long last;
  private long lastAt;
  private double perSecond;

  /** Takes the count as it is now. */
  void count(long count, long now) {
    if (lastAt == 0 || now < lastAt) { // the first, or the clock was set back
      last = count;
      lastAt = now;
    }
    long elapsed = now - lastAt;
    if (elapsed < SAMPLE) {
      return;
    }
    double seconds = elapsed / 1_000.0;
    double kept = Math.exp(-seconds / SECONDS);
    perSecond = kept * perSecond + (1 - kept) * (count - last) / seconds;
    last = count;
    lastAt = now;
  }

  double perSecond() {
    return perSecond;
  }
}
