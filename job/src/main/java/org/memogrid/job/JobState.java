/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/**
 * All that the cluster knows of a job; one entry, so each change is one step. Immutable.
 *
 * <p>Invariant: every instant up to {@code last} is decided, and none after it. Before the first
 * one is decided {@code last} is not in the future, so that it says nothing about another schedule.
 *
 * @param scheduledAt when it was scheduled with this definition
 * @param last the last instant that fired or was let go
 * @param fired how often the schedule has fired
 * @param missed how many instants were let go
 * @param open the firings that have not ended
 * @param triggers the runs out of the schedule that wait, by when they were asked for
 * @param lastTrigger the last of these that was asked for
 * @param turn the last in which something was claimed; null if the job is not durable
 */
record JobState(
    Definition definition,
    long scheduledAt,
    long last,
    long fired,
    long missed,
    boolean paused,
    boolean finished,
    List<Claim> open,
    List<Long> triggers,
    long lastTrigger,
    @Nullable Turn turn) {
  /** No instant: nobody went on without members that were missing. */
  static final long NEVER = Long.MIN_VALUE;

  JobState {
    open = List.copyOf(open);
    triggers = List.copyOf(triggers);
  }

  /**
   * Scheduled just now.
   *
   * @throws IllegalArgumentException if it has no firing
   */
  static JobState begin(Definition definition, long now) {
    Times times = new Times(definition.schedule(), now);
    if (times.nextAfter(times.beginning()) == Times.NEVER) {
      throw new IllegalArgumentException(noFiring(definition.schedule(), now));
    }
    return new JobState(
        definition,
        now,
        Math.min(times.beginning(), now - 1),
        0,
        0,
        false,
        false,
        List.of(),
        List.of(),
        Long.MIN_VALUE,
        null);
  }

  private static String noFiring(Schedule schedule, long now) {
    if (schedule.until() == null) {
      return schedule + " never fires from now on";
    }
    Times endless =
        new Times(
            Schedule.read(
                schedule.cron(),
                schedule.every(),
                schedule.in(),
                schedule.at(),
                null,
                schedule.limit(),
                schedule.zone(),
                schedule.gap()),
            now);
    long first = endless.nextAfter(endless.beginning());
    return first == Times.NEVER
        ? schedule + " never fires from now on"
        : "until("
            + schedule.until()
            + ") is before the first firing of "
            + schedule
            + ", which is "
            + java.time.Instant.ofEpochMilli(first);
  }

  /**
   * What is to be stored when a member offers a job so defined; null if nothing is.
   *
   * @param there what is stored; null if the job is not scheduled
   * @throws IllegalArgumentException if it has no firing
   */
  static @Nullable JobState offered(
      @Nullable JobState there, Definition definition, long floor, long now) {
    if (there == null) {
      return begin(definition, now).knownSince(floor);
    }
    return there.definition.equals(definition) ? null : there.replacedBy(definition, now);
  }

  /**
   * What may be relied on after somebody went on without members that may have known better. What
   * they had decided up to that moment is not known, so it all counts as decided: no instant before
   * fires, and no run that was asked for before begins.
   *
   * @param floor the moment; {@link #NEVER} if nobody went on without others
   */
  JobState knownSince(long floor) {
    if (floor == NEVER || (last >= floor && lastTrigger >= floor)) {
      return this;
    }
    Draft draft = new Draft(this);
    draft.last = Math.max(last, floor);
    draft.triggers = triggers.stream().filter(at -> at > floor).toList();
    draft.lastTrigger = Math.max(lastTrigger, floor);
    return draft.state();
  }

  /** Something is claimed in that turn. */
  JobState in(@Nullable Turn now) {
    Draft draft = new Draft(this);
    draft.turn = now;
    return draft.state();
  }

  /**
   * The same with another definition from now on. What runs is still known, and instants that were
   * decided stay so, also if they are in the new schedule, or in the future of a clock behind.
   */
  JobState replacedBy(Definition other, long now) {
    Draft draft = new Draft(this);
    draft.definition = other;
    draft.scheduledAt = now;
    draft.last = Math.max(last, begin(other, now).last);
    draft.fired = 0;
    draft.missed = 0;
    draft.finished = false;
    return draft.state();
  }

  /** The instant of the claim is decided, and those before it that do not fire are let go. */
  JobState claimed(Claim claim, long letGo) {
    Draft draft = new Draft(this);
    draft.last = claim.scheduledAt();
    draft.fired = fired + 1;
    draft.missed = missed + letGo;
    draft.open = plus(claim);
    return draft.state();
  }

  /** The first of the runs that were asked for begins. */
  JobState triggered(Claim claim) {
    Draft draft = new Draft(this);
    draft.open = plus(claim);
    draft.triggers = triggers.subList(1, triggers.size());
    return draft.state();
  }

  private List<Claim> plus(Claim claim) {
    List<Claim> more = new ArrayList<>(open);
    more.add(claim);
    return more;
  }

  /** The instants up to that are let go. */
  JobState letGo(long upTo, long count) {
    Draft draft = new Draft(this);
    draft.last = upTo;
    draft.missed = missed + count;
    return draft.state();
  }

  JobState finish() {
    Draft draft = new Draft(this);
    draft.finished = true;
    return draft.state();
  }

  JobState pause() {
    Draft draft = new Draft(this);
    draft.paused = true;
    return draft.state();
  }

  /** Instants of the pause are not made up for. */
  JobState resume(long now) {
    Draft draft = new Draft(this);
    draft.last = paused ? Math.max(last, now) : last;
    draft.paused = false;
    return draft.state();
  }

  /** One run more, at an instant that no other run asked for has. */
  JobState trigger(long now) {
    long at = Math.max(now, lastTrigger + 1);
    List<Long> more = new ArrayList<>(triggers);
    more.add(at);
    Draft draft = new Draft(this);
    draft.triggers = more;
    draft.lastTrigger = at;
    return draft.state();
  }

  /** Without those firings of the member that have ended. */
  JobState ended(Member member, Set<Long> runs) {
    return withOpen(
        open.stream()
            .filter(claim -> !claim.member().equals(member) || !runs.contains(claim.run()))
            .toList());
  }

  /** Those firings of the member are nobody's, so that who has the turn takes them for lost. */
  JobState givenUp(Member member, Set<Long> runs) {
    Member nobody = new Member(member.name(), "");
    return withOpen(
        open.stream()
            .map(
                claim ->
                    claim.member().equals(member) && runs.contains(claim.run())
                        ? claim.by(nobody)
                        : claim)
            .toList());
  }

  /** Without a firing whose member was lost. */
  JobState without(Claim lost) {
    return withOpen(open.stream().filter(claim -> !claim.equals(lost)).toList());
  }

  /** A firing whose member was lost is begun by another. */
  JobState again(Claim lost, Claim again) {
    return withOpen(open.stream().map(claim -> claim.equals(lost) ? again : claim).toList());
  }

  private JobState withOpen(List<Claim> now) {
    Draft draft = new Draft(this);
    draft.open = now;
    return draft.state();
  }

  /** The components while some of them change. */
  private static final class Draft {
    private Definition definition;
    private long scheduledAt;
    private long last;
    private long fired;
    private long missed;
    private boolean paused;
    private boolean finished;
    private List<Claim> open;
    private List<Long> triggers;
    private long lastTrigger;
    private @Nullable Turn turn;

    Draft(JobState from) {
      this.definition = from.definition;
      this.scheduledAt = from.scheduledAt;
      this.last = from.last;
      this.fired = from.fired;
      this.missed = from.missed;
      this.paused = from.paused;
      this.finished = from.finished;
      this.open = from.open;
      this.triggers = from.triggers;
      this.lastTrigger = from.lastTrigger;
      this.turn = from.turn;
    }

    JobState state() {
      return new JobState(
          definition,
          scheduledAt,
          last,
          fired,
          missed,
          paused,
          finished,
          open,
          triggers,
          lastTrigger,
          turn);
    }
  }
}
