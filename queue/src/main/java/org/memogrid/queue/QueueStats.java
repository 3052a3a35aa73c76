/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.time.Duration;

/**
 * What a queue looks like on the member that dispatches it, at one moment. The counts go back to
 * the beginning of the queue.
 *
 * @param waiting messages that nobody has, delayed ones included
 * @param inFlight messages that are out
 * @param deadLetters messages that nobody gets any more
 * @param oldestAge how long ago the first of the waiting messages was published
 * @param published messages that came in
 * @param handled messages that left the queue because they were handled
 * @param redelivered handings out of messages that were out before
 * @param dropped messages that {@link WhenFull#DROP_OLDEST} removed
 * @param publishedPerSecond in the last seconds
 * @param handledPerSecond in the last seconds
 * @param paused whether nothing is handed out
 * @param dispatcher the name of the dispatching member
 */
public record QueueStats(
    long waiting,
    long inFlight,
    long deadLetters,
    Duration oldestAge,
    long published,
    long handled,
    long redelivered,
    long dropped,
    double publishedPerSecond,
    double handledPerSecond,
    boolean paused,
    String dispatcher) {}
