/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.time.Duration;

/**
 * How long a member waits before it concludes something about others.
 *
 * @param join for the others to answer before it starts a cluster of its own
 * @param silence after which a member that says nothing is suspected
 * @param heartbeat between two signs of life
 * @param verify for a suspected member to prove that it lives
 * @param mergeMin the shortest pause between two searches for the other side of a split
 * @param mergeMax the longest
 * @param transfer for the next part of the entries that it is to be sent, before it gives up a join
 * @param lock for a lock that another's transaction holds as long as it lasts, before it gives up
 */
public record Timing(
    Duration join,
    Duration silence,
    Duration heartbeat,
    Duration verify,
    Duration mergeMin,
    Duration mergeMax,
    Duration transfer,
    Duration lock) {
  /** For machines that are not overloaded. */
  public static final Timing DEFAULT =
      new Timing(
          Duration.ofSeconds(2),
          Duration.ofSeconds(6),
          Duration.ofSeconds(1),
          Duration.ofMillis(150),
          Duration.ofSeconds(1),
          Duration.ofSeconds(5),
          Duration.ofSeconds(30),
          Duration.ofSeconds(10));

  /** The same with another silence and heartbeat: longer ones for a loaded machine. */
  public Timing withSilence(Duration silence, Duration heartbeat) {
    return new Timing(join, silence, heartbeat, verify, mergeMin, mergeMax, transfer, lock);
  }

  /** The same with another wait for answers: a shorter one where nobody joins at the same time. */
  public Timing withJoin(Duration join) {
    return new Timing(join, silence, heartbeat, verify, mergeMin, mergeMax, transfer, lock);
  }

  /** The same with other pauses between two searches for the other side of a split. */
  public Timing withMerge(Duration min, Duration max) {
    return new Timing(join, silence, heartbeat, verify, min, max, transfer, lock);
  }

  /** The same with another wait for entries: a shorter one where there are few. */
  public Timing withTransfer(Duration transfer) {
    return new Timing(join, silence, heartbeat, verify, mergeMin, mergeMax, transfer, lock);
  }

  /** The same with another wait for locks: a shorter one where nobody holds one for long. */
  public Timing withLock(Duration lock) {
    return new Timing(join, silence, heartbeat, verify, mergeMin, mergeMax, transfer, lock);
  }
}
