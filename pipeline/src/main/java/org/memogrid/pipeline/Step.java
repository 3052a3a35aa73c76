/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What one step has of its own; what it does not set is the pipeline's. Immutable: each method
 * gives another.
 */
public final class Step {
  private static final Step PLAIN = new Step(0, null, null, 0);

  private final int concurrency;
  private final @Nullable Duration timeout;
  private final @Nullable ErrorHandler onError;
  private final int capacity;

  private Step(
      int concurrency, @Nullable Duration timeout, @Nullable ErrorHandler onError, int capacity) {
    this.concurrency = concurrency;
    this.timeout = timeout;
    this.onError = onError;
    this.capacity = capacity;
  }

  /** Nothing of its own. */
  public static Step plain() {
    return PLAIN;
  }

  /**
   * So many values are worked on at a time on each node.
   *
   * @throws IllegalArgumentException if it is below one
   */
  public static Step concurrency(int threads) {
    return new Step(Checks.atLeastOne("the concurrency of a step", threads), null, null, 0);
  }

  /**
   * How long a future that the step returns is awaited.
   *
   * @throws IllegalArgumentException if it is not positive
   */
  public Step timeout(Duration timeout) {
    return new Step(
        concurrency, Checks.positive("the timeout of a step", timeout), onError, capacity);
  }

  /** Asked instead of the pipeline's error handler. */
  public Step onError(ErrorHandler handler) {
    return new Step(concurrency, timeout, requireNonNull(handler, "handler"), capacity);
  }

  /**
   * How many values may wait for this step and be in it.
   *
   * @throws IllegalArgumentException if it is below one
   */
  public Step capacity(int values) {
    return new Step(
        concurrency, timeout, onError, Checks.atLeastOne("the capacity of a step", values));
  }

  int concurrencyOr(int other) {
    return concurrency == 0 ? other : concurrency;
  }

  Duration timeoutOr(Duration other) {
    return timeout == null ? other : timeout;
  }

  @Nullable ErrorHandler handlerOr(@Nullable ErrorHandler other) {
    return onError == null ? other : onError;
  }

  int capacityOr(int other) {
    return capacity == 0 ? other : capacity;
  }
}
