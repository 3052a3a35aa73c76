/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.lang.management.ManagementFactory;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.Partitions;
import org.memogrid.internal.node.Node;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Store;
import org.memogrid.internal.store.Versions;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.TestCluster;

/** Jobs that outlive all members, whose clock the test sets. */
@Timeout(300)
class DurableJobTest {
  private static final Duration MINUTE = Duration.ofMinutes(1);

  @TempDir Path directory;

  private final TestClock clock = new TestClock("2026-03-02T10:00:00Z");
  private final List<Start> starts = new CopyOnWriteArrayList<>();
  private final AtomicInteger refused = new AtomicInteger();
  private volatile boolean refusing;

  private record Start(String job, Instant at, long number, int attempt, long token) {}

  private void note(JobContext context) {
    starts.add(
        new Start(
            context.name(),
            context.scheduledAt(),
            context.number(),
            context.attempt(),
            context.token().number()));
  }

  private List<Start> of(String job) {
    return starts.stream().filter(start -> start.job.equals(job)).toList();
  }

  private TestCluster cluster(int members) {
    DataSource source = source();
    return TestCluster.of(
        members, builder -> builder.partitions(Partitions.CONSISTENT).dataSource("shop", source));
  }

  /** A database in memory, which refuses all while the test says so. */
  private DataSource source() {
    JdbcDataSource source = new JdbcDataSource();
    source.setURL("jdbc:h2:mem:" + directory.getFileName() + ";DB_CLOSE_DELAY=-1");
    return (DataSource)
        Proxy.newProxyInstance(
            DataSource.class.getClassLoader(),
            new Class<?>[] {DataSource.class},
            (self, method, arguments) -> {
              if (refusing && method.getName().equals("getConnection")) {
                refused.incrementAndGet();
                throw new SQLException("refused on purpose");
              }
              try {
                return method.invoke(source, arguments);
              } catch (InvocationTargetException e) {
                throw e.getTargetException();
              }
            });
  }

  private JobBuilder job(String name, Persist persist) {
    return Job.named(name, this::note).persist(persist);
  }

  @CanIgnoreReturnValue
  private List<Job> start(TestCluster cluster, JobBuilder builder) {
    List<Job> jobs = new ArrayList<>();
    for (Cluster node : cluster.nodes()) {
      clock.of(node);
      jobs.add(builder.start(node));
    }
    return jobs;
  }

  private void tickAndAwait(String job, int firings) {
    clock.tick(MINUTE);
    awaitFirings(job, firings);
  }

  private void awaitFirings(String job, int firings) {
    Await.until(firings + " firings of " + job, () -> of(job).size() >= firings);
  }

  private static void awaitRest(Job job) {
    Await.until(job + " is at rest", () -> job.status() != JobStatus.RUNNING);
  }

  // ---- all members end

  enum Place {
    FILES,
    TABLE
  }

  private Persist in(Place place) {
    return place == Place.FILES ? Persist.file(directory) : Persist.jdbc("shop", "jobs");
  }

  @ParameterizedTest
  @EnumSource
  void whatWasDecidedStandsWhenAllMembersEndAtOnce(Place place) {
    JobBuilder counted = job("counted", in(place)).every(MINUTE).limit(5);
    JobBuilder once = job("once", in(place)).in(MINUTE);
    JobBuilder paused = job("paused", in(place)).every(MINUTE);
    long former;
    try (TestCluster cluster = cluster(3)) {
      List<Job> jobs = start(cluster, counted);
      awaitFirings("counted", 1);
      Job finished = start(cluster, once).get(1);
      Job still = start(cluster, paused).get(2);
      awaitFirings("paused", 1);
      still.pause();
      tickAndAwait("counted", 2);
      awaitFirings("once", 1);
      Await.until("finished", () -> finished.status() == JobStatus.FINISHED);
      awaitRest(jobs.get(0));
      former = starts.stream().mapToLong(Start::token).max().orElseThrow();
      cluster.crash(0, 1, 2);
    }
    clock.tick(MINUTE.multipliedBy(10));
    try (TestCluster cluster = cluster(place == Place.FILES ? 3 : 1)) {
      Job still = start(cluster, paused).get(0);
      Job finished = start(cluster, once).get(0);
      Job last = start(cluster, counted).get(0);
      awaitFirings("counted", 3); // one for all that passed
      awaitRest(last);
      tickAndAwait("counted", 4);
      awaitRest(last);
      tickAndAwait("counted", 5);
      Await.until("finished", () -> last.status() == JobStatus.FINISHED);
      assertThat(finished.status()).isEqualTo(JobStatus.FINISHED);
      assertThat(still.status()).isEqualTo(JobStatus.PAUSED);
      assertThat(Objects.requireNonNull(last.token()).number()).isGreaterThan(former);
    }
    assertThat(of("once")).hasSize(1);
    assertThat(of("paused")).hasSize(1);
    assertThat(of("counted")).extracting(Start::number).containsExactly(1L, 2L, 3L, 4L, 5L);
    assertThat(of("counted")).extracting(Start::at).doesNotHaveDuplicates().isSorted();
    assertThat(of("counted").get(2).at).isEqualTo("2026-03-02T10:11:00Z");
    assertThat(of("counted").subList(2, 5)).allMatch(start -> start.token > former);
  }

