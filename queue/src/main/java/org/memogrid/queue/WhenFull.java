/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

/** What becomes of a message that is published to a full queue. */
public enum WhenFull {
  /** It waits, and so does its publisher, until there is room. */
  BLOCK,
  /** It is refused with a {@link QueueFullException}. */
  FAIL,
  /**
   * It comes in, and the oldest message that waits is dropped, which {@link QueueStats} counts. If
   * none waits, since consumers have them all, it is refused with a {@link QueueFullException}.
   */
  DROP_OLDEST
}
