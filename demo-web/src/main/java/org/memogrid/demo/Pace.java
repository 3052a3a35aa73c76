/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import java.time.Duration;

/**
 * How fast the demo goes by itself. The same on all nodes.
 *
 * @param send how long the daemon waits before it sends a number
 * @param job how often the job fires
 */
record Pace(Duration send, Duration job) {
  /** That of the original. */
  static final Pace NORMAL = new Pace(Duration.ofSeconds(5), Duration.ofSeconds(20));

  /**
   * How long after a number a daemon that goes on elsewhere may send it again. No longer: when both
   * owners of the counters die, the numbers begin at 1 again and are no repetitions.
   */
  Duration repetition() {
    return send.multipliedBy(6);
  }

  /** So many times as fast as {@code -Dmemogrid.demo.pace} says, for tests. */
  static Pace ofProperty() {
    int times = Math.max(1, Integer.getInteger("memogrid.demo.pace", 1));
    return new Pace(NORMAL.send.dividedBy(times), NORMAL.job.dividedBy(times));
  }
}