  @Test
  void aProcessAloneKeepsItsJobsToo() {
    for (int i = 1; i <= 2; i++) {
      try (Cluster alone = Cluster.local()) {
        clock.of(alone);
        Job job = job("ajob", Persist.file(directory)).every(MINUTE).limit(2).start(alone);
        awaitFirings("ajob", i);
        awaitRest(job);
        clock.tick(MINUTE);
        awaitFirings("ajob", 2);
      }
    }
    assertThat(starts).extracting(Start::number).containsExactly(1L, 2L);
  }

  // ---- who has an old copy

  /** The first of three members is lost early, so its files know of one firing alone. */
  private void leaveOldFiles(JobBuilder counted, JobBuilder... once) {
    try (TestCluster cluster = cluster(1)) {
      start(cluster, counted);
      List.of(once).forEach(each -> start(cluster, each));
      awaitFirings("counted", 1);
      cluster.join();
      cluster.join();
      start(cluster, counted);
      List.of(once).forEach(each -> start(cluster, each));
      cluster.crash(0);
      Job job = start(cluster, counted).get(0);
      tickAndAwait("counted", 2);
      Await.until("all others", () -> starts.size() == 2 + once.length);
      awaitRest(job);
      tickAndAwait("counted", 3);
      awaitRest(job);
      cluster.crash(0, 1);
    }
  }

  @Test
  void nothingFiresUntilThoseAreBackThatMayKnowBetter() {
    JobBuilder counted = job("counted", Persist.file(directory)).every(MINUTE);
    JobBuilder once = job("once", Persist.file(directory)).in(MINUTE);
    leaveOldFiles(counted, once);
    clock.tick(MINUTE);
    try (TestCluster cluster = cluster(1)) {
      Job job = start(cluster, counted).get(0);
      start(cluster, once);
      Await.until("it has the turn", () -> cluster.node(0).self().equals(job.holder()));
      assertThat(job.missing()).isNotEmpty();
      String missing = job.missing().iterator().next();
      assertThatThrownBy(job::status)
          .isInstanceOf(CacheException.class)
          .hasMessageContaining(missing)
          .hasMessageContaining("goOnWithoutMissing");
      assertThatThrownBy(job::triggerNow)
          .isInstanceOf(CacheException.class)
          .hasMessageContaining(missing);
      assertThat(starts).hasSize(4);
      cluster.join(); // without the job: its files are enough
      cluster.join();
      awaitFirings("counted", 4);
      assertThat(job.missing()).isEmpty();
    }
    assertThat(of("counted")).extracting(Start::number).containsExactly(1L, 2L, 3L, 4L);
    assertThat(of("counted")).extracting(Start::at).doesNotHaveDuplicates();
    assertThat(of("once")).hasSize(1);
  }

  @Test
  void whoGoesOnWithoutTheMissingFiresNothingOfTheTimeBefore() throws Exception {
    JobBuilder counted = job("counted", Persist.file(directory)).every(MINUTE);
    JobBuilder once = job("once", Persist.file(directory)).in(MINUTE);
    JobBuilder late = job("late", Persist.file(directory)).in(MINUTE);
    leaveOldFiles(counted, once, late);
    clock.tick(MINUTE.dividedBy(2));
    long former = starts.stream().mapToLong(Start::token).max().orElseThrow();
    try (TestCluster cluster = cluster(1)) {
      Job job = start(cluster, counted).get(0);
      Job last = start(cluster, once).get(0);
      MBeanServer beans = ManagementFactory.getPlatformMBeanServer();
      ObjectName bean = new ObjectName("org.memogrid:type=Job,name=counted");
      assertThat(beans.getAttribute(bean, "Missing"))
          .isEqualTo(job.missing().toArray(String[]::new))
          .isNotEqualTo(new String[0]);
      beans.invoke(bean, "goOnWithoutMissing", null, null);
      assertThat(job.missing()).isEmpty();
      Await.until("it did, or never will", () -> last.status() == JobStatus.FINISHED);
      tickAndAwait("counted", 4);
      awaitRest(job);
      cluster.crash(0);
    }
    try (TestCluster cluster = cluster(1)) { // and it is known in the next life
      Job last = start(cluster, late).get(0);
      Await.until("it did, or never will", () -> last.status() == JobStatus.FINISHED);
      start(cluster, counted);
      tickAndAwait("counted", 5);
    }
    assertThat(of("once")).hasSize(1);
    assertThat(of("late")).hasSize(1);
    assertThat(of("counted")).extracting(Start::at).doesNotHaveDuplicates();
    assertThat(of("counted").get(3).at).isEqualTo("2026-03-02T10:03:00Z");
    assertThat(of("counted").get(3).token).isGreaterThan(former);
  }

