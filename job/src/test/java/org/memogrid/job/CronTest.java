/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** When an expression fires, above all on the days on which a zone's clock changes. */
class CronTest {
  private static final String BERLIN = "Europe/Berlin";
  private static final String CAIRO = "Africa/Cairo";

  /** The times from then on, by the zone's own clock. */
  private static List<String> times(String cron, String zone, Gap gap, String from, int count) {
    ZoneId id = ZoneId.of(zone);
    Cron parsed = Cron.parse(cron);
    List<String> times = new ArrayList<>();
    Instant after = OffsetDateTime.parse(from).toInstant();
    for (int i = 0; i < count && after != null; i++) {
      after = parsed.nextAfter(after, id, gap);
      times.add(after == null ? "never" : after.atZone(id).toOffsetDateTime().toString());
    }
    return times;
  }

  private static List<String> times(String cron, String zone, String from, int count) {
    return times(cron, zone, Gap.RUN_ONCE_AFTER, from, count);
  }

  @Test
  void dailyInTheGapFiresOnceWhenTheGapIsOver() {
    assertThat(times("0 30 2 * * ?", BERLIN, "2026-03-28T12:00+01:00", 2))
        .containsExactly("2026-03-29T03:00+02:00", "2026-03-30T02:30+02:00");
    assertThat(times("30 2 * * *", BERLIN, "2026-03-28T12:00+01:00", 2))
        .containsExactly("2026-03-29T03:00+02:00", "2026-03-30T02:30+02:00");
  }

  @Test
  void dailyInTheGapIsSkippedIfThatIsAskedFor() {
    assertThat(times("0 30 2 * * ?", BERLIN, Gap.SKIP, "2026-03-28T12:00+01:00", 1))
        .containsExactly("2026-03-30T02:30+02:00");
  }

  @Test
  void dailyInTheOverlapFiresOnce() {
    assertThat(times("0 30 2 * * ?", BERLIN, "2026-10-24T12:00+02:00", 2))
        .containsExactly("2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00");
    assertThat(times("0 30 2 * * ?", BERLIN, "2026-10-25T02:45+02:00", 1))
        .as("looked for between the two")
        .containsExactly("2026-10-26T02:30+01:00");
  }

  @Test
  void everyHalfHourGoesOnThroughTheOverlap() {
    assertThat(times("0 */30 * * * ?", BERLIN, "2026-10-25T01:30+02:00", 6))
        .containsExactly(
            "2026-10-25T02:00+02:00",
            "2026-10-25T02:30+02:00",
            "2026-10-25T02:00+01:00",
            "2026-10-25T02:30+01:00",
            "2026-10-25T03:00+01:00",
            "2026-10-25T03:30+01:00");
  }

  @Test
  void everyTwoHoursLosesNothingInTheGapAtMidnight() {
    assertThat(times("0 0 */2 * * ?", CAIRO, "2026-04-23T20:00+02:00", 4))
        .containsExactly(
            "2026-04-23T22:00+02:00",
            "2026-04-24T01:00+03:00",
            "2026-04-24T02:00+03:00",
            "2026-04-24T04:00+03:00");
    assertThat(times("0 0 0 * * ?", CAIRO, "2026-04-23T12:00+02:00", 2))
        .containsExactly("2026-04-24T01:00+03:00", "2026-04-25T00:00+03:00");
  }

  /** 02:15 and 02:45 are left out, but 03:15 and 03:45 follow as close as they would have. */
  @Test
  void whatGoesOnThroughTheGapIsNotMadeUpFor() {
    assertThat(times("0 15,45 * * * ?", BERLIN, "2026-03-29T01:15+01:00", 3))
        .containsExactly(
            "2026-03-29T01:45+01:00", "2026-03-29T03:15+02:00", "2026-03-29T03:45+02:00");
  }

  @Test
  void manyTimesInOneGapAreMadeUpForOnce() {
    assertThat(times("0 10,20,30 2 * * ?", BERLIN, "2026-03-29T01:00+01:00", 2))
        .containsExactly("2026-03-29T03:00+02:00", "2026-03-30T02:10+02:00");
  }

  @Test
  void aDailyTimeInTheOverlapAtMidnightFiresOnce() {
    assertThat(times("0 30 23 * * ?", CAIRO, "2026-10-29T12:00+03:00", 2))
        .containsExactly("2026-10-29T23:30+03:00", "2026-10-30T23:30+02:00");
  }

  @Test
  void aTimeThatIsLookedForWithinASecondIsTheNextWholeOne() {
    assertThat(times("* * * * * ?", BERLIN, "2026-03-02T10:00:00.999+01:00", 2))
        .containsExactly("2026-03-02T10:00:01+01:00", "2026-03-02T10:00:02+01:00");
  }

  @Test
  void anExpressionMayHaveAYear() {
    assertThat(times("0 0 0 1 1 ? 2027", "UTC", "2026-03-02T10:00+00:00", 2))
        .containsExactly("2027-01-01T00:00Z", "never");
  }

  /** Those zones' clocks change for ever, and with each change may come a time that it left out. */
  @ParameterizedTest
  @ValueSource(strings = {BERLIN, "America/New_York"})
  void oneWhoseYearsAreOverEnds(String zone) {
    assertTimeoutPreemptively(
        Duration.ofSeconds(20),
        () -> {
          ZoneId id = ZoneId.of(zone);
          Cron cron = Cron.parse("0 0 12 1 1 ? 2027");
          Instant last = LocalDateTime.parse("2027-01-01T12:00").atZone(id).toInstant();
          assertThat(cron.nextAfter(last.minusSeconds(1), id, Gap.RUN_ONCE_AFTER)).isEqualTo(last);
          assertThat(cron.nextAfter(last, id, Gap.RUN_ONCE_AFTER)).isNull();
        });
  }

  @Test
  void theVeryLastTimeMayBeOneThatIsLeftOut() {
    assertThat(times("0 30 2 29 3 ? 2026", BERLIN, "2026-03-01T12:00+01:00", 2))
        .containsExactly("2026-03-29T03:00+02:00", "never");
    assertThat(times("0 30 2 29 3 ? 2026", BERLIN, "2024-03-01T12:00+01:00", 1))
        .containsExactly("2026-03-29T03:00+02:00");
  }

  @ParameterizedTest
  @CsvSource({
    "0 0 12 ? * MON-FRI, 2026-03-06T13:00Z, 2026-03-09T12:00Z",
    "0 0 12 L * ?, 2026-03-06T13:00Z, 2026-03-31T12:00Z",
    "0 0 12 ? * 6#3, 2026-03-06T13:00Z, 2026-03-20T12:00Z",
    "0 0 12 15W * ?, 2026-03-06T13:00Z, 2026-03-16T12:00Z",
    "*/5 * * * *, 2026-03-06T13:00Z, 2026-03-06T13:05Z",
    "0 0 * * 7, 2026-03-06T13:00Z, 2026-03-08T00:00Z",
    "0 0 29 2 *, 2026-03-06T13:00Z, 2028-02-29T00:00Z",
  })
  void reads(String cron, String from, String next) {
    assertThat(times(cron, "UTC", from, 1)).containsExactly(next);
  }
}
