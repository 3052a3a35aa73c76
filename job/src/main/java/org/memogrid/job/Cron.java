/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import com.cronutils.model.CronType;
import com.cronutils.model.definition.CronDefinitionBuilder;
import com.cronutils.model.time.ExecutionTime;
import com.cronutils.parser.CronParser;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.time.zone.ZoneOffsetTransition;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A cron expression and the times that it names. Reading it and what follows on what is
 * cron-utils'; what becomes of times that a zone's clock leaves out or brings twice is ours.
 * Immutable.
 */
final class Cron {
  private static final CronParser QUARTZ =
      new CronParser(CronDefinitionBuilder.instanceDefinitionFor(CronType.QUARTZ));
  private static final CronParser UNIX =
      new CronParser(CronDefinitionBuilder.instanceDefinitionFor(CronType.UNIX));
  private static final List<String> QUARTZ_FIELDS =
      List.of("second", "minute", "hour", "day of month", "month", "day of week", "year");
  private static final List<String> UNIX_FIELDS =
      List.of("minute", "hour", "day of month", "month", "day of week");

  private final String text;
  private final ExecutionTime times;

  private Cron(String text, ExecutionTime times) {
    this.text = text;
    this.times = times;
  }

  /**
   * Reads an expression.
   *
   * @throws IllegalArgumentException showing it, the field at fault and what is wrong with that
   */
  static Cron parse(String expression) {
    String text = expression.strip().replaceAll("\\s+", " ");
    String[] fields = text.isEmpty() ? new String[0] : text.split(" ", -1);
    if (fields.length < 5 || fields.length > 7) {
      throw new IllegalArgumentException(
          "cron \""
              + expression
              + "\" has "
              + fields.length
              + " fields: give 6 or 7 as Quartz has them, from the second on, or 5 as Unix has"
              + " them, from the minute on");
    }
    boolean unix = fields.length == 5;
    ExecutionTime times;
    try {
      times = ExecutionTime.forCron((unix ? UNIX : QUARTZ).parse(text).validate());
    } catch (RuntimeException e) { // of many kinds, some of which are null pointers
      throw new IllegalArgumentException(
          "cron \"" + expression + "\"" + where(fields, unix) + ": " + reason(e), e);
    }
    return new Cron(text, times);
  }

  /**
   * The same.
   *
   * @throws IllegalArgumentException if there is no time at all that it names
   */
  Cron checked() {
    if (next(Instant.EPOCH.atZone(ZoneOffset.UTC)) == null) {
      String[] fields = text.split(" ", -1);
      boolean unix = fields.length == 5;
      int day = unix ? 2 : 3;
      throw new IllegalArgumentException(
          "cron \""
              + text
              + "\" never fires: there is no day in field "
              + (day + 1)
              + " (day of month) \""
              + fields[day]
              + "\", field "
              + (day + 2)
              + " (month) \""
              + fields[day + 1]
              + "\""
              + (fields.length < 7 ? "" : ", field 7 (year) \"" + fields[6] + "\""));
    }
    return this;
  }

  /** The first field that is wrong even where all others are right. */
  private static String where(String[] fields, boolean unix) {
    List<String> names = unix ? UNIX_FIELDS : QUARTZ_FIELDS;
    for (int i = 0; i < fields.length; i++) {
      String[] alone = new String[fields.length];
      Arrays.fill(alone, "*");
      if (!unix) {
        alone[i == 3 ? 5 : 3] = (i == 3 || i == 5) && fields[i].equals("?") ? "*" : "?";
      }
      alone[i] = fields[i];
      try {
        var unused = (unix ? UNIX : QUARTZ).parse(String.join(" ", alone)).validate();
      } catch (RuntimeException e) {
        return ", field " + (i + 1) + " (" + names.get(i) + ") is \"" + fields[i] + "\"";
      }
    }
    return unix
        ? ""
        : ", fields 4 and 6 (day of month, day of week) are \""
            + fields[3]
            + "\" and \""
            + fields[5]
            + "\"";
  }

  private static String reason(RuntimeException e) {
    Throwable cause = e.getCause() == null ? e : e.getCause();
    String message = cause.getMessage();
    return message == null
        ? "it can't be read"
        : message.contains("Both, a day-of-week AND")
            ? "exactly one of the two must be \"?\""
            : message;
  }

  String text() {
    return text;
  }

  /** The first instant after that, with the gaps of the zone dealt with; null if there is none. */
  @Nullable Instant nextAfter(Instant after, ZoneId zone, Gap gap) {
    // Whole seconds: cron-utils carries what is finer over into the time that it finds.
    ZonedDateTime next = next(after.truncatedTo(ChronoUnit.SECONDS).atZone(zone));
    while (next != null && isRepetition(next)) {
      next = next(next);
    }
    Instant found = next == null ? null : next.toInstant();
    if (gap == Gap.RUN_ONCE_AFTER) {
      ZoneOffsetTransition change = zone.getRules().nextTransition(after.minusMillis(1));
      while (change != null && (found == null || change.getInstant().isBefore(found))) {
        if (change.isGap() && change.getInstant().isAfter(after) && swallows(change)) {
          return change.getInstant();
        }
        if (found == null && next(change.getDateTimeBefore().atZone(ZoneOffset.UTC)) == null) {
          return null; // its years are over, the clock changes for ever
        }
        change = zone.getRules().nextTransition(change.getInstant());
      }
    }
    return found;
  }

  private @Nullable ZonedDateTime next(ZonedDateTime after) {
    return times.nextExecution(after).orElse(null);
  }

  /** Whether a time of day that has been fires again, and is not one of several hours named. */
  private boolean isRepetition(ZonedDateTime time) {
    ZoneOffsetTransition change = time.getZone().getRules().getTransition(time.toLocalDateTime());
    if (change == null
        || !change.isOverlap()
        || time.getOffset().equals(change.getOffsetBefore())) {
      return false;
    }
    // The second time: fires only if the hour goes on as the hours around it do.
    LocalDateTime local = time.toLocalDateTime();
    Duration step = change.getDuration().abs();
    return !names(local.minus(step)) && !names(local.plus(step));
  }

  /** Whether the gap leaves out a time that the new clock has no like of. */
  private boolean swallows(ZoneOffsetTransition gap) {
    LocalDateTime last = gap.getDateTimeAfter();
    ZonedDateTime time = next(gap.getDateTimeBefore().minusSeconds(1).atZone(ZoneOffset.UTC));
    while (time != null && time.toLocalDateTime().isBefore(last)) {
      if (!names(time.toLocalDateTime().plus(gap.getDuration()))) {
        return true;
      }
      time = next(time);
    }
    return false;
  }

  /** Whether it names that time of a clock that never changes. */
  private boolean names(LocalDateTime local) {
    return times.isMatch(local.atZone(ZoneOffset.UTC));
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "cron(%s)", text);
  }
}
