/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import java.time.Instant;
import org.memogrid.cache.FencingToken;
import org.memogrid.cluster.Member;

/** One firing of a job, for its task. Thread-safe. */
public interface JobContext {
  String name();

  /** The member that it runs on. */
  Member member();

  /**
   * The instant of the schedule that this is the firing of; when it was told to run, if it was.
   * With {@link #number()} beside it, which is 0 for one that was told to run, no other firing of
   * the job has the same, but one that is run again by {@link WhenLost#RERUN}. Alone it may be that
   * of two: one told to run in the very millisecond in which the schedule has an instant.
   */
  Instant scheduledAt();

  /** Which one it is, from 1, of those that the schedule has brought; 0 if it was told to run. */
  long number();

  /** Which attempt this is, from 1: more than that only by {@link WhenLost#RERUN}. */
  int attempt();

  /**
   * The proof of its member's turn at the job, for {@code cache.putFenced}. Its number rises with
   * every turn; that of a {@linkplain JobBuilder#persist durable} job also when all members have
   * ended and come back, while that of another begins anew then.
   *
   * @throws IllegalStateException on every node, where firings keep nobody out
   */
  FencingToken token();

  /**
   * Whether it may go on, by the clock of this very moment: false once the job is closed here, and
   * at once in a process that was stopped for longer than the others wait. True is no promise for
   * the next moment: what must not happen twice is written with the {@link #token()}.
   */
  boolean isActive();
}
