/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Cluster;
import org.memogrid.internal.node.Node;

/**
 * Collects what a job is. What it is given is checked at once: an {@link IllegalArgumentException}
 * shows the value, and where in it the error is. Not thread-safe.
 */
public final class JobBuilder {
  /** Its encoded name is a key in files, which have at most some 2,000 bytes. */
  private static final int LONGEST_DURABLE = 500;

  private final String name;
  private final JobTask task;
  private Schedule schedule = Schedule.NONE;
  private Misfire misfire = Misfire.FIRE_ONCE;
  private WhenLost whenLost = WhenLost.SKIP;
  private boolean concurrent;
  private boolean everyNode;
  private @Nullable Persist persist;
  private JobListener listener = (job, firing) -> {};

  JobBuilder(String name, JobTask task) {
    this.name = requireNonNull(name, "name");
    this.task = requireNonNull(task, "task");
    if (name.isBlank() || name.equals(Kept.FLOOR)) {
      throw new IllegalArgumentException(
          "a job's name is blank: give the same name on all members");
    }
  }

  /** {@link Schedule#cron(String)}. */
  @CanIgnoreReturnValue
  public JobBuilder cron(String expression) {
    return schedule(requireNonNull(expression, "expression"), Schedule::withCron);
  }

  /** {@link Schedule#every(Duration)}; with {@link #in} or {@link #at}, from then on. */
  @CanIgnoreReturnValue
  public JobBuilder every(Duration period) {
    return schedule(requireNonNull(period, "period"), Schedule::withEvery);
  }

  /** {@link Schedule#in(Duration)}. */
  @CanIgnoreReturnValue
  public JobBuilder in(Duration delay) {
    return schedule(requireNonNull(delay, "delay"), Schedule::startingIn);
  }

  /** {@link Schedule#at(Instant)}. */
  @CanIgnoreReturnValue
  public JobBuilder at(Instant instant) {
    return schedule(requireNonNull(instant, "instant"), Schedule::startingAt);
  }

  /** {@link Schedule#until(Instant)}. */
  @CanIgnoreReturnValue
  public JobBuilder until(Instant end) {
    return schedule(requireNonNull(end, "end"), Schedule::until);
  }

  /** {@link Schedule#limit(long)}. */
  @CanIgnoreReturnValue
  public JobBuilder limit(long firings) {
    return schedule(firings, Schedule::limit);
  }

  /** {@link Schedule#zone(ZoneId)}. */
  @CanIgnoreReturnValue
  public JobBuilder zone(ZoneId zone) {
    return schedule(requireNonNull(zone, "zone"), Schedule::zone);
  }

  /** {@link Schedule#zone(String)}. */
  @CanIgnoreReturnValue
  public JobBuilder zone(String zone) {
    return schedule(requireNonNull(zone, "zone"), Schedule::zone);
  }

  /** {@link Schedule#gap(Gap)}. */
  @CanIgnoreReturnValue
  public JobBuilder gap(Gap gap) {
    return schedule(requireNonNull(gap, "gap"), Schedule::gap);
  }

  /** All of the schedule at once, in place of what was said of it before. */
  @CanIgnoreReturnValue
  public JobBuilder schedule(Schedule schedule) {
    this.schedule = requireNonNull(schedule, "schedule");
    return this;
  }

  /** What becomes of instants that passed unseen. Default: {@link Misfire#FIRE_ONCE}. */
  @CanIgnoreReturnValue
  public JobBuilder misfire(Misfire misfire) {
    this.misfire = requireNonNull(misfire, "misfire");
    return this;
  }

  /** What becomes of a firing whose member is lost. Default: {@link WhenLost#SKIP}. */
  @CanIgnoreReturnValue
  public JobBuilder whenLost(WhenLost whenLost) {
    this.whenLost = requireNonNull(whenLost, "whenLost");
    return this;
  }

  /** Lets an instant fire while the firing before still runs; up to 64 at a time. */
  @CanIgnoreReturnValue
  public JobBuilder allowConcurrent() {
    this.concurrent = true;
    return this;
  }

  /** Runs it on each member that starts it, each for itself: its count, its pause, its history. */
  @CanIgnoreReturnValue
  public JobBuilder onEveryNode() {
    this.everyNode = true;
    return this;
  }

