/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A message as one consumer got it, or as somebody looked at it. Thread-safe.
 *
 * <p>Who {@linkplain MessageQueue#receive receives} a message settles it with {@link #ack} or
 * {@link #nack}; for a listener its handler's end does, unless it has settled the message itself.
 * Until then nobody else gets it, while this member lives.
 */
public interface Message<T> {
  /**
   * What was published.
   *
   * @throws IllegalArgumentException if it can't be decoded here, naming the class and the remedy;
   *     a handler that lets this through fails on the message
   */
  T body();

  /**
   * Unique in the cluster: who published it, and a number. The same when it is handed out again.
   */
  String id();

  /** What the publisher noted on it. Immutable. */
  Map<String, String> headers();

  /** From 0 to 9; 4 unless the publisher said otherwise. */
  int priority();

  /** Of messages with the same one, one is out at a time; null if it has none. */
  @Nullable String orderingKey();

  /** What links a request and its reply, or what the publisher chose; null if there is none. */
  @Nullable String correlationId();

  /** When it was published, by that member's clock. */
  Instant publishedAt();

  /** 1 at the first attempt; one more after each that failed or lost its member. */
  int attempt();

  /**
   * Whether it was handed out before, or may have been by a member that is lost, so that somebody
   * may have handled it in part or whole.
   */
  boolean redelivered();

  /**
   * It is handled: nobody gets it again. Does nothing if it is settled.
   *
   * @throws IllegalStateException if it was only looked at
   */
  void ack();

  /**
   * It is not handled: it is handed out again after a pause that grows, or becomes a dead letter.
   * Does nothing if it is settled.
   *
   * @throws IllegalStateException if it was only looked at
   */
  void nack();

  /**
   * As {@link #nack()}, after a pause of the caller's choice.
   *
   * @throws IllegalArgumentException if the pause is negative
   * @throws IllegalStateException if it was only looked at
   */
  void nack(Duration pause);

  /**
   * As {@link #nack(Duration)}.
   *
   * @param why noted on it, and on the dead letter that it may become
   */
  void nack(Duration pause, String why);

  /**
   * It was not tried: others get it, at once, and no attempt is counted. Does nothing if it is
   * settled.
   *
   * @throws IllegalStateException if it was only looked at
   */
  void release();

  /**
   * Nobody should try it again: it becomes a dead letter at once. Does nothing if it is settled.
   *
   * @param why noted on the dead letter
   * @throws IllegalStateException if it was only looked at
   */
  void reject(String why);
}
