/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.FencingToken;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.Member;
import org.memogrid.internal.lease.Lease;
import org.memogrid.internal.lease.LeaseFeature;
import org.memogrid.internal.lease.LeaseListener;
import org.memogrid.internal.lease.LeaseSpec;
import org.memogrid.internal.node.Node;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.TestCluster;

/** Daemons that are started, stopped and closed at bad moments, that hang, and that are many. */
class DaemonLifeTest {
  private static final Duration LONG = Duration.ofMinutes(2);

  private final AtomicInteger running = new AtomicInteger();
  private final CountDownLatch release = new CountDownLatch(1);

  private void loop(DaemonContext context) throws InterruptedException {
    running.incrementAndGet();
    try {
      while (context.sleep(Duration.ofMillis(20))) {
        // working
      }
    } finally {
      running.decrementAndGet();
    }
  }

  /** Does not even heed an interrupt. */
  private void hang(DaemonContext context) {
    running.incrementAndGet();
    while (release.getCount() > 0) {
      try {
        release.await();
      } catch (InterruptedException ignoredOnPurpose) {
        Thread.onSpinWait();
      }
    }
    running.decrementAndGet();
  }

  /** Ends when it may, whether it has been told to or not. */
  private void linger(DaemonContext context) throws InterruptedException {
    running.incrementAndGet();
    release.await();
    running.decrementAndGet();
  }

  private static DaemonFeature feature(Cluster cluster) {
    return cluster.unwrap(Node.class).feature(DaemonFeature.class);
  }

  private static void hurry(Cluster cluster) {
    Duration soon = Duration.ofMillis(50);
    feature(cluster).timing(new DaemonFeature.Timing(soon, soon, System::nanoTime));
  }

  /** What it counted is written when its member leaves, so that the next one goes on from there. */
  @Test
  void theLastThingATaskDoesMayBeAWriteWhileItsMemberLeaves() {
    try (TestCluster nodes = TestCluster.of(2)) {
      Cluster one = nodes.node(0);
      Cache<String, String> cache = one.cache("last", Mode.REPLICATED);
      Cache<String, String> other = nodes.node(1).cache("last", Mode.REPLICATED);
      Daemon.named("writer", this::loop).onStop(() -> cache.put("said by", "onStop")).start(one);
      Daemon.named(
              "ender",
              context -> {
                loop(context);
                cache.put("also said by", "the task");
              })
          .start(one);
      Await.until("both run", () -> running.get() == 2);
      one.close();
      assertThat(other.asMap())
          .containsOnly(entry("said by", "onStop"), entry("also said by", "the task"));
      assertThatThrownBy(() -> cache.get("said by")).isInstanceOf(IllegalStateException.class);
    }
  }

  /**
   * The race: one thread starts a daemon while another's is being closed, which the thread of the
   * leases completes; whoever starts must not wait for that thread with a lock that it needs.
   */
  @Test
  void twoThreadsStartAndCloseAsManyAsTheyLike() {
    assertTimeoutPreemptively(
        LONG,
        () -> {
          try (Cluster cluster = Cluster.local()) {
            List<CompletableFuture<Void>> both = new ArrayList<>();
            for (String thread : List.of("a", "b")) {
              both.add(CompletableFuture.runAsync(() -> startAndClose(cluster, thread)));
            }
            CompletableFuture.allOf(both.toArray(CompletableFuture<?>[]::new)).get();
          }
        });
  }

  private static void startAndClose(Cluster cluster, String thread) {
    for (int i = 0; i < 250; i++) {
      Daemon.named(thread + i, context -> {}).start(cluster).close();
    }
  }

  @Test
  void oneThatRunsIsActiveWhileOthersWithLargerQuorumsAreStarted() {
    CountDownLatch inactive = new CountDownLatch(1);
    try (Cluster cluster = Cluster.local();
        Daemon steady =
            Daemon.named(
                    "steady",
                    context -> {
                      running.incrementAndGet();
                      while (context.isActive()) {
                        Thread.onSpinWait();
                      }
                      inactive.countDown();
                    })
                .start(cluster)) {
      Await.until("it runs", () -> running.get() == 1);
      long now = System.nanoTime();
      leases(cluster).clock(() -> now); // however slow the machine is, its turn is not over
      for (int quorum = 2; quorum <= 1_000; quorum++) {
        Daemon.named("voted" + quorum, this::loop).quorum(quorum).start(cluster);
      }
      assertThat(steady.status()).isEqualTo(DaemonStatus.RUNNING);
      assertThat(inactive.getCount()).as("it was active all the time").isEqualTo(1);
    }
  }

