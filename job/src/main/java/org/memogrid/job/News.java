/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;
import org.memogrid.internal.store.Serial;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What became of the firings of a job on this member: told to the history and to the listener, in
 * order, on one thread at a time. No firing waits for it. Thread-safe.
 */
final class News {
  private static final Logger LOG = LoggerFactory.getLogger(News.class);
  private static final int ATTEMPTS = 3;

  private final Job job;
  private final JobListener listener;
  private final Member self;
  private final Board board;
  private final Serial line;
  private volatile @Nullable Thread teller;

  News(Job job, JobListener listener, Member self, Board board, Executor threads) {
    this.job = job;
    this.listener = listener;
    this.self = self;
    this.board = board;
    this.line = new Serial(threads);
  }

  void lost(Claim claim) {
    LOG.warn(
        "job '{}': the firing of {} was lost with {}",
        job.name(),
        Instant.ofEpochMilli(claim.scheduledAt()),
        claim.member());
    tell(
        new Firing(
            Instant.ofEpochMilli(claim.scheduledAt()),
            Instant.ofEpochMilli(claim.startedAt()),
            Duration.ZERO,
            claim.member().name(),
            Firing.Outcome.LOST,
            null));
  }

  void missed(Effect.Missed missed, long now) {
    Instant first = Instant.ofEpochMilli(missed.first());
    Instant last = Instant.ofEpochMilli(missed.last());
    String what = missed.count() + " from " + first + " to " + last;
    LOG.warn("job '{}': instants have passed and are let go: {}", job.name(), what);
    Instant at = Instant.ofEpochMilli(now);
    tell(new Firing(last, at, Duration.ZERO, self.name(), Firing.Outcome.MISSED, what));
  }

  void tell(Firing firing) {
    line.execute(() -> telling(firing));
  }

  private void telling(Firing firing) {
    teller = Thread.currentThread();
    record(firing);
    try {
      listener.onFiring(job, firing);
    } catch (RuntimeException | Error e) {
      LOG.warn("the listener of job '{}' failed on {}", job.name(), firing, e);
    } finally {
      teller = null;
    }
  }

  /** A member that dies meanwhile may fail a write, and fails the next no more. */
  private void record(Firing firing) {
    for (int attempt = 1; ; attempt++) {
      try {
        board.record(job.name(), firing, attempt > 1);
        return;
      } catch (RuntimeException e) {
        if (attempt == ATTEMPTS) { // in a split, or this member leaves
          LOG.warn("job '{}': {} is not in the history", job.name(), firing, e);
          return;
        }
      }
    }
  }

  boolean isToldBy(Thread thread) {
    return thread == teller;
  }
}
