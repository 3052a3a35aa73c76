/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.daemon;

/**
 * What one member did with a daemon since it was started there; not one instant.
 *
 * @param starts how often its task was begun
 * @param failures how often the task threw
 * @param losses how often a turn ended that this member had not given back
 */
public record DaemonStats(long starts, long failures, long losses) {}
