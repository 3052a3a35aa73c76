/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

/** What the core wants done, in the order given. */
sealed interface Effect {
  /**
   * Store {@code after} on condition that {@code before} is there still, then tell {@link
   * JobCore#stored} or, if that is not known, {@link JobCore#unknown}.
   */
  record Store(Entry before, JobState after) implements Effect {}

  /** Run the task, then tell {@link JobCore#ran}. */
  record Run(Claim claim) implements Effect {}

  /** The claim's member is gone and the firing will not be run again, or is, as another. */
  record Lost(Claim claim) implements Effect {}

  /** So many instants from the first to the last were let go. */
  record Missed(long first, long last, long count) implements Effect {}
}
