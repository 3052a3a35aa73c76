/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import javax.management.ObjectName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Cluster;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.TestCluster;

/** A daemon on real members of this JVM. */
class DaemonTest {
  private record Start(String node, long token) {}

  private final List<Start> starts = new CopyOnWriteArrayList<>();
  private final AtomicInteger running = new AtomicInteger();
  private final AtomicInteger most = new AtomicInteger();

  private void loop(DaemonContext context) throws InterruptedException {
    most.accumulateAndGet(running.incrementAndGet(), Math::max);
    try {
      starts.add(new Start(context.member().name(), context.token().number()));
      while (context.sleep(Duration.ofMillis(20))) {
        // working
      }
    } finally {
      running.decrementAndGet();
    }
  }

  @CanIgnoreReturnValue
  private Daemon start(Cluster cluster) {
    return Daemon.named("counter", this::loop).start(cluster);
  }

  @Test
  void runsOnOneAndMovesWhenItsMemberLeavesOrDies() {
    try (TestCluster cluster = TestCluster.of(3)) {
      List<Daemon> daemons = new ArrayList<>();
      cluster.nodes().forEach(node -> daemons.add(start(node)));
      Await.until("a start", () -> starts.size() == 1);
      Await.untilAsserted(
          "all know the holder",
          () ->
              assertThat(daemons)
                  .allSatisfy(
                      d ->
                          assertThat(Objects.requireNonNull(d.holder()).name())
                              .isEqualTo(starts.get(0).node())));
      cluster.leave(indexOf(cluster, starts.get(0).node()));
      Await.until("a second start", () -> starts.size() == 2);
      assertThat(most).hasValue(1);
      cluster.crash(indexOf(cluster, starts.get(1).node()));
      Await.until("a third start", () -> starts.size() >= 3);
      Cluster back = cluster.join();
      Daemon again = start(back);
      Await.until("the newcomer knows the holder", () -> again.holder() != null);
      assertThat(again.status()).isEqualTo(DaemonStatus.WAITING);
      assertThat(starts).extracting(Start::token).isSorted().doesNotHaveDuplicates();
    }
  }

  private static int indexOf(TestCluster cluster, String name) {
    for (int i = 0; i < cluster.nodes().size(); i++) {
      if (cluster.node(i).self().name().equals(name)) {
        return i;
      }
    }
    throw new AssertionError(name);
  }

  @Test
  void aTaskThatThrowsIsStartedAgain() {
    AtomicInteger runs = new AtomicInteger();
    List<Long> began = new CopyOnWriteArrayList<>();
    List<DaemonStatus> heard = new CopyOnWriteArrayList<>();
    try (Cluster cluster = Cluster.local();
        Daemon daemon =
            Daemon.named(
                    "frail",
                    context -> {
                      began.add(System.nanoTime());
                      if (runs.incrementAndGet() < 3) {
                        throw new IllegalStateException("on purpose");
                      }
                      loop(context);
                    })
                .listen((d, status) -> heard.add(status))
                .start(cluster)) {
      Await.until("it runs", () -> running.get() == 1);
      assertThat(daemon.stats().failures()).isEqualTo(2);
      assertThat(heard).contains(DaemonStatus.BACKING_OFF, DaemonStatus.RUNNING);
      assertThat(Duration.ofNanos(began.get(2) - began.get(0)))
          .as("a second, then two, each less a quarter at most")
          .isGreaterThanOrEqualTo(Duration.ofMillis(750 + 1_500));
    }
    assertThat(running).hasValue(0);
  }

  @Test
  void theSameNameAgainStopsTheOldOneFirst() {
    try (Cluster cluster = Cluster.local()) {
      Daemon first = start(cluster);
      Await.until("it runs", () -> running.get() == 1);
      Daemon second = start(cluster);
      Await.until("the second runs", () -> starts.size() == 2);
      assertThat(most).hasValue(1);
      assertThat(first.status()).isEqualTo(DaemonStatus.CLOSED);
      second.close();
      assertThat(running).hasValue(0);
      assertThat(starts.get(1).token()).isGreaterThan(starts.get(0).token());
    }
  }

  @Test
  void oneThatReturnsIsStoppedByItsStopFunction() {
    CountDownLatch stopped = new CountDownLatch(1);
    try (Cluster cluster = Cluster.local();
        Daemon daemon =
            Daemon.named("returns", context -> running.incrementAndGet())
                .onStop(stopped::countDown)
                .start(cluster)) {
      Await.until("it ran", () -> running.get() == 1);
      assertThat(daemon.status()).isEqualTo(DaemonStatus.RUNNING);
      daemon.stop();
      Await.until("it stopped", () -> daemon.status() == DaemonStatus.STOPPED);
      assertThat(stopped.getCount()).isZero();
      daemon.start();
      Await.until("it runs again", () -> running.get() == 2);
    }
  }

