/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

/**
 * A message that became a dead letter.
 *
 * @param key of its value
 * @param step whose message it was
 * @param at when, in milliseconds of the epoch, by the clock of the member that dispatches the step
 */
record Death(String key, String step, long at) {}
