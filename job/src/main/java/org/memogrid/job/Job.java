/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import java.time.Instant;
import java.util.List;
import java.util.Set;
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
 * each side fires; when it meets, what one side noted stays. A job is forgotten with the last
 * member that runs, unless it is kept beside the memory by {@link JobBuilder#persist}: then all of
 * this holds over the end of all members as well.
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

  /**
   * The token of the last turn that is known here; null before the first. That of a {@linkplain
   * JobBuilder#persist durable} job is higher than those of former lives of the cluster, that of
   * another is not.
   */
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
   * The names of members that all durable jobs wait for, since they may know what has fired:
   * nothing fires, and calls wait for 5 seconds, then fail with a {@link
   * org.memogrid.cache.CacheException} that names them. Empty but with {@link JobBuilder#persist}
   * in files.
   */
  Set<String> missing();

  /**
   * Waits no longer for those that are {@link #missing()} now, for all durable jobs of the cluster.
   * What they alone had noted is lost. So that nothing fires twice, what they may have decided
   * counts as decided: no instant up to now fires any more, no run that was asked for before
   * begins, and no firing that was open is begun again. <b>Weak:</b> counts, limits, pauses and
   * schedules are those that the members had that are here, and a job that these do not know begins
   * anew when it is started. Does nothing if nobody is missing.
   *
   * @throws org.memogrid.cache.CacheException if others are missing still
   */
  void goOnWithoutMissing();

  /**
   * Runs it here no more, waiting for a firing that runs: 10 s, then it is interrupted, and 5 s
   * later left alone. The job stays scheduled: other members go on. Closing again does nothing.
   */
  @Override
  void close();
}
