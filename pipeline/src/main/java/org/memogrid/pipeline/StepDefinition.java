/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One step of a pipeline.
 *
 * @param depth in how many fan-outs it is; a join counts as outside of the one that it ends
 * @param work what it does
 * @param awaiting how many values may be in it on one member, waiting for a thread or a future
 * @param queued whether values come to it through its queue alone
 */
record StepDefinition(
    String name,
    int index,
    Kind kind,
    int depth,
    Work work,
    int concurrency,
    int awaiting,
    Duration timeout,
    int capacity,
    boolean queued,
    @Nullable ErrorHandler onError) {
  enum Kind {
    PLAIN,
    /** What it returns goes on one by one. */
    FAN_OUT,
    /** It gets all that came of one value, in order. */
    JOIN
  }

  /** What a step does with a value. */
  interface Work {
    @Nullable Object run(@Nullable Object value, StepContext context) throws Exception;
  }

  /** In how many fan-outs the messages of its queue are. */
  int depthBefore() {
    return kind == Kind.JOIN ? depth + 1 : depth;
  }

  /** In how many fan-outs its results are. */
  int depthAfter() {
    return kind == Kind.FAN_OUT ? depth + 1 : depth;
  }
}
