/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

/**
 * What is stored of a job, as it was read.
 *
 * @param mark tells one store from another; the shell's
 * @param floor the last moment at which somebody went on without missing members, that may have
 *     known better; {@link JobState#NEVER} if nobody did
 */
record Entry(JobState stored, Object mark, long floor) {
  /** What is there, as far as it may be relied on. */
  JobState state() {
    return stored.knownSince(floor);
  }
}
