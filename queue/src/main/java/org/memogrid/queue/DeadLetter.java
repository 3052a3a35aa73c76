/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.time.Instant;
import java.util.List;

/**
 * A message that nobody gets any more, and why.
 *
 * @param message to be looked at; it can't be settled
 * @param cause why it was given up
 * @param diedAt when, by the dispatching member's clock
 * @param history the attempts that did not end well, the last 20, oldest first
 */
public record DeadLetter<T>(
    Message<T> message, String cause, Instant diedAt, List<Failure> history) {
  /**
   * One attempt.
   *
   * @param at when it ended
   * @param member who had the message
   * @param error what the handler threw, or what became of the member
   */
  public record Failure(Instant at, String member, String error) {}
}
