/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.function.IntConsumer;

/**
 * How many messages a listener holds, by what it does: as many as its threads need not to wait for
 * more, and those that it waits for itself. Thread-safe.
 */
final class Window {
  private static final long SPAN_NANOS = 50_000_000;
  private static final long AHEAD_NANOS = 20_000_000;

  private final int least;
  private final int most;
  private final IntConsumer resize;
  private int size;
  private int awaited;
  private int ended;
  private long began;

  Window(int least, int most, IntConsumer resize) {
    this.least = least;
    this.most = most;
    this.resize = resize;
    this.size = least;
    this.began = System.nanoTime();
  }

  /** A message's handler has returned, its end comes later. */
  void later() {
    int next;
    synchronized (this) {
      awaited++;
      if (awaited + least <= size || size >= most) {
        return;
      }
      // Now, not at the end of the span: there may be no other event until a message ends.
      size = Math.min(most, Math.max(2 * size, awaited + least));
      next = size;
    }
    resize.accept(next);
  }

  /**
   * A message has ended.
   *
   * @param late whether {@link #later} was called for it
   */
  void ended(boolean late) {
    int next;
    synchronized (this) {
      awaited -= late ? 1 : 0;
      ended++;
      long span = System.nanoTime() - began;
      if (span < SPAN_NANOS) {
        return;
      }
      long ahead = ended * AHEAD_NANOS / span;
      began += span;
      ended = 0;
      next = (int) Math.min(most, least + awaited + ahead);
      if (next <= size + size / 4 && next >= size / 2) {
        return;
      }
      size = next;
    }
    resize.accept(next);
  }
}
