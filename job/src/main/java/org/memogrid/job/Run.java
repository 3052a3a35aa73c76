/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import java.time.Instant;
import org.memogrid.cache.FencingToken;
import org.memogrid.cluster.Member;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A firing that runs here. */
final class Run implements JobContext {
  private static final Logger LOG = LoggerFactory.getLogger(Run.class);

  private final RunningJob job;
  private final Claim claim;
  private final FencingToken turn;
  private final FencingToken token;
  private final Thread thread;
  private boolean isOver;

  /**
   * Runs on that thread.
   *
   * @param turn by which the lease tells whether it may go on
   * @param token what proves the turn to others
   */
  Run(RunningJob job, Claim claim, FencingToken turn, FencingToken token, Thread thread) {
    this.turn = turn;
    this.job = job;
    this.claim = claim;
    this.token = token;
    this.thread = thread;
  }

  boolean isOn(Thread other) {
    return thread == other;
  }

  synchronized void interrupt() {
    if (!isOver) {
      thread.interrupt();
    }
  }

  /** The task has ended: an interrupt was meant for it alone. Called by its thread. */
  synchronized void over() {
    isOver = true;
    var unused = Thread.interrupted();
  }

  void reportHung() {
    IllegalStateException where = new IllegalStateException("its thread " + thread.getName());
    where.setStackTrace(thread.getStackTrace());
    LOG.error(
        "job '{}': the firing of {} does not end, not even interrupted; it is left alone",
        name(),
        scheduledAt(),
        where);
  }

  @Override
  public String name() {
    return job.name();
  }

  @Override
  public Member member() {
    return claim.member();
  }

  @Override
  public Instant scheduledAt() {
    return Instant.ofEpochMilli(claim.scheduledAt());
  }

  @Override
  public long number() {
    return claim.number();
  }

  @Override
  public int attempt() {
    return claim.attempt();
  }

  @Override
  public FencingToken token() {
    if (job.isOnEveryNode()) {
      throw new IllegalStateException(
          "job '"
              + name()
              + "' fires on every node, so no firing keeps another out and a token would prove"
              + " nothing: write without one, or leave onEveryNode() out");
    }
    return token;
  }

  @Override
  public boolean isActive() {
    return job.isActive(turn);
  }
}
