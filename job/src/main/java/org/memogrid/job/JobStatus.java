/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

/** How a job is. */
public enum JobStatus {
  /** It waits for its next instant. */
  SCHEDULED,
  /** A firing runs, here or on another member. */
  RUNNING,
  /** {@link Job#pause()}: no instant fires until {@link Job#resume()}. */
  PAUSED,
  /** Its schedule has no further instant. It runs never again, unless it is told to. */
  FINISHED,
  /** It is not scheduled in the cluster, or no more: {@link Job#unschedule()}. */
  UNSCHEDULED,
  /** {@link Job#close()}, or the cluster is closed: this member runs it no more. */
  CLOSED
}