  @Test
  void oneThatDoesNotStopIsInterruptedThenHangsAndIsNotGivenAway() {
    CountDownLatch release = new CountDownLatch(1);
    try (TestCluster cluster = TestCluster.of(2)) {
      Daemon stubborn =
          Daemon.named(
                  "stubborn",
                  context -> {
                    running.incrementAndGet();
                    while (release.getCount() > 0) {
                      try {
                        release.await();
                      } catch (InterruptedException ignoredOnPurpose) {
                        starts.add(new Start("interrupted", 0));
                      }
                    }
                  })
              .start(cluster.node(0));
      Await.until("it runs", () -> running.get() == 1);
      Daemon other = Daemon.named("stubborn", this::loop).start(cluster.node(1));
      stubborn.stop();
      Await.until("it hangs", () -> stubborn.status() == DaemonStatus.HUNG);
      assertThat(starts).extracting(Start::node).containsExactly("interrupted");
      Daemon later = Daemon.named("later", context -> {}).start(cluster.node(1));
      Await.until("what came later is placed", () -> later.holder() != null);
      assertThat(other.status()).isEqualTo(DaemonStatus.WAITING);
      assertThat(running).hasValue(1);
      release.countDown();
      Await.until("it is given away once it has ended", () -> starts.size() == 2);
      assertThat(other.status()).isEqualTo(DaemonStatus.RUNNING);
    }
  }

  @Test
  @Tag("long") // fifteen seconds, as the like of it above takes
  void oneThatHangsIsGivenAwayIfThatIsAskedFor() {
    CountDownLatch release = new CountDownLatch(1);
    try (TestCluster cluster = TestCluster.of(2)) {
      Daemon stubborn =
          Daemon.named(
                  "stubborn",
                  context -> {
                    running.incrementAndGet();
                    while (release.getCount() > 0) {
                      try {
                        release.await();
                      } catch (InterruptedException ignoredOnPurpose) {
                        starts.add(new Start("interrupted", 0));
                      }
                    }
                  })
              .whenHung(Hung.RELEASE)
              .start(cluster.node(0));
      Await.until("it runs", () -> running.get() == 1);
      Daemon other =
          Daemon.named("stubborn", this::loop).whenHung(Hung.RELEASE).start(cluster.node(1));
      assertThat(other.status()).isEqualTo(DaemonStatus.WAITING);
      stubborn.stop();
      Await.until("the other runs", () -> other.status() == DaemonStatus.RUNNING);
      Await.until("both run", () -> running.get() == 2);
      assertThat(starts).first().extracting(Start::node).isEqualTo("interrupted");
      release.countDown();
    }
  }

  @Test
  void afterThreeFailuresAnotherMemberIsAsked() {
    AtomicReference<String> failing = new AtomicReference<>();
    DaemonTask task =
        context -> {
          failing.compareAndSet(null, context.member().name());
          if (context.member().name().equals(failing.get())) {
            throw new IllegalStateException("on purpose");
          }
          loop(context);
        };
    try (TestCluster cluster = TestCluster.of(2)) {
      List<Daemon> daemons = new ArrayList<>();
      cluster.nodes().forEach(node -> daemons.add(Daemon.named("moody", task).start(node)));
      Await.until("another runs it", () -> running.get() == 1);
      Daemon failed = daemons.get(indexOf(cluster, Objects.requireNonNull(failing.get())));
      assertThat(failed.stats().failures()).isEqualTo(3);
      assertThat(failed.status()).isEqualTo(DaemonStatus.WAITING);
    }
  }

  private void sample(DaemonContext context) throws InterruptedException {
    running.incrementAndGet();
    while (context.sleep(Duration.ofMillis(20))) {
      // working
    }
    running.decrementAndGet();
  }

  @Test
  void onEveryNodeItRunsOnEach() {
    try (TestCluster cluster = TestCluster.of(2)) {
      cluster
          .nodes()
          .forEach(node -> Daemon.named("sampler", this::sample).onEveryNode().start(node));
      Await.until("both run", () -> running.get() == 2);
    }
    assertThat(running).hasValue(0);
  }

  @Test
  void aQuorumIsAwaited() {
    try (TestCluster cluster = TestCluster.of(1)) {
      Daemon first = Daemon.named("pair", this::loop).quorum(2).start(cluster.node(0));
      Await.until("it is placed", () -> first.holder() != null);
      assertThat(running).hasValue(0);
      cluster.join();
      Await.until("two agree", () -> running.get() == 1);
      cluster.crash(1);
      Await.until("one alone stops", () -> running.get() == 0);
    }
  }

  @Test
  void theOldestRunsItIfThatIsAskedFor() {
    try (TestCluster cluster = TestCluster.of(3)) {
      DaemonBuilder builder = Daemon.named("counter", this::loop).placement(Placement.OLDEST);
      List<Daemon> daemons = new ArrayList<>();
      cluster.nodes().forEach(node -> daemons.add(builder.start(node)));
      Await.until("the oldest runs it", () -> daemons.get(0).status() == DaemonStatus.RUNNING);
      cluster.leave(0);
      Await.until("the next one does", () -> daemons.get(1).status() == DaemonStatus.RUNNING);
      assertThat(daemons.get(2).status()).isEqualTo(DaemonStatus.WAITING);
    }
  }

