/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

/**
 * What a job has done.
 *
 * @param fired firings begun by the schedule since it was scheduled, in the whole cluster
 * @param missed instants that were let go since then, in the whole cluster: at least so many, if
 *     they were more than a thousand at once
 * @param runs what this member ran, by the schedule or because it was told to
 * @param failures how many of these threw
 */
public record JobStats(long fired, long missed, long runs, long failures) {}
