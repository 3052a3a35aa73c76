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
  private static final Step PLAIN = new Step(0, 0, null, null, 0, false);
  private static final int AWAITING = 1_000;
  private static final int MOST_AWAITING = 100_000;

  private final int concurrency;
  private final int awaiting;
  private final @Nullable Duration timeout;
  private final @Nullable ErrorHandler onError;
  private final int capacity;
  private final boolean queued;

  private Step(
      int concurrency,
      int awaiting,
      @Nullable Duration timeout,
      @Nullable ErrorHandler onError,
      int capacity,
      boolean queued) {
    this.concurrency = concurrency;
    this.awaiting = awaiting;
    this.timeout = timeout;
    this.onError = onError;
    this.capacity = capacity;
    this.queued = queued;
  }

  /** Nothing of its own. */
  public static Step plain() {
    return PLAIN;
  }

  /**
   * So many threads of each node run the step, so that it works on so many values at a time there.
   * Futures that it returned hold no thread and are not counted: {@link #awaiting} limits them.
   *
   * @throws IllegalArgumentException if it is below one
   */
  public static Step concurrency(int threads) {
    return new Step(
        Checks.atLeastOne("the concurrency of a step", threads), 0, null, null, 0, false);
  }

  /**
   * At most so many values are in the step at a time on each node, with those whose futures are
   * awaited, or twice the concurrency if that is more. Default: 1,000.
   *
   * @throws IllegalArgumentException if it is below one or above 100,000
   */
  public Step awaiting(int values) {
    if (values > MOST_AWAITING) {
      throw new IllegalArgumentException(
          "a step can't await " + values + " values: give at most " + MOST_AWAITING);
    }
    return new Step(
        concurrency,
        Checks.atLeastOne("what a step awaits", values),
        timeout,
        onError,
        capacity,
        queued);
  }

  /**
   * How long a future that the step returns is awaited.
   *
   * @throws IllegalArgumentException if it is not positive
   */
  public Step timeout(Duration timeout) {
    return new Step(
        concurrency,
        awaiting,
        Checks.positive("the timeout of a step", timeout),
        onError,
        capacity,
        queued);
  }

  /** Asked instead of the pipeline's error handler. */
  public Step onError(ErrorHandler handler) {
    return new Step(
        concurrency, awaiting, timeout, requireNonNull(handler, "handler"), capacity, queued);
  }

  /**
   * How many values may wait for this step and be in it.
   *
   * @throws IllegalArgumentException if it is below one
   */
  public Step capacity(int values) {
    return new Step(
        concurrency,
        awaiting,
        timeout,
        onError,
        Checks.atLeastOne("the capacity of a step", values),
        queued);
  }

  /**
   * Values come to this step through its queue alone. Without it, a value may run on to a step
   * whose runs are short right where the step before was run: that saves the way through the queue,
   * but if the node is lost in this step, the step before runs again too.
   */
  public Step queued() {
    return new Step(concurrency, awaiting, timeout, onError, capacity, true);
  }

  int concurrencyOr(int other) {
    return concurrency == 0 ? other : concurrency;
  }

  int awaitingOrDefault() {
    return awaiting == 0 ? AWAITING : awaiting;
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

  boolean isQueued() {
    return queued;
  }
}
