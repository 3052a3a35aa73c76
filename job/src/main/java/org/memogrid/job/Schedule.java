/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import static java.util.Objects.requireNonNull;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The instants at which a job fires. Immutable: each method answers a copy with one thing added. A
 * value that makes no sense, alone or with the others, is refused at once.
 *
 * <pre>{@code
 * Schedule.cron("0 30 2 * * ?").zone("Europe/Berlin")
 * Schedule.every(Duration.ofMinutes(5)).startingAt(monday).limit(10)
 * }</pre>
 *
 * <p>Instants have milliseconds; what is finer is cut off.
 */
public final class Schedule {
  static final Schedule NONE = new Schedule(new Draft());
  private static final Duration SHORTEST = Duration.ofMillis(1);
  private static final Duration LONGEST = Duration.ofDays(36_525);

  private final @Nullable String cron;
  private final @Nullable Duration every;
  private final @Nullable Duration in;
  private final @Nullable Instant at;
  private final @Nullable Instant until;
  private final long limit;
  private final @Nullable ZoneId zone;
  private final Gap gap;

  /** What a schedule is made from. */
  private static final class Draft {
    @Nullable String cron;
    @Nullable Duration every;
    @Nullable Duration in;
    @Nullable Instant at;
    @Nullable Instant until;
    long limit;
    @Nullable ZoneId zone;
    Gap gap = Gap.RUN_ONCE_AFTER;
  }

  private Schedule(Draft draft) {
    this.cron = draft.cron;
    this.every = draft.every;
    this.in = draft.in;
    this.at = draft.at;
    this.until = draft.until;
    this.limit = draft.limit;
    this.zone = draft.zone;
    this.gap = draft.gap;
  }

  private Draft draft() {
    Draft draft = new Draft();
    draft.cron = cron;
    draft.every = every;
    draft.in = in;
    draft.at = at;
    draft.until = until;
    draft.limit = limit;
    draft.zone = zone;
    draft.gap = gap;
    return draft;
  }

  /** As it is kept; checked when it was made. */
  static Schedule read(
      @Nullable String cron,
      @Nullable Duration every,
      @Nullable Duration in,
      @Nullable Instant at,
      @Nullable Instant until,
      long limit,
      @Nullable ZoneId zone,
      Gap gap) {
    Draft draft = new Draft();
    draft.cron = cron;
    draft.every = every;
    draft.in = in;
    draft.at = at;
    draft.until = until;
    draft.limit = limit;
    draft.zone = zone;
    draft.gap = gap;
    return new Schedule(draft);
  }

  /**
   * At the times of a cron expression: six or seven fields as Quartz has them (second, minute,
   * hour, day of month, month, day of week, year; one of the two days is {@code ?}), or five as
   * Unix has them (minute, hour, day of month, month, day of week). Times are those of the {@link
   * #zone(ZoneId)}. A time that a clock change brings twice fires the first time, unless the
   * expression names every hour or several of them.
   *
   * @throws IllegalArgumentException showing the expression, the field and what is wrong with it;
   *     also for one that never fires
   */
  public static Schedule cron(String expression) {
    return NONE.withCron(requireNonNull(expression, "expression"));
  }

  /**
   * At once, and then each time that the period has passed since, however long the firings take.
   *
   * @throws IllegalArgumentException if it is not between a millisecond and a hundred years
   */
  public static Schedule every(Duration period) {
    return NONE.withEvery(requireNonNull(period, "period"));
  }

  /**
   * Once, when so much time has passed since it was scheduled.
   *
   * @throws IllegalArgumentException if it is negative or over a hundred years
   */
  public static Schedule in(Duration delay) {
    return NONE.startingIn(delay);
  }

  /** Once, at that instant. One that has passed is a {@linkplain Misfire misfire}. */
  public static Schedule at(Instant instant) {
    return NONE.startingAt(instant);
  }

  Schedule withCron(String expression) {
    once(cron == null, "cron", cron);
    apart(every == null, "cron(\"" + expression + "\")", "every(" + every + ")");
    apart(in == null, "cron(\"" + expression + "\")", "in(" + in + ")");
    apart(at == null, "cron(\"" + expression + "\")", "at(" + at + ")");
    Draft draft = draft();
    draft.cron = Cron.parse(expression).checked().text();
    return new Schedule(draft);
  }

  Schedule withEvery(Duration period) {
    once(every == null, "every", every);
    apart(cron == null, "every(" + period + ")", "cron(\"" + cron + "\")");
    between("every", period, SHORTEST);
    Draft draft = draft();
    draft.every = Duration.ofMillis(period.toMillis());
    return new Schedule(draft);
  }

  /**
   * Has {@link #every} begin when so much time has passed since it was scheduled.
   *
   * @throws IllegalArgumentException if it is negative or over a hundred years, or with a cron
   *     expression or another beginning
   */
  public Schedule startingIn(Duration delay) {
    requireNonNull(delay, "delay");
    once(in == null, "in", in);
    apart(at == null, "in(" + delay + ")", "at(" + at + ")");
    apart(cron == null, "in(" + delay + ")", "cron(\"" + cron + "\")");
    between("in", delay, Duration.ZERO);
    Draft draft = draft();
    draft.in = Duration.ofMillis(delay.toMillis());
    return new Schedule(draft);
  }

  /**
   * Has {@link #every} begin at that instant.
   *
   * @throws IllegalArgumentException with a cron expression or another beginning, or if it is after
   *     the end
   */
  public Schedule startingAt(Instant instant) {
    requireNonNull(instant, "instant");
    once(at == null, "at", at);
    apart(in == null, "at(" + instant + ")", "in(" + in + ")");
    apart(cron == null, "at(" + instant + ")", "cron(\"" + cron + "\")");
    Draft draft = draft();
    draft.at = millis("at", instant);
    return new Schedule(draft).checkedEnd();
  }

