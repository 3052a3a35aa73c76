/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cdi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.enterprise.inject.se.SeContainer;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Cluster;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeContext;
import org.memogrid.testkit.NodeProcess;
import org.memogrid.testkit.ProcessCluster;

/** Two JVMs run one application; its annotated methods run once for both. */
class TwoContainersTest {
  /** The application's cluster is the one that the test joined. */
  static final class Joined {
    static volatile Cluster cluster = Cluster.local();

    @jakarta.enterprise.inject.Produces
    @jakarta.enterprise.context.Dependent
    Cluster cluster() {
      return cluster;
    }
  }

  private static Shop shop(NodeContext there) {
    SeContainer container =
        there.kept(
            "container",
            () -> {
              Joined.cluster = there.cluster();
              return Containers.of(
                  Joined.class, Shop.class, Shop.Folding.class, Shop.Alphabet.class);
            });
    return container.select(Shop.class).get();
  }

  private static int runs(ProcessCluster cluster) {
    return cluster.nodes().stream().mapToInt(node -> node.call(there -> Shop.RUNS.get())).sum();
  }

  @Test
  void aMethodRunsOnceForAllCallersOfBothContainers() {
    try (ProcessCluster cluster = ProcessCluster.of(2)) {
      for (NodeProcess node : cluster.nodes()) {
        node.run(there -> shop(there));
      }
      List<CompletableFuture<Integer>> callers = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        for (NodeProcess node : cluster.nodes()) {
          callers.add(node.callAsync(there -> shop(there).days(RoundingMode.UP, "apple")));
        }
      }
      Await.until("somebody asks the supplier", () -> runs(cluster) > 0);
      for (NodeProcess node : cluster.nodes()) {
        node.run(there -> Shop.SUPPLIER.countDown());
      }

      assertThat(callers).extracting(CompletableFuture::join).containsOnly(5);
      assertThat(runs(cluster)).isEqualTo(1);

      whatOneMemberKnowsTheOtherKnows(cluster);
    }
  }

  private static void whatOneMemberKnowsTheOtherKnows(ProcessCluster cluster) {
    NodeProcess one = cluster.node(0);
    NodeProcess two = cluster.node(1);
    int before = runs(cluster);

    for (NodeProcess each : cluster.nodes()) {
      assertThatThrownBy(() -> each.call(there -> shop(there).stock("unknown")))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("no such article");
    }
    assertThat(runs(cluster) - before).as("a failure that is remembered").isEqualTo(1);

    int price = one.call(there -> shop(there).price("apple"));
    assertThat(two.<Integer>call(there -> shop(there).price("apple"))).isEqualTo(price);
    two.run(there -> shop(there).set("apple", 7));
    assertThat(one.<Integer>call(there -> shop(there).price("apple"))).isEqualTo(7);
    two.run(there -> shop(there).forget("apple"));
    assertThat(one.<Integer>call(there -> shop(there).price("apple"))).isNotEqualTo(7);
  }

  /** A removal that comes while another member runs the method stands. */
  @Test
  void whatAnotherMemberRemovedWhileTheMethodRanIsNotStored() {
    try (ProcessCluster cluster = ProcessCluster.of(2)) {
      NodeProcess one = cluster.node(0);
      NodeProcess two = cluster.node(1);
      for (NodeProcess node : cluster.nodes()) {
        node.run(there -> shop(there).sold("none"));
      }
      one.run(there -> Shop.clerk = Shop.ASKED::acquireUninterruptibly);
      CompletableFuture<Integer> counting = one.callAsync(there -> shop(there).counted("apple"));
      Await.until("the clerk is asked", () -> runs(cluster) > 0);

      two.run(there -> shop(there).sold("apple"));
      one.run(there -> Shop.ASKED.release());

      assertThat(counting.join()).isEqualTo(1);
      assertThat(two.<Integer>call(there -> shop(there).counted("apple"))).isEqualTo(1);
      assertThat(runs(cluster)).as("what was overtaken is not found").isEqualTo(2);
      assertThat(one.<Integer>call(there -> shop(there).counted("apple"))).isEqualTo(1);
      assertThat(runs(cluster)).as("what was not is").isEqualTo(2);
    }
  }

  /** No member's result takes another's away, unless it was made without a look. */
  @Test
  void eachMemberKeepsItsOwnResultsAndFailures() {
    try (ProcessCluster cluster = ProcessCluster.of(2)) {
      NodeProcess one = cluster.node(0);
      NodeProcess two = cluster.node(1);
      for (NodeProcess node : cluster.nodes()) {
        node.run(
            there -> {
              System.setProperty("memogrid.jcache.mode", "INVALIDATED");
              shop(there);
            });
      }
      for (int i = 0; i < 3; i++) {
        for (NodeProcess each : cluster.nodes()) {
          int unused = each.call(there -> shop(there).price("apple"));
          assertThatThrownBy(() -> each.call(there -> shop(there).stock("unknown")))
              .isInstanceOf(IllegalArgumentException.class);
        }
      }
      for (NodeProcess each : cluster.nodes()) {
        int runs = each.call(there -> Shop.RUNS.get());
        assertThat(runs).as("a price and a failure").isEqualTo(2);
      }

      int today = one.call(there -> shop(there).priceToday("apple"));
      assertThat(one.<Integer>call(there -> shop(there).price("apple"))).isEqualTo(today);
      int runs = two.call(there -> Shop.RUNS.get());
      int unused = two.call(there -> shop(there).price("apple"));
      assertThat(two.<Integer>call(there -> Shop.RUNS.get()))
          .as("what skipGet stored was an update")
          .isEqualTo(runs + 1);
    }
  }

  /** The member that removes has computed nothing itself. */
  @Test
  void aRemovalIsOneOnAllMembersThoughEachKeepsItsOwn() {
    try (ProcessCluster cluster = ProcessCluster.of(2)) {
      for (NodeProcess node : cluster.nodes()) {
        node.run(
            there -> {
              System.setProperty("memogrid.jcache.mode", "INVALIDATED");
              shop(there);
            });
      }
      NodeProcess one = cluster.node(0);
      NodeProcess two = cluster.node(1);
      int first = one.call(there -> shop(there).price("apple"));
      assertThat(one.<Integer>call(there -> shop(there).price("apple"))).isEqualTo(first);

      two.run(there -> shop(there).forget("apple"));
      int second = one.call(there -> shop(there).price("apple"));
      assertThat(second).as("after @CacheRemove").isNotEqualTo(first);

      two.run(there -> shop(there).forgetAll());
      assertThat(one.<Integer>call(there -> shop(there).price("apple")))
          .as("after @CacheRemoveAll")
          .isNotEqualTo(second);
    }
  }
}
