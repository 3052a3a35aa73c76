/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.List;
import org.memogrid.cluster.Member;

/**
 * A change of a queue. Given the same ones in the same order, two copies of a queue are equal:
 * nothing else, such as the time, decides what an operation does.
 */
sealed interface Op {
  /** Of one message. */
  sealed interface OfMessage extends Op {
    long seq();
  }

  /**
   * A message comes in, at the end of the queue.
   *
   * @param settledBelow the producer won't send what is below again
   * @param at when it came, in milliseconds of the epoch
   */
  record Add(Letter letter, long settledBelow, long at) implements Op {}

  /** A member gets it. */
  record Hand(long seq, Member member, long subscription) implements OfMessage {}

  /** It leaves the queue. */
  record Remove(long seq, Reason reason) implements OfMessage {}

  /** A handler failed on it. */
  record Fail(long seq, Attempt attempt, long notBefore) implements OfMessage {}

  /** It goes back unhandled. */
  record Release(long seq) implements OfMessage {}

  /** It goes back because the member that had it is lost. */
  record Crash(long seq, Attempt attempt) implements OfMessage {}

  /** It comes from the other side of a split, where this became of it. */
  record Recall(long seq, int hands, int failures, int crashes, List<Attempt> history)
      implements OfMessage {}

  /** It becomes a dead letter. */
  record Bury(long seq, String cause, long at) implements OfMessage {}

  /** A dead letter comes in again, at the end of the queue. */
  record Revive(long seq) implements OfMessage {}

  /** The home goes on with other members, as another reign. */
  record Reign(Epoch epoch) implements Op {}

  /** What other copies had is in this one too, or comes in next. */
  record Unite(List<Epoch> epochs) implements Op {}

  /** Whether the home may hand out to its own listeners {@linkplain Ahead ahead} from here on. */
  record Ahead(boolean may) implements Op {}

  /** A home is lost that could. */
  record Doubt(String home) implements Op {}

  record Pause(boolean paused) implements Op {}

  /** The options of the queue, said once. */
  record Define(Settings settings) implements Op {}

  /** A producer won't send any more. */
  record Gone(String producer) implements Op {}

  /** Ids of messages that came in before then are forgotten. */
  record ForgetIds(long before) implements Op {}

  /** Why a message leaves. */
  enum Reason {
    HANDLED,
    DROPPED,
    PURGED
  }
}
