/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Registration;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.FreePorts;

class JoinTest {
  private final FreePorts ports = FreePorts.take();
  private final ExecutorService threads = Executors.newCachedThreadPool();

  @AfterEach
  void giveBackPorts() {
    ports.close();
    threads.shutdown();
  }

  @Test
  void twoJoinsFormOneCluster() {
    try (Cluster one = node("one").join();
        Cluster two = node("two").join()) {
      assertThat(two.membership().members()).extracting(Member::name).containsExactly("one", "two");
      assertThat(one.self()).isEqualTo(two.membership().coordinator());
    }
  }

  @Test
  void aLocalClusterHasOneMember() {
    try (Cluster alone = Cluster.local()) {
      assertThat(alone.membership().members()).containsExactly(alone.self());
    }
  }

  @RepeatedTest(2)
  void joinsAtTheSameInstantEndInOneCluster() {
    List<CompletableFuture<Cluster>> joins =
        Stream.of("one", "two", "three")
            .map(name -> CompletableFuture.supplyAsync(() -> anyNode(name).join(), threads))
            .toList();
    List<Cluster> nodes = joins.stream().map(CompletableFuture::join).toList();
    try {
      for (Cluster node : nodes) {
        Await.untilAsserted(
            "one cluster",
            () ->
                assertThat(node.membership().members())
                    .extracting(Member::name)
                    .containsExactlyInAnyOrder("one", "two", "three"));
      }
    } finally {
      nodes.forEach(Cluster::close);
    }
  }

  @Test
  void membershipChangesAreTold() {
    List<String> told = new CopyOnWriteArrayList<>();
    try (Cluster one = node("one").join()) {
      Registration registration =
          one.onMembership((before, now) -> told.add(before.members() + " -> " + now.members()));
      node("two").join().close();
      Await.untilAsserted(
          "both changes",
          () -> assertThat(told).containsExactly("[one] -> [one, two]", "[one, two] -> [one]"));
      registration.close();
      try (Cluster three = node("three").join()) {
        Await.untilAsserted(
            "three is seen",
            () -> assertThat(one.membership().members()).containsExactly(one.self(), three.self()));
      }
      // A leaver doesn't wait until the others have heard of it.
      Await.untilAsserted("three is gone", () -> assertThat(one.membership().members()).hasSize(1));
      assertThat(told).hasSize(2);
    }
  }

  private ClusterBuilder node(String name) {
    return anyNode(name).timing(TestTiming.ONE_AFTER_ANOTHER);
  }

  private ClusterBuilder anyNode(String name) {
    return Cluster.builder().name("join-test").nodeName(name).port(ports.base());
  }
}
