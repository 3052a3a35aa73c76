/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

/** What a job does at an instant of its schedule. */
@FunctionalInterface
public interface JobTask {
  /**
   * Runs once, on a thread of the member's that it may block. What it throws is logged and kept in
   * the {@linkplain Job#history() history}; the job goes on with its next instant.
   */
  void run(JobContext context) throws Exception;
}