  // ---- what refuses, and what is refused

  @Test
  void nothingBeginsThatThePlaceHasRefused() {
    JobBuilder builder = job("ajob", Persist.jdbc("shop", "jobs")).every(MINUTE);
    try (TestCluster cluster = cluster(2)) {
      Job job = start(cluster, builder).get(0);
      awaitFirings("ajob", 1);
      awaitRest(job);
      refusing = true;
      int before = refused.get();
      clock.tick(MINUTE);
      Await.until("a claim was refused", () -> refused.get() > before);
      assertThat(starts).hasSize(1);
      refusing = false;
      Await.until(
          "it fires when it is taken",
          () -> {
            clock.tick(Duration.ofMillis(10)); // it is tried again by the job's clock
            return starts.size() == 2;
          });
    }
    assertThat(starts).extracting(Start::number).containsExactly(1L, 2L);
  }

  /** What is read then may be on one member alone, and be lost when all are killed. */
  @Test
  void aClaimThatWasRefusedAndIsFoundStoredIsNotKnownToBeStored() {
    try (Cluster alone = Cluster.local()) {
      Node node = alone.unwrap(Node.class);
      Store real = node.store("org.memogrid.test", CacheOptions.of(Mode.LOCAL));
      Store unsure = answeringNo(real);
      Versions versions = new Versions();
      Kept kept = new Kept(Persist.file(directory), real, unsure, node.codec(), versions);
      Envelope first = Envelope.ofBytes(versions.next(), new byte[] {1});
      real.put("ajob", first);
      Envelope next = Envelope.ofBytes(versions.next(), new byte[] {2});
      assertThatThrownBy(() -> kept.swap(unsure, "ajob", first, next))
          .isInstanceOf(CacheException.class)
          .hasMessageContaining("job 'ajob'")
          .hasMessageContaining("maybe not on all members");
      Envelope other = Envelope.ofBytes(versions.next(), new byte[] {3});
      assertThat(kept.swap(unsure, "ajob", first, other)).isFalse();
    }
  }

  /** As the engine does if who ordered the write was lost before it could answer. */
  private static Store answeringNo(Store real) {
    return (Store)
        Proxy.newProxyInstance(
            Store.class.getClassLoader(),
            new Class<?>[] {Store.class},
            (self, method, arguments) -> {
              Object answer = method.invoke(real, arguments);
              return method.getName().equals("replace") ? (Object) false : answer;
            });
  }

  @Test
  void aJobIsDurableOnAllMembersOrOnNone() {
    Persist files = Persist.file(directory);
    try (TestCluster cluster = cluster(2)) {
      cluster.nodes().forEach(clock::of);
      Job durable = job("durable", files).every(MINUTE).start(cluster.node(0));
      assertThatThrownBy(
              () -> Job.named("durable", this::note).every(MINUTE).start(cluster.node(1)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("job 'durable'")
          .hasMessageContaining("keeps it in file:" + directory)
          .hasMessageContaining("this member gives no persist(...)");
      Job plain = Job.named("plain", this::note).every(MINUTE).start(cluster.node(0));
      assertThatThrownBy(() -> job("plain", files).every(MINUTE).start(cluster.node(1)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("job 'plain'")
          .hasMessageContaining("in memory alone")
          .hasMessageContaining("persist(file:" + directory);
      durable.unschedule();
      plain.unschedule();
      Job.named("durable", this::note).every(MINUTE).start(cluster.node(1));
      job("plain", files).every(MINUTE).start(cluster.node(1));
    }
  }

  @Test
  void allDurableJobsOfAClusterAreKeptInOnePlace() {
    Persist table = Persist.jdbc("shop", "jobs");
    try (TestCluster cluster = cluster(2)) {
      cluster.nodes().forEach(clock::of);
      job("one", Persist.file(directory)).every(MINUTE).start(cluster.node(0));
      for (Cluster node : cluster.nodes()) {
        assertThatThrownBy(() -> job("two", table).every(MINUTE).start(node))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("job 'two' can't be kept in table jobs of shop")
            .hasMessageContaining("file:" + directory);
      }
    }
  }

  @Test
  void aClusterWhoseSidesMayBothServeIsRefused() {
    try (TestCluster cluster = TestCluster.of(1)) {
      assertThatThrownBy(
              () -> job("ajob", Persist.file(directory)).every(MINUTE).start(cluster.node(0)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("job 'ajob' can't be kept in file:" + directory)
          .hasMessageContaining("Partitions.CONSISTENT");
    }
  }
}
