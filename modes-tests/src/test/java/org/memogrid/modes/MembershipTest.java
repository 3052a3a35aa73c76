/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.memogrid.testkit.Portable.op;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Cache;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.Settled;
import org.memogrid.testkit.TestCluster;

/** Nodes that come and go while clients write take nothing with them. */
class MembershipTest {
  private static final List<Mode> MODES = List.of(Mode.REPLICATED, Mode.DISTRIBUTED);
  private static final int WRITERS = 8;

  /** If its last writes take longer a member that leaves waits for their answers no more. */
  private static final Duration ANSWERED = Duration.ofSeconds(1);

  @Test
  void joiningAndLeavingUnderLoadLosesNoAcknowledgedWrite() {
    comeAndGo(8, Load::shut, TestCluster::leave);
  }

  @Test
  void crashingUnderLoadLosesNoAcknowledgedWrite() {
    comeAndGo(4, Load::lose, TestCluster::crash);
  }

  /**
   * The race: 1. a caller's write is under way on a member that is being closed; 2. the member
   * leaves; 3. the engine writes for itself alone, since the others have left as it sees it; or one
   * of the others has the write, and the one that orders it has not: then that one's next write
   * goes on from what was before.
   */
  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void whatALeavingMemberConfirmsTheOthersHave(Mode mode) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(WRITERS);
    try (TestCluster cluster = TestCluster.of(2)) {
      var unused = cluster.node(0).cache("moves-" + mode, mode);
      int least = 0;
      int most = 0;
      for (int round = 0; round < 6; round++) {
        Cluster leaver = cluster.join();
        Cache<String, Integer> leaving = leaver.cache("moves-" + mode, mode);
        Await.until("settled", () -> Settled.among(leaving, 3));
        AtomicInteger confirmed = new AtomicInteger();
        AtomicInteger unsure = new AtomicInteger();
        AtomicLong longest = new AtomicLong();
        CountDownLatch begun = new CountDownLatch(20);
        List<Future<?>> writers = new ArrayList<>();
        for (int i = 0; i < WRITERS; i++) {
          writers.add(
              threads.submit(() -> countUntilItFails(leaving, confirmed, unsure, longest, begun)));
        }
        begun.await();
        cluster.leave(2);
        for (Future<?> writer : writers) {
          writer.get(60, TimeUnit.SECONDS);
        }
        least += confirmed.get();
        most += confirmed.get() + unsure.get();
        if (longest.get() > ANSWERED.toNanos()) { // all have the same when it is written again
          cluster.node(0).<String, Integer>cache("moves-" + mode).update("counter", op(n -> n + 1));
          least++;
          most++;
        }
        List<@Nullable Integer> there = new ArrayList<>();
        for (Cluster node : cluster.nodes()) {
          there.add(node.<String, Integer>cache("moves-" + mode).get("counter"));
        }
        assertThat(there)
            .as("what each has that stays, round %s, %s to %s confirmed", round, least, most)
            .containsOnly(there.get(0));
        assertThat(there.get(0)).as("round %s", round).isBetween(least, most);
        least = Objects.requireNonNull(there.get(0));
        most = least;
      }
    } finally {
      threads.shutdownNow();
    }
  }

  private static void countUntilItFails(
      Cache<String, Integer> cache,
      AtomicInteger confirmed,
      AtomicInteger unsure,
      AtomicLong longest,
      CountDownLatch begun) {
    long from = 0;
    try {
      while (true) {
        from = System.nanoTime();
        cache.update("counter", op(n -> n == null ? 1 : n + 1));
        confirmed.incrementAndGet();
        begun.countDown();
      }
    } catch (RuntimeException left) {
      longest.accumulateAndGet(System.nanoTime() - from, Math::max);
      if (!String.valueOf(left.getMessage()).contains("was closed here")) { // and it had not begun
        unsure.incrementAndGet();
      }
    }
  }

  private static void comeAndGo(int rounds, BiConsumer<Load, String> end, Departure departure) {
    long seed = Long.getLong("memogrid.test.seed", System.nanoTime());
    System.out.println("comings and goings: -Dmemogrid.test.seed=" + seed);
    Random random = new Random(seed);
    try (TestCluster cluster = TestCluster.of(2);
        Load load = new Load(3, seed)) {
      cluster.nodes().forEach(node -> open(load, node));
      load.start();
      for (int round = 1; round <= rounds; round++) {
        open(load, cluster.join());
        awaitSettled(cluster);
        Cluster leaver = cluster.node(random.nextInt(3));
        end.accept(load, leaver.self().name());
        departure.of(cluster, cluster.nodes().indexOf(leaver));
        assertThat(load.audit()).as("after round %s, seed %s", round, seed).isEmpty();
        assertThat(load.failuresExcept(leaver.self().name())).isEmpty();
        load.forgetFailures();
        awaitSettled(cluster);
      }
      assertThat(load.done()).isGreaterThan(rounds * 10L);
    }
  }

  private static void open(Load load, Cluster node) {
    for (Mode mode : MODES) {
      load.open(node.self().name(), node.cache("moves-" + mode, mode));
    }
  }

  private static void awaitSettled(TestCluster cluster) {
    int nodes = cluster.nodes().size();
    for (Cluster node : cluster.nodes()) {
      for (Mode mode : MODES) {
        Await.until(
            mode + " to be settled on " + node.self(),
            () -> Settled.among(node.cache("moves-" + mode), nodes));
      }
    }
  }

  private interface Departure {
    void of(TestCluster cluster, int node);
  }
}