  /** The race: it is started again before what it ran has ended, and another gets it then. */
  @Test
  void oneThatIsStartedAgainWhileItStopsIsOnOffer() {
    try (TestCluster cluster = TestCluster.of(2)) {
      Daemon first = Daemon.named("slow", this::linger).start(cluster.node(0));
      Await.until("it runs", () -> running.get() == 1);
      Daemon other = Daemon.named("slow", this::linger).start(cluster.node(1));
      Await.until("the other knows", () -> other.holder() != null);
      first.stop();
      assertThat(first.status()).isEqualTo(DaemonStatus.STOPPING);
      first.start();
      release.countDown();
      Await.until("one runs it", () -> other.status() == DaemonStatus.RUNNING);
      Await.until("the first waits", () -> first.status() == DaemonStatus.WAITING);
      other.close();
      Await.until("the first runs it", () -> first.status() == DaemonStatus.RUNNING);
    }
  }

  @Test
  void oneThatWasStoppedNamesNobodyAsItsHolder() throws Exception {
    try (TestCluster cluster = TestCluster.of(2)) {
      Daemon daemon = Daemon.named("mover", this::loop).start(cluster.node(0));
      Await.until("it runs", () -> running.get() == 1);
      assertThat(daemon.holder()).isEqualTo(cluster.node(0).self());
      var token = daemon.token();
      daemon.stop();
      Await.until("it stopped", () -> daemon.status() == DaemonStatus.STOPPED);
      assertThat(daemon.holder()).isNull();
      ObjectName bean = new ObjectName("org.memogrid:type=Daemon,name=mover");
      assertThat(ManagementFactory.getPlatformMBeanServer().getAttribute(bean, "Holder")).isNull();
      assertThat(daemon.token()).as("the last that was known").isEqualTo(token);
    }
  }

  @Test
  void oneThatHangsKeepsItsNameFromItsLikeAndLeavesNothingBehind() throws Exception {
    try (Cluster cluster = Cluster.local()) {
      hurry(cluster);
      Daemon hanging = Daemon.named("stubborn", this::hang).start(cluster);
      Await.until("it runs", () -> running.get() == 1);
      assertThatThrownBy(() -> Daemon.named("stubborn", this::loop).start(cluster))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("'stubborn'")
          .hasMessageContaining("hangs");
      assertThat(hanging.status()).isEqualTo(DaemonStatus.HUNG);
      release.countDown();
      Await.until("it ended after all", () -> hanging.status() == DaemonStatus.CLOSED);
      Daemon next = Daemon.named("stubborn", this::loop).start(cluster);
      Await.until("the next runs", () -> next.status() == DaemonStatus.RUNNING);
      next.close();
      ObjectName beans = new ObjectName("org.memogrid:type=Daemon,name=stubborn,*");
      assertThat(ManagementFactory.getPlatformMBeanServer().queryNames(beans, null)).isEmpty();
    }
  }

  @Test
  void oneThatHangsAndWasGivenAwayIsNotOnOfferUntilItHasEnded() {
    try (TestCluster cluster = TestCluster.of(2)) {
      hurry(cluster.node(0));
      DaemonBuilder builder = Daemon.named("stubborn", this::hang).whenHung(Hung.RELEASE);
      Daemon hanging = builder.start(cluster.node(0));
      Await.until("it runs", () -> running.get() == 1);
      Daemon other =
          Daemon.named("stubborn", this::loop).whenHung(Hung.RELEASE).start(cluster.node(1));
      hanging.stop();
      Await.until("the other runs", () -> other.status() == DaemonStatus.RUNNING);
      hanging.start();
      other.close();
      Daemon later = Daemon.named("later", this::loop).start(cluster.node(0));
      Await.until("what came later is placed", () -> later.status() == DaemonStatus.RUNNING);
      assertThat(hanging.status()).isEqualTo(DaemonStatus.HUNG);
      assertThat(hanging.holder()).as("who could not run it").isNull();
      release.countDown();
      Await.until("it runs again", () -> hanging.status() == DaemonStatus.RUNNING);
    }
  }

