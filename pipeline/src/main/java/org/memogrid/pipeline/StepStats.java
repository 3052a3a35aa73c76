/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.time.Duration;

/**
 * How a step does. Depth and rates are those of its queue in the whole cluster, with what ran on to
 * it past its queue; that, runs, failures and latency are added up over the nodes that answer in
 * time.
 *
 * @param name of the step
 * @param depth values that wait for it
 * @param inFlight values that nodes have for it
 * @param perSecond values that left it, in the last seconds
 * @param runs how often it was run
 * @param failures how often a run failed
 * @param median how long a run takes, the time that its future takes included: half are faster
 * @param slow of a hundred runs 99 are faster
 * @param deadLetters values that nobody works on any more
 */
public record StepStats(
    String name,
    long depth,
    long inFlight,
    double perSecond,
    long runs,
    long failures,
    Duration median,
    Duration slow,
    long deadLetters) {}
