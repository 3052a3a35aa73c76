/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

/**
 * Is told of what became of a job's firings on this member, in order, on a thread that it may
 * block: no firing waits for it. What it throws is logged.
 */
@FunctionalInterface
public interface JobListener {
  void onFiring(Job job, Firing firing);
}
