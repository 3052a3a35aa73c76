/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.stream.Stream;

/**
 * The messages of a queue that failed too often, took too many members with them, or expired. They
 * stay, on the members that hold the queue, until somebody puts them back or removes them.
 * Thread-safe.
 */
public interface DeadLetters<T> {
  /** How many there are. */
  long size();

  /** All of them, fetched page by page, oldest first. */
  Stream<DeadLetter<T>> browse();

  /**
   * Puts all of them back, at the end of the queue, with their attempts counted anew and their
   * history kept. Their delay and time to live are over and count no more.
   *
   * @return how many
   */
  long redrive();

  /**
   * Puts one back, as {@link #redrive()} does.
   *
   * @return whether it was still there
   */
  boolean redrive(DeadLetter<T> letter);

  /**
   * Removes all of them for ever.
   *
   * @return how many
   */
  long purge();
}
