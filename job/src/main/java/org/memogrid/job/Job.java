/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.FencingToken;
import org.memogrid.cluster.Member;

/**
 * A function that runs by a schedule, once in the cluster for each instant, on one of the members
 * that offer it under its name; when that one leaves or dies, on another, which goes on where it
 * stopped.
 *
 * <p><b>Guarantee.</b> While the cluster is whole, a firing begins at most once for each instant,
 * since it is noted by all members before it begins; {@link WhenLost#RERUN} alone begins it again.
 * An instant that passes while nobody is there is dealt with by {@link Misfire}, and one whose
 * member is lost by {@link WhenLost}; the {@linkplain #history() history} tells. Firings of a job
 * do not overlap unless it says {@link JobBuilder#allowConcurrent}. When the cluster falls apart,
 * each side fires; when it meets, what one side noted stays. Nothing is kept on disk: a job is
 * forgotten with the last member that runs.
 *
 * <p>An instant is due by the clock of the member that fires, so clocks that differ move a firing,
 * never repeat it. A member runs at most 200 firings at a time; further ones wait.
 *
 * <p>Visible in JMX as {@code org.memogrid:type=Job,name=...}. Thread-safe.
 */
public interface Job extends AutoCloseable {
  /**
   * A job of that name, the same on all members that offer it.
   *
   * @throws IllegalArgumentException if the name is blank
   */
  static JobBuilder named(String name, JobTask task) {
    return new JobBuilder(name, task);
  }

  String name();

  JobStatus status();

  /** By what it runs now, in the whole cluster; null if it is not scheduled. */
  @Nullable Schedule schedule();

  /** The next instant; null if there is none, or while it is paused. It may be due just now. */
  @Nullable Instant next();

  /** Who fires it, as far as is known here; null if nobody. Itself on every node. */
  @Nullable Member holder();

  /** The token of the last turn that is known here; null before the first. */
  @Nullable FencingToken token();

  /**
   * Lets no instant fire until {@link #resume()}, in the whole cluster. What runs goes on.
   *
   * @throws IllegalStateException if it is not scheduled
   */
  void pause();

  /**
   * Goes on with the next instant; those that have passed meanwhile are not made up for.
   *
   * @throws IllegalStateException if it is not scheduled
   */
  void resume();

  /**
   * Has it run once, as soon as it does not run, whatever its schedule, on the member that fires
   * it, also while it is paused or if it is finished. Counts for no limit. Returns when that is
   * noted.
   *
   * @throws IllegalStateException if it is not scheduled, or if a hundred such runs wait already
   */
  void triggerNow();

  /**
   * Replaces the schedule from now on, in the whole cluster and as one step; its count begins anew.
   *
   * @throws IllegalArgumentException if that has no firing; nothing has changed
   * @throws IllegalStateException if it is not scheduled
   */
  void reschedule(Schedule schedule);

  /**
   * Takes it out of the schedule, in the whole cluster, and closes it here; waits for no firing
   * that runs. Members that still offer it run it again if it is scheduled again.
   */
  void unschedule();

  /**
   * The last hundred firings in the cluster, the latest last. A member that dies may take those of
   * its last moments with it.
   */
  List<Firing> history();

  JobStats stats();

  /**
   * Runs it here no more, waiting for a firing that runs: 10 s, then it is interrupted, and 5 s
   * later left alone. The job stays scheduled: other members go on. Closing again does nothing.
   */
  @Override
  void close();
}