  /**
   * Keeps what the cluster knows of the job beside the memory, as {@code CacheOptions.persist} does
   * a cache's entries: also when all members have ended and come back no instant that has fired
   * fires again, count, limit and pause go on, and a finished job stays finished. Instants that
   * passed meanwhile are dealt with by {@link #misfire}, firings that were running by {@link
   * #whenLost}. The {@link Job#history() history} is in memory alone.
   *
   * <p>All durable jobs of a cluster are kept in one place, and a job is durable on all members or
   * on none. The cluster must be {@code CONSISTENT}. While members are missing that may know what
   * has fired, nothing fires: {@link Job#missing()}. Default: a job is forgotten with its members.
   *
   * @throws IllegalArgumentException with {@code writeBehind}, which a firing would not wait for,
   *     with a loader of your own, or with what members can't share, as a URL
   */
  @CanIgnoreReturnValue
  public JobBuilder persist(Persist persist) {
    requireNonNull(persist, "persist");
    if (persist.isOfProgram()) {
      throw refused(
          "persist(" + persist + "): give files or a table, which all members find", null);
    }
    if (persist.queueSize() > 0) {
      throw refused(
          "persist("
              + persist
              + "): leave writeBehind out: what begins must be known to have begun after a restart,"
              + " too",
          null);
    }
    if (name.length() > LONGEST_DURABLE) {
      throw refused(
          "a durable job's name has at most " + LONGEST_DURABLE + " characters: give a shorter one",
          null);
    }
    try {
      var unused = CacheOptions.of(Mode.REPLICATED).persist(persist);
    } catch (IllegalArgumentException e) {
      throw refused("persist(" + persist + "): " + e.getMessage(), e);
    }
    this.persist = persist;
    return this;
  }

  /** Who hears of the firings on this member. */
  @CanIgnoreReturnValue
  public JobBuilder listen(JobListener listener) {
    this.listener = requireNonNull(listener, "listener");
    return this;
  }

  /** {@link #start(Cluster)} on the process's own cluster. */
  @CanIgnoreReturnValue
  public Job start() {
    return start(Cluster.shared());
  }

  /**
   * Schedules it in the cluster and offers to run it here. If the cluster has it already with the
   * same schedule and policies it goes on as it is, and a finished one stays finished; with others,
   * it is replaced as one step and begins anew. One of that name that this member offers already is
   * closed first, which waits for it. A {@linkplain #persist durable} one that waits for missing
   * members is scheduled when they are back, and this returns before.
   *
   * @throws IllegalArgumentException if there is no schedule, or it has no firing; nothing is
   *     scheduled
   * @throws IllegalStateException if the cluster is closed, if a firing of the job calls this, or
   *     if it is durable here and not on other members, or elsewhere
   */
  @CanIgnoreReturnValue
  public Job start(Cluster cluster) {
    requireNonNull(cluster, "cluster");
    if (schedule.isNone()) {
      throw new IllegalArgumentException(
          "job '" + name + "' has no schedule: give cron(...), every(...), in(...) or at(...)");
    }
    if (everyNode && whenLost == WhenLost.RERUN) {
      throw new IllegalArgumentException(
          "job '" + name + "': onEveryNode() contradicts whenLost(RERUN): leave one of them out");
    }
    if (everyNode && persist != null) {
      throw refused(
          "onEveryNode() contradicts persist("
              + persist
              + "): a member that comes back is another, and nobody's firings are its own; leave"
              + " one of them out",
          null);
    }
    Schedule complete;
    try {
      complete = schedule.inZone();
    } catch (IllegalArgumentException e) {
      throw refused(e.getMessage(), e);
    }
    Node node = cluster.unwrap(Node.class);
    return node.feature(JobFeature.class)
        .start(
            new RunningJob.Plan(
                name,
                task,
                new Definition(complete, misfire, whenLost, concurrent),
                everyNode,
                persist,
                listener));
  }

  private <T> JobBuilder schedule(T value, BiFunction<Schedule, T, Schedule> change) {
    try {
      schedule = change.apply(schedule, value);
    } catch (IllegalArgumentException e) {
      throw refused(e.getMessage(), e);
    }
    return this;
  }

  private IllegalArgumentException refused(@Nullable String why, @Nullable Exception cause) {
    return new IllegalArgumentException("job '" + name + "': " + why, cause);
  }
}
