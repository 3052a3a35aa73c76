/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.memogrid.internal.node.Turns;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a member that goes waits until nothing of a queue is on its way here. What its handlers have
 * not ended when {@link #PATIENCE} is over goes to others: it is no fault of the message.
 */
final class Leaving {
  private static final Logger LOG = LoggerFactory.getLogger(Leaving.class);
  private static final Duration PATIENCE = Duration.ofSeconds(3);
  private static final Duration GIVING_BACK = Duration.ofMillis(500);
  private static final long LOOK_MILLIS = 10;

  private final String queue;
  private final QueueCore core;
  private final Turns turns;
  private final ScheduledExecutorService scheduler;
  private final CompletableFuture<Void> quiet = new CompletableFuture<>();

  /**
   * @param core which is asked in turns
   */
  Leaving(String queue, QueueCore core, Turns turns, ScheduledExecutorService scheduler) {
    this.queue = queue;
    this.core = core;
    this.turns = turns;
    this.scheduler = scheduler;
  }

  /** Completes when all is handed over, or not much later. */
  CompletableFuture<Void> begin() {
    check(System.nanoTime() + PATIENCE.toNanos(), false);
    return quiet;
  }

  private void check(long until, boolean gaveBack) {
    turns.feed(
        () -> {
          boolean late = System.nanoTime() - until >= 0;
          if (core.isQuiet()) {
            turns.later(() -> quiet.complete(null));
          } else if (late && gaveBack) {
            LOG.warn("queue '{}' leaves with messages under way: they come again elsewhere", queue);
            turns.later(() -> quiet.complete(null));
          } else if (late) {
            core.giveBack();
            checkLater(until + GIVING_BACK.toNanos(), true);
          } else {
            checkLater(until, gaveBack);
          }
        });
  }

  /** In a turn. */
  private void checkLater(long until, boolean gaveBack) {
    try {
      var unused =
          scheduler.schedule(() -> check(until, gaveBack), LOOK_MILLIS, TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException gone) {
      turns.later(() -> quiet.complete(null));
    }
  }
}
