/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.time.Duration;

/**
 * What happened to a memo on this member. Each count is exact; the counts of one snapshot are not
 * taken at one instant.
 *
 * @param hits calls answered from a remembered value, here or at the key's home
 * @param joins calls that waited for a run, or for an answer, that another call had asked for
 * @param runs runs of the function on this member; one for each key of a bulk run
 * @param failures runs that threw, or took too long
 * @param fences runs on this member whose result was not remembered, because of an invalidation
 * @param promotions runs that this member, as a home, gave to a waiter in place of a lost leader,
 *     or of one that failed
 * @param refreshes runs in the background that this member asked for, to replace a value
 * @param stale calls answered from a stale value
 * @param runTime the sum of the time spent in the function
 */
public record MemoStats(
    long hits,
    long joins,
    long runs,
    long failures,
    long fences,
    long promotions,
    long refreshes,
    long stale,
    Duration runTime) {}