  @Test
  void optionsThatDifferAreRefusedAndBothAreShown() {
    try (TestCluster cluster = TestCluster.of(2)) {
      start(cluster.node(0));
      Await.until("it runs", () -> running.get() == 1);
      Daemon other =
          Daemon.named("counter", this::loop).placement(Placement.OLDEST).start(cluster.node(1));
      Await.until("it is refused", () -> other.status() == DaemonStatus.REFUSED);
    }
  }

  /** As where nodes are replaced one by one by those of a version that has other options. */
  @Test
  void oneThatWasRefusedRunsWhenNobodyOffersTheNameAsBefore() {
    try (TestCluster cluster = TestCluster.of(3)) {
      Daemon first = start(cluster.node(0));
      Await.until("it runs", () -> running.get() == 1);
      Daemon second = start(cluster.node(1));
      Daemon other =
          Daemon.named("counter", this::loop).placement(Placement.OLDEST).start(cluster.node(2));
      Await.until("it is refused", () -> other.status() == DaemonStatus.REFUSED);
      first.close();
      Await.until("the second runs", () -> second.status() == DaemonStatus.RUNNING);
      assertThat(other.status()).isEqualTo(DaemonStatus.REFUSED);
      second.close();
      Await.until("the other runs", () -> other.status() == DaemonStatus.RUNNING);
      Await.until("its holder", () -> cluster.node(2).self().equals(other.holder()));
      assertThat(most).hasValue(1);
      assertThat(starts).extracting(Start::token).isSorted().doesNotHaveDuplicates();
    }
  }

  @Test
  void oneThatWasRefusedRunsWhenTheLastOneThatRefusedItDies() {
    try (TestCluster cluster = TestCluster.of(2)) {
      start(cluster.node(0));
      Await.until("it runs", () -> running.get() == 1);
      Daemon other =
          Daemon.named("counter", this::loop).placement(Placement.OLDEST).start(cluster.node(1));
      Await.until("it is refused", () -> other.status() == DaemonStatus.REFUSED);
      assertThat(other.holder()).isNull();
      cluster.crash(0);
      Await.until("the other runs", () -> other.status() == DaemonStatus.RUNNING);
    }
  }

  @Test
  void oneThatWasRefusedAndIsStoppedIsStopped() {
    try (TestCluster cluster = TestCluster.of(2)) {
      Daemon first = start(cluster.node(0));
      Await.until("it runs", () -> running.get() == 1);
      Daemon other =
          Daemon.named("counter", this::loop).placement(Placement.OLDEST).start(cluster.node(1));
      Await.until("it is refused", () -> other.status() == DaemonStatus.REFUSED);
      other.stop();
      Await.until("it is stopped", () -> other.status() == DaemonStatus.STOPPED);
      first.stop();
      Await.until("it stopped", () -> first.status() == DaemonStatus.STOPPED);
      other.start();
      Await.until("the other runs", () -> other.status() == DaemonStatus.RUNNING);
      first.start();
      Await.until("now that one is refused", () -> first.status() == DaemonStatus.REFUSED);
    }
  }

  @SuppressWarnings("NullAway") // on purpose
  private static DaemonBuilder namedWithoutTask() {
    return Daemon.named("x", null);
  }

  @Test
  void badInputIsRefusedBeforeAnythingChanges() {
    assertThatThrownBy(() -> Daemon.named(" ", this::loop)).hasMessageContaining("blank");
    assertThatThrownBy(() -> namedWithoutTask())
        .isInstanceOf(NullPointerException.class)
        .hasMessage("task");
    assertThatThrownBy(() -> Daemon.named("x", this::loop).quorum(0)).hasMessageContaining("0");
    assertThatThrownBy(
            () -> Daemon.named("x", this::loop).onEveryNode().quorum(2).start(Cluster.local()))
        .hasMessageContaining("quorum(2)");
  }

  @Test
  void isSeenAndSteeredInJmx() throws Exception {
    try (Cluster cluster = Cluster.local()) {
      Daemon daemon = Daemon.named("beans", this::loop).start(cluster);
      Await.until("it runs", () -> running.get() == 1);
      var server = ManagementFactory.getPlatformMBeanServer();
      ObjectName name = new ObjectName("org.memogrid:type=Daemon,name=beans");
      assertThat(server.getAttribute(name, "Status")).isEqualTo("RUNNING");
      assertThat(server.getAttribute(name, "Holder")).isEqualTo(cluster.self().name());
      assertThat((Long) server.getAttribute(name, "Token")).isPositive();
      server.invoke(name, "stop", null, null);
      Await.until("it stopped", () -> daemon.status() == DaemonStatus.STOPPED);
      server.invoke(name, "start", null, null);
      Await.until("it runs again", () -> running.get() == 1);
      daemon.close();
      assertThat(server.isRegistered(name)).isFalse();
    }
  }
}