  /**
   * Fires at no instant after that one.
   *
   * @throws IllegalArgumentException if the beginning is after it
   */
  public Schedule until(Instant end) {
    requireNonNull(end, "end");
    once(until == null, "until", until);
    Draft draft = draft();
    draft.until = millis("until", end);
    return new Schedule(draft).checkedEnd();
  }

  /**
   * Fires so often, in the cluster, and then never again. Instants that were missed don't count.
   *
   * @throws IllegalArgumentException if it is below 1
   */
  public Schedule limit(long firings) {
    once(limit == 0, "limit", limit);
    if (firings < 1) {
      throw new IllegalArgumentException("limit(" + firings + "): give at least 1");
    }
    Draft draft = draft();
    draft.limit = firings;
    return new Schedule(draft);
  }

  /** The zone of the cron expression's times. Default: that of the member that schedules it. */
  public Schedule zone(ZoneId zone) {
    requireNonNull(zone, "zone");
    once(this.zone == null, "zone", this.zone);
    Draft draft = draft();
    draft.zone = zone;
    return new Schedule(draft);
  }

  /**
   * {@link #zone(ZoneId)} by its name, such as {@code Europe/Berlin}.
   *
   * @throws IllegalArgumentException if there is none of that name
   */
  public Schedule zone(String zone) {
    requireNonNull(zone, "zone");
    try {
      return zone(ZoneId.of(zone));
    } catch (DateTimeException e) {
      throw new IllegalArgumentException(
          "zone(\"" + zone + "\") is not known: give one such as Europe/Berlin, UTC or +02:00", e);
    }
  }

  /** What becomes of times that a clock change leaves out. Default: {@link Gap#RUN_ONCE_AFTER}. */
  public Schedule gap(Gap gap) {
    Draft draft = draft();
    draft.gap = requireNonNull(gap, "gap");
    return new Schedule(draft);
  }

  // ---- what it says

  boolean isNone() {
    return cron == null && every == null && in == null && at == null;
  }

  @Nullable String cron() {
    return cron;
  }

  @Nullable Duration every() {
    return every;
  }

  @Nullable Duration in() {
    return in;
  }

  @Nullable Instant at() {
    return at;
  }

  @Nullable Instant until() {
    return until;
  }

  /** 0 for none. */
  long limit() {
    return limit;
  }

  /** How often it fires at most: once if nothing repeats it. */
  long most() {
    return cron == null && every == null ? 1 : limit == 0 ? Long.MAX_VALUE : limit;
  }

  @Nullable ZoneId zone() {
    return zone;
  }

  Gap gap() {
    return gap;
  }

  /**
   * With this process's zone if it needs one and names none.
   *
   * @throws IllegalArgumentException if parts have no meaning together
   */
  Schedule inZone() {
    if (cron == null && every == null && limit > 1) {
      throw new IllegalArgumentException(
          "limit(" + limit + ") contradicts a single firing: add every(...), or leave it out");
    }
    if (cron == null && zone != null) {
      throw new IllegalArgumentException(
          "zone(" + zone + ") has no meaning without cron(...): leave it out");
    }
    return cron == null || zone != null ? this : zone(ZoneId.systemDefault());
  }

  private Schedule checkedEnd() {
    if (at != null && until != null && until.isBefore(at)) {
      throw new IllegalArgumentException(
          "until(" + until + ") is before the first firing at(" + at + ")");
    }
    return this;
  }

  private static void once(boolean isNew, String what, @Nullable Object before) {
    if (!isNew) {
      throw new IllegalArgumentException(
          what + " is " + before + " already: give it once, or build another schedule");
    }
  }

  private static void apart(boolean isApart, String one, String other) {
    if (!isApart) {
      throw new IllegalArgumentException(one + " contradicts " + other + ": leave one of them out");
    }
  }

  private static void between(String what, Duration given, Duration least) {
    if (given.compareTo(least) < 0 || given.compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException(
          what + "(" + given + "): give from " + least + " to " + LONGEST);
    }
  }

  private static Instant millis(String what, Instant given) {
    if (given.isBefore(Instant.EPOCH)
        || given.isAfter(Instant.EPOCH.plus(LONGEST.multipliedBy(50)))) {
      throw new IllegalArgumentException(
          what + "(" + given + "): give an instant after 1970 and before the year 7000");
    }
    return Instant.ofEpochMilli(given.toEpochMilli());
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Schedule that
        && Objects.equals(cron, that.cron)
        && Objects.equals(every, that.every)
        && Objects.equals(in, that.in)
        && Objects.equals(at, that.at)
        && Objects.equals(until, that.until)
        && limit == that.limit
        && Objects.equals(zone, that.zone)
        && gap == that.gap;
  }

  @Override
  public int hashCode() {
    return Objects.hash(cron, every, in, at, until, limit, zone, gap);
  }

  /** As it is said in code. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    add(text, "cron", cron);
    add(text, "every", every);
    add(text, "in", in);
    add(text, "at", at);
    add(text, "until", until);
    add(text, "limit", limit == 0 ? null : limit);
    add(text, "zone", zone);
    add(text, "gap", cron == null || gap == Gap.RUN_ONCE_AFTER ? null : gap);
    return text.toString();
  }

  private static void add(StringBuilder text, String what, @Nullable Object value) {
    if (value != null) {
      text.append(text.isEmpty() ? "" : " ").append(what).append('(').append(value).append(')');
    }
  }
}
