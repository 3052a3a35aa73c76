/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

/**
 * What is stored of a job, as it was read.
 *
 * @param mark tells one store from another; the shell's
 */
record Entry(JobState state, Object mark) {}
