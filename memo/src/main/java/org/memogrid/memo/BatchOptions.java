/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.time.Duration;

/** How keys are gathered for a bulk function. Not thread-safe. */
public final class BatchOptions {
  private static final Duration MOMENT = Duration.ofMillis(1);

  private int maxSize = 100;
  private Duration linger = MOMENT;
  private boolean lingers;

  private final String memo;

  BatchOptions(String memo) {
    this.memo = memo;
  }

  /**
   * At most so many keys in one call. Default: 100.
   *
   * @throws IllegalArgumentException if it is below 1
   */
  @CanIgnoreReturnValue
  public BatchOptions maxSize(int maxSize) {
    if (maxSize < 1) {
      throw new IllegalArgumentException(
          "memo '" + memo + "': a batch's maxSize is " + maxSize + ": give at least 1");
    }
    this.maxSize = maxSize;
    return this;
  }

  /**
   * How long the first key of a batch waits for others, those of {@code apply} and {@code async}
   * too. Default: {@code getAll} gathers for one millisecond, {@code apply} and {@code async} call
   * the memo's single function at once.
   *
   * @throws IllegalArgumentException if it is negative
   */
  @CanIgnoreReturnValue
  public BatchOptions linger(Duration linger) {
    if (requireNonNull(linger, "linger").isNegative()) {
      throw new IllegalArgumentException(
          "memo '" + memo + "': a batch's linger is " + linger + ": give zero or more");
    }
    this.linger = linger;
    this.lingers = true;
    return this;
  }

  int maxSize() {
    return maxSize;
  }

  long lingerNanos() {
    return linger.toNanos();
  }

  /** Whether single calls wait for others too. */
  boolean lingers() {
    return lingers;
  }
}
