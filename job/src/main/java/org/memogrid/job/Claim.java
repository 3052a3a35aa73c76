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
 * @param token the number of the {@link Turn} that it was claimed in; 0 if the job is not durable
 */
record Claim(
    Member member,
    long run,
    long scheduledAt,
    long startedAt,
    long number,
    int attempt,
    long token) {
  Claim by(Member other) {
    return new Claim(other, run, scheduledAt, startedAt, number, attempt, token);
  }
}
