/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import org.memogrid.cluster.Member;

/**
 * A firing that a member has taken upon itself: noted by all before it begins, and until it has
 * ended.
 *
 * @param run tells the runs of a member apart
 * @param scheduledAt the instant of the schedule, or when it was told to run
 * @param number 0 if it was told to run
 */
record Claim(Member member, long run, long scheduledAt, long startedAt, long number, int attempt) {
  Claim by(Member other) {
    return new Claim(other, run, scheduledAt, startedAt, number, attempt);
  }
}
