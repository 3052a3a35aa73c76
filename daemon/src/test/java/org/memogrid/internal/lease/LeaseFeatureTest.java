/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.lease;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.FencingToken;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.Member;
import org.memogrid.internal.node.Node;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.TestCluster;

/** The shell around the core, on real members of this JVM. */
class LeaseFeatureTest {
  /** Notes what it hears. */
  private static final class Heard implements LeaseListener {
    final List<FencingToken> turns = new CopyOnWriteArrayList<>();
    final List<String> refusals = new CopyOnWriteArrayList<>();
    Runnable onBegin = () -> {};

    @Override
    public void onBegin(FencingToken token) {
      turns.add(token);
      onBegin.run();
    }

    @Override
    public void onEnd(FencingToken token, String why) {}

    @Override
    public void onHolder(Member holder, FencingToken token) {}

    @Override
    public void onRefused(String why) {
      refusals.add(why);
    }

    @Override
    public CompletionStage<?> onLeaving() {
      return CompletableFuture.completedFuture(null);
    }
  }

  private static LeaseFeature feature(Cluster cluster) {
    return cluster.unwrap(Node.class).feature(LeaseFeature.class);
  }

  @Test
  void aTurnThatIsGivenBackLateTakesNothingFromTheNext() {
    try (Cluster cluster = Cluster.local()) {
      Heard heard = new Heard();
      Lease lease = feature(cluster).offer("name", LeaseSpec.SPREAD, heard);
      Await.until("a turn", () -> heard.turns.size() == 1);
      lease.release(heard.turns.get(0), false);
      Await.until("another", () -> heard.turns.size() == 2);
      lease.release(heard.turns.get(0), false);
      Heard after = new Heard();
      var unused = feature(cluster).offer("after", LeaseSpec.SPREAD, after);
      Await.until("what came after", () -> after.turns.size() == 1);
      assertThat(heard.turns).hasSize(2);
      assertThat(lease.isActive(heard.turns.get(1))).isTrue();
      assertThat(lease.isActive(heard.turns.get(0))).isFalse();
    }
  }

  /** As in a process that was stopped, whose thread of the leases does not come first. */
  @Test
  void aTurnIsOverByTheClockOfTheMomentThoughTheThreadOfTheLeasesIsBusy() throws Exception {
    AtomicLong ahead = new AtomicLong();
    CountDownLatch busy = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    try (Cluster cluster = Cluster.local()) {
      feature(cluster).clock(() -> System.nanoTime() + ahead.get());
      Heard heard = new Heard();
      Lease lease = feature(cluster).offer("name", LeaseSpec.SPREAD, heard);
      Await.until("a turn", () -> heard.turns.size() == 1);
      FencingToken token = heard.turns.get(0);
      Heard other = new Heard();
      other.onBegin =
          () -> {
            busy.countDown();
            try {
              go.await();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          };
      var unused = feature(cluster).offer("other", LeaseSpec.SPREAD, other);
      busy.await();
      assertThat(lease.isActive(token)).isTrue();
      ahead.set(TimeUnit.MILLISECONDS.toNanos(3_010));
      assertThat(lease.isActive(token)).isFalse();
      go.countDown();
      Await.until("another turn", () -> heard.turns.size() == 2);
      assertThat(lease.isActive(token)).as("a turn that is over never comes back").isFalse();
      assertThat(lease.isActive(heard.turns.get(1))).isTrue();
    }
  }

  @Test
  void whoOffersANameWithOtherOptionsIsShownBoth() {
    LeaseSpec oldest = new LeaseSpec(LeaseSpec.Order.OLDEST, List.of(), 2);
    try (TestCluster cluster = TestCluster.of(2)) {
      Heard first = new Heard();
      var unused = feature(cluster.node(0)).offer("name", LeaseSpec.SPREAD, first);
      Await.until("a turn", () -> first.turns.size() == 1);
      Heard second = new Heard();
      var refused = feature(cluster.node(1)).offer("name", oldest, second);
      Await.until("a refusal", () -> second.refusals.size() == 1);
      assertThat(second.refusals.get(0))
          .contains("'name' is SPREAD, quorum 1 on " + cluster.node(0).self())
          .contains("OLDEST, quorum 2 on " + cluster.node(1).self());
      assertThat(refused.holder()).isNull();
    }
  }
}
