/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import javax.management.MalformedObjectNameException;
import javax.management.ObjectName;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.CacheWriter;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Cluster;
import org.memogrid.internal.node.Node;
import org.memogrid.internal.store.Store;

/** What makes no sense is refused, with the value and where in it the error is. */
class BadInputTest {
  private static final Duration MINUTE = Duration.ofMinutes(1);
  private final TestClock clock = new TestClock("2026-03-02T10:00:00Z");
  private Cluster cluster;

  @BeforeEach
  void join() {
    cluster = Cluster.local();
    clock.of(cluster);
  }

  @AfterEach
  void leave() {
    cluster.close();
  }

  private static JobBuilder job() {
    return Job.named("ajob", context -> {});
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0 0 25 * * ?|field 3 (hour) is \"25\": Value 25 not in range [0, 23]",
        "0 61 2 * * ?|field 2 (minute) is \"61\": Value 61",
        "x * * * * ?|field 1 (second) is \"x\"",
        "0 0 0 32 * ?|field 4 (day of month) is \"32\"",
        "0 0 0 1 XYZ ?|field 5 (month) is \"XYZ\"",
        "0 0 0 ? * 8|field 6 (day of week) is \"8\"",
        "0 0 0 1 1 ? 1900|field 7 (year) is \"1900\"",
        "0 0 12 * * *|fields 4 and 6 (day of month, day of week) are \"*\" and \"*\"",
        "60 * * * *|field 1 (minute) is \"60\"",
        "* * * *|has 4 fields",
        "* * * * * ? * *|has 8 fields",
        "''|has 0 fields",
        "@daily|has 1 fields",
        "0 0 0 30 2 ?|never fires: there is no day in field 4 (day of month) \"30\", field 5",
        "0 0 31 4 *|never fires: there is no day in field 3 (day of month) \"31\", field 4",
      })
  void aCronExpressionShowsItsFieldAtFault(String cron, String what) {
    assertThatThrownBy(() -> job().cron(cron))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("job 'ajob'")
        .hasMessageContaining("\"" + cron + "\"")
        .hasMessageContaining(what);
  }

  private void assertNothingIsScheduled(JobBuilder builder, String... parts) {
    assertThatThrownBy(() -> builder.start(cluster))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("job 'ajob'")
        .satisfies(error -> assertThat(error.getMessage()).contains(parts));
    assertNothingIsThere();
  }

  private void assertNothingIsThere() {
    Node node = cluster.unwrap(Node.class);
    Store shared = node.store(JobFeature.STATES, CacheOptions.of(Mode.REPLICATED));
    Store own = node.store(JobFeature.STATES + ".own", CacheOptions.of(Mode.LOCAL));
    assertThat(shared.get("ajob")).as("its entry").isNull();
    assertThat(own.get("ajob")).as("its entry").isNull();
    try {
      ObjectName beans = new ObjectName("org.memogrid:type=Job,name=ajob,*");
      assertThat(ManagementFactory.getPlatformMBeanServer().queryNames(beans, null)).isEmpty();
    } catch (MalformedObjectNameException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void whatIsOverIsRefusedWhereItIsScheduled() {
    assertNothingIsScheduled(
        job().cron("0 0 0 1 1 ? 2025").zone("UTC"), "0 0 0 1 1 ? 2025", "never fires");
  }

  @Test
  void whatIsOverIsRefusedWhereClocksChangeForEver() {
    assertTimeoutPreemptively(
        Duration.ofSeconds(20),
        () ->
            assertNothingIsScheduled(
                job().cron("0 0 0 1 1 ? 2025").zone("Europe/Berlin"), "never fires"));
  }

  @Test
  void anEndBeforeTheFirstFiringIsRefused() {
    assertNothingIsScheduled(
        job().cron("0 0 12 * * ?").zone("UTC").until(Instant.parse("2026-03-02T11:00:00Z")),
        "until(2026-03-02T11:00:00Z)",
        "2026-03-02T12:00:00Z");
  }

  @Test
  void anEndBeforeTheFirstFiringInAWhileIsRefused() {
    assertNothingIsScheduled(
        job().in(MINUTE).until(Instant.parse("2026-03-02T10:00:30Z")), "2026-03-02T10:01:00Z");
    assertThatThrownBy(() -> job().until(Instant.EPOCH).at(Instant.parse("2026-03-02T10:00:00Z")))
        .hasMessageContaining("1970-01-01T00:00:00Z")
        .hasMessageContaining("2026-03-02T10:00:00Z");
  }

  @Test
  void noScheduleIsRefused() {
    assertNothingIsScheduled(job(), "no schedule");
    assertNothingIsScheduled(job().limit(3), "no schedule");
  }

  @Test
  void whatContradictsIsRefused() {
    assertThatThrownBy(() -> job().cron("* * * * *").every(MINUTE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "job 'ajob': every(PT1M) contradicts cron(\"* * * * *\"): leave one of them out");
    assertThatThrownBy(() -> job().in(MINUTE).cron("* * * * *")).hasMessageContaining("in(PT1M)");
    assertThatThrownBy(() -> job().in(MINUTE).at(Instant.EPOCH)).hasMessageContaining("in(PT1M)");
    assertThatThrownBy(() -> job().every(MINUTE).every(MINUTE)).hasMessageContaining("already");
    assertNothingIsScheduled(job().in(MINUTE).limit(2), "limit(2)");
    assertNothingIsScheduled(job().in(MINUTE).zone("UTC"), "zone(UTC)");
    assertNothingIsScheduled(
        job().every(MINUTE).onEveryNode().whenLost(WhenLost.RERUN), "onEveryNode()");
  }

  @Test
  void whatCouldNotBeKeptIsRefused(@TempDir Path directory) {
    Persist files = Persist.file(directory);
    assertKeptNowhere(Persist.jdbc("shop", "jobs").writeBehind(9, 1), "writeBehind");
    assertKeptNowhere(Persist.jdbc("jdbc:h2:mem:x", "jobs"), "the name of a data source");
    assertKeptNowhere(files.preload(), "preload and purgeOnStart work in mode LOCAL only");
    assertKeptNowhere(Persist.with("rows"), "give files or a table");
    assertKeptNowhere(
        Persist.with(
            key -> null,
            new CacheWriter<Object, Object>() {
              @Override
              public void write(Object key, Object value) {}

              @Override
              public void delete(Object key) {}
            }),
        "give files or a table");
    assertNothingIsScheduled(
        job().every(MINUTE).onEveryNode().persist(files),
        "onEveryNode() contradicts persist(file:" + directory);
    assertThatThrownBy(() -> Job.named("x".repeat(501), context -> {}).persist(files))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at most 500 characters");
  }

  private static void assertKeptNowhere(Persist persist, String why) {
    assertThatThrownBy(() -> job().persist(persist))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("job 'ajob': persist(")
        .hasMessageContaining(why);
  }

  @Test
  void numbersAndDurationsThatMakeNoSenseAreRefused() {
    assertThatThrownBy(() -> job().limit(0)).hasMessage("job 'ajob': limit(0): give at least 1");
    assertThatThrownBy(() -> job().limit(-1)).hasMessageContaining("limit(-1)");
    assertThatThrownBy(() -> job().every(Duration.ZERO)).hasMessageContaining("every(PT0S)");
    assertThatThrownBy(() -> job().every(Duration.ofSeconds(Long.MAX_VALUE)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> job().in(MINUTE.negated())).hasMessageContaining("in(PT-1M)");
    assertThatThrownBy(() -> job().at(Instant.MAX)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Misfire.fireAll(0)).hasMessageContaining("fireAll(0)");
    assertThatThrownBy(() -> Misfire.fireAll(10_001)).hasMessageContaining("10001");
  }

  @Test
  void aZoneThatIsNotKnownIsRefused() {
    assertThatThrownBy(() -> job().zone("Europe/Berlim"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("job 'ajob'")
        .hasMessageContaining("Europe/Berlim");
  }

  @Test
  @SuppressWarnings("NullAway") // on purpose
  void nullIsRefusedByTheNameOfTheArgument() {
    assertThatThrownBy(() -> Job.named("x", null))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("task");
    assertThatThrownBy(() -> Job.named(null, context -> {})).hasMessage("name");
    assertThatThrownBy(() -> job().cron(null)).hasMessage("expression");
    assertThatThrownBy(() -> job().zone((ZoneId) null)).hasMessage("zone");
    assertThatThrownBy(() -> job().every(null)).hasMessage("period");
    assertThatThrownBy(() -> Job.named(" ", context -> {})).hasMessageContaining("blank");
  }
}