  /**
   * The race: what hangs was given away, so nothing but its own task keeps its like from running.
   */
  @Test
  void oneThatHangsAndWasGivenAwayKeepsItsNameFromItsLikeOnItsMember() {
    try (Cluster cluster = Cluster.local()) {
      hurry(cluster);
      DaemonBuilder builder = Daemon.named("stubborn", this::loop).whenHung(Hung.RELEASE);
      Daemon hanging = Daemon.named("stubborn", this::hang).whenHung(Hung.RELEASE).start(cluster);
      Await.until("it runs", () -> running.get() == 1);
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(() -> builder.start(cluster))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("'stubborn'")
            .hasMessageContaining("hangs");
        assertThat(hanging.status()).isEqualTo(DaemonStatus.HUNG);
        assertThat(running).hasValue(1);
      }
      release.countDown();
      Await.until("it ended after all", () -> hanging.status() == DaemonStatus.CLOSED);
      Await.untilAsserted("the next is started", () -> builder.start(cluster));
      Await.until("the next runs", () -> running.get() == 1);
    }
  }

  /**
   * The race: 1. its task sees that its turn is over by the clock of the moment, as where votes are
   * late; 2. it hangs; 3. the cluster never notices, as the votes have come.
   */
  @Test
  void oneThatSawTheEndOfItsTurnAndHangsIsGivenToNobody() throws Exception {
    AtomicLong ahead = new AtomicLong();
    CountDownLatch look = new CountDownLatch(1);
    CountDownLatch seen = new CountDownLatch(1);
    Placement other = Placement.preferred("n1"); // it would get what is given back
    try (TestCluster cluster = TestCluster.of(2)) {
      hurry(cluster.node(0));
      LeaseFeature leases = leases(cluster.node(0));
      leases.clock(() -> System.nanoTime() + ahead.get());
      Daemon hanging =
          Daemon.named(
                  "stubborn",
                  context -> {
                    running.incrementAndGet();
                    look.await();
                    if (!context.isActive()) {
                      seen.countDown();
                    }
                    hang(context);
                  })
              .placement(other)
              .start(cluster.node(0));
      Await.until("it runs", () -> running.get() == 1);
      Daemon waiting = Daemon.named("stubborn", this::loop).placement(other).start(cluster.node(1));
      Await.until("the other knows", () -> waiting.holder() != null);
      FencingToken turn = waiting.token();
      whileBusy(
          cluster.node(0),
          () -> {
            ahead.set(TimeUnit.SECONDS.toNanos(60));
            look.countDown();
            Await.until("it sees the end", () -> seen.getCount() == 0);
            ahead.set(0);
          });
      Await.until("it hangs", () -> hanging.status() == DaemonStatus.HUNG);
      Daemon later = Daemon.named("later", context -> {}).start(cluster.node(1));
      Await.until("what came later is placed", () -> later.holder() != null);
      assertThat(waiting.status()).isEqualTo(DaemonStatus.WAITING);
      assertThat(waiting.token()).as("the turn of what hangs").isEqualTo(turn);
      release.countDown();
      Await.until("the other runs it", () -> waiting.status() == DaemonStatus.RUNNING);
    }
  }

  /** The race of {@code RunningDaemon.goOn}. */
  @Test
  void oneWhoseTurnWasOverForAMomentAtTheEndOfItsBackoffRunsAgain() throws Exception {
    AtomicLong ahead = new AtomicLong();
    AtomicInteger runs = new AtomicInteger();
    CountDownLatch fail = new CountDownLatch(1);
    CountDownLatch later = new CountDownLatch(1);
    try (Cluster cluster = Cluster.local()) {
      leases(cluster).clock(() -> System.nanoTime() + ahead.get());
      Daemon frail =
          Daemon.named(
                  "frail",
                  context -> {
                    if (runs.incrementAndGet() == 1) {
                      fail.await();
                      throw new IllegalStateException("on purpose");
                    }
                    loop(context);
                  })
              .start(cluster);
      Await.until("it runs", () -> runs.get() == 1);
      whileBusy(
          cluster,
          () -> {
            ahead.set(TimeUnit.SECONDS.toNanos(60));
            fail.countDown();
            Await.until("backoff", () -> frail.status() == DaemonStatus.BACKING_OFF);
            var unused =
                cluster
                    .unwrap(Node.class)
                    .scheduler()
                    .schedule(later::countDown, 1_050, TimeUnit.MILLISECONDS);
            later.await(); // longer than a first backoff
            ahead.set(0);
          });
      Await.until("it runs again", () -> running.get() == 1);
    }
  }

  @Test
  void oneThatGetsNoThreadTriesAgain() {
    AtomicInteger tries = new AtomicInteger();
    try (Cluster cluster = Cluster.local()) {
      feature(cluster)
          .starter(
              thread -> {
                if (tries.incrementAndGet() == 1) {
                  throw new OutOfMemoryError("unable to create native thread, on purpose");
                }
                thread.start();
              });
      Daemon daemon = Daemon.named("poor", this::loop).start(cluster);
      Await.until("it runs", () -> running.get() == 1);
      assertThat(daemon.stats().failures()).isEqualTo(1);
      assertThat(daemon.status()).isEqualTo(DaemonStatus.RUNNING);
    }
  }

  private static LeaseFeature leases(Cluster cluster) {
    return cluster.unwrap(Node.class).feature(LeaseFeature.class);
  }

  /** Something done while the thread of the leases does nothing. */
  private interface Action {
    void run() throws Exception;
  }

  private static void whileBusy(Cluster cluster, Action action) throws Exception {
    CountDownLatch busy = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    Lease unused =
        leases(cluster)
            .offer(
                "busy",
                LeaseSpec.SPREAD,
                new LeaseListener() {
                  @Override
                  public void onBegin(FencingToken token) {
                    busy.countDown();
                    awaitUpTo(20_000, go);
                  }

                  @Override
                  public void onEnd(FencingToken token, String why) {}

                  @Override
                  public void onHolder(Member holder, FencingToken token) {}

                  @Override
                  public void onRefused(String why) {}

                  @Override
                  public CompletionStage<?> onLeaving() {
                    return CompletableFuture.completedFuture(null);
                  }
                });
    busy.await();
    action.run();
    go.countDown();
  }

  @Test
  void oneThatClosesItselfDoesNotWaitForItself() {
    AtomicReference<Daemon> self = new AtomicReference<>();
    CountDownLatch closed = new CountDownLatch(1);
    List<DaemonStatus> heard = new CopyOnWriteArrayList<>();
    try (Cluster cluster = Cluster.local()) {
      Daemon daemon =
          Daemon.named(
                  "own",
                  context -> {
                    Await.until("its handle", () -> self.get() != null);
                    Objects.requireNonNull(self.get()).close();
                    closed.countDown();
                  })
              .listen((d, status) -> heard.add(status))
              .start(cluster);
      self.set(daemon);
      Await.until("it is closed", () -> daemon.status() == DaemonStatus.CLOSED);
      assertThat(closed.getCount()).isZero();
      Await.until("all is told", () -> heard.contains(DaemonStatus.CLOSED));
      assertThat(heard).doesNotContain(DaemonStatus.HUNG);
    }
  }

  @Test
  void oneIsNotStartedAnewByItsOwnTask() {
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    try (Cluster cluster = Cluster.local();
        Daemon daemon =
            Daemon.named(
                    "own",
                    context -> {
                      try {
                        Daemon.named("own", this::loop).start(cluster);
                      } catch (IllegalStateException e) {
                        thrown.set(e);
                      }
                    })
                .start(cluster)) {
      Await.until("it has tried", () -> thrown.get() != null);
      assertThat(thrown.get()).hasMessageContaining("'own'").hasMessageContaining("own task");
      assertThat(daemon.status()).isEqualTo(DaemonStatus.RUNNING);
    }
  }

  @Test
  void failuresAreNotInARowIfItRanForLongBetweenThem() {
    AtomicLong clock = new AtomicLong();
    List<Long> tokens = new CopyOnWriteArrayList<>();
    Duration grace = Duration.ofSeconds(10);
    try (Cluster cluster = Cluster.local()) {
      feature(cluster).timing(new DaemonFeature.Timing(grace, grace, clock::get));
      Daemon.named(
              "daily",
              context -> {
                tokens.add(context.token().number());
                if (tokens.size() < 5) {
                  var unused = clock.addAndGet(TimeUnit.SECONDS.toNanos(61));
                  throw new IllegalStateException("on purpose");
                }
                loop(context);
              })
          .start(cluster);
      Await.until("it runs for the fifth time", Await.LONG, () -> running.get() == 1);
      assertThat(tokens).as("never given up to another").containsOnly(tokens.get(0));
    }
  }

  private static void awaitUpTo(long millis, CountDownLatch latch) {
    try {
      boolean unused = latch.await(millis, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void listenersHearInOrderOneAtATimeThoughTheyThrow() {
    List<DaemonStatus> heard = new CopyOnWriteArrayList<>();
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    CountDownLatch stopped = new CountDownLatch(1);
    List<DaemonStatus> expected = new ArrayList<>(List.of(DaemonStatus.RUNNING));
    try (Cluster cluster = Cluster.local();
        Daemon daemon =
            Daemon.named("told", this::loop)
                .listen(
                    (d, status) -> {
                      most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                      if (heard.isEmpty()) {
                        awaitUpTo(500, stopped); // what comes meanwhile must wait for this
                      }
                      heard.add(status);
                      inside.decrementAndGet();
                      throw new IllegalStateException("on purpose");
                    })
                .start(cluster)) {
      for (int i = 0; i < 50; i++) {
        Await.until("it runs", () -> daemon.status() == DaemonStatus.RUNNING);
        daemon.stop();
        Await.until("it stopped", () -> daemon.status() == DaemonStatus.STOPPED);
        daemon.start();
        if (i == 3) {
          stopped.countDown();
        }
        expected.addAll(
            List.of(
                DaemonStatus.STOPPING,
                DaemonStatus.STOPPED,
                DaemonStatus.WAITING,
                DaemonStatus.RUNNING));
      }
      Await.untilAsserted("all is told", () -> assertThat(heard).isEqualTo(expected));
      assertThat(most).as("at a time").hasValue(1);
    }
  }

  @Test
  void aClusterThatClosesWaitsForAllThoughSomeWereStopped() {
    AtomicInteger stopped = new AtomicInteger();
    CountDownLatch never = new CountDownLatch(1);
    try (Cluster cluster = Cluster.local()) {
      for (int i = 0; i < 8; i++) {
        Daemon.named("on" + i, this::loop)
            .onEveryNode()
            .onStop(
                () -> {
                  awaitUpTo(200, never);
                  stopped.incrementAndGet();
                })
            .start(cluster);
        Daemon off = Daemon.named("off" + i, context -> {}).onEveryNode().start(cluster);
        off.stop();
        Await.until("it stopped", () -> off.status() == DaemonStatus.STOPPED);
      }
    }
    assertThat(stopped).hasValue(8);
  }

  @Test
  void onEveryNodeATokenWouldProveNothing() {
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    try (Cluster cluster = Cluster.local();
        Daemon daemon =
            Daemon.named(
                    "each",
                    context -> {
                      try {
                        cluster.<String, Integer>cache("c").putFenced("k", 1, context.token());
                      } catch (IllegalStateException e) {
                        thrown.set(e);
                      }
                    })
                .onEveryNode()
                .start(cluster)) {
      Await.until("it has tried", () -> thrown.get() != null);
      assertThat(thrown.get()).hasMessageContaining("'each'").hasMessageContaining("every node");
      assertThat(daemon.token()).isNull();
      assertThat(daemon.holder()).isEqualTo(cluster.self());
    }
  }

  @Test
  void namesOfJobsAreRefused() {
    assertThatThrownBy(() -> Daemon.named("job:report", this::loop))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'job:report'");
  }

  @Test
  void aThousandAreSpreadEvenly() {
    Map<String, String> where =
        new ConcurrentHashMap<>(); // now: where a member stood still, some move
    Map<String, Integer> each = new HashMap<>();
    int names = 1_000;
    try (TestCluster cluster = TestCluster.of(3)) {
      for (int i = 0; i < names; i++) {
        DaemonBuilder builder =
            Daemon.named(
                "daemon" + i, context -> where.put(context.name(), context.member().name()));
        cluster.nodes().forEach(builder::start);
      }
      Await.until("all to run", Await.LONG, () -> where.size() == names);
      where.values().forEach(node -> each.merge(node, 1, Integer::sum));
    }
    System.out.println("1,000 daemons on 3 members: " + each);
    assertThat(each).hasSize(3);
    assertThat(each.values()).allSatisfy(count -> assertThat(count).isBetween(267, 400));
  }
}
