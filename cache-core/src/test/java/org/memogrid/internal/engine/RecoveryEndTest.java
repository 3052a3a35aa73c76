/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.memogrid.internal.engine.RecoveryTest.engineName;
import static org.memogrid.internal.engine.RecoveryTest.engines;
import static org.memogrid.internal.engine.RecoveryTest.files;
import static org.memogrid.internal.engine.RecoveryTest.happened;
import static org.memogrid.internal.engine.RecoveryTest.next;
import static org.memogrid.internal.engine.RecoveryTest.recovery;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.infinispan.persistence.spi.PersistenceException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.Partitions;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.TestCluster;

/** How a cache in files ends on a member, and that nobody waits for it then. */
final class RecoveryEndTest {
  @TempDir Path directory;

  private static TestCluster cluster(int members) {
    return TestCluster.of(members, builder -> builder.partitions(Partitions.CONSISTENT));
  }

  private CacheOptions options() {
    return CacheOptions.of(Mode.REPLICATED).persist(Persist.file(directory));
  }

  @Test
  void aCacheThatIsDestroyedLeavesNothing() {
    try (TestCluster cluster = cluster(1)) {
      Cache<Integer, Integer> cache = cluster.node(0).cache("c", options());
      cache.put(1, 1);
      cache.destroy();
      Cache<Integer, Integer> again = cluster.node(0).cache("c", options());
      assertThat(again.asMap()).isEmpty();
      again.put(2, 2);
      cluster.crash(0);
    }
    try (TestCluster cluster = cluster(1)) {
      Cache<Integer, Integer> cache = cluster.node(0).cache("c", options());
      Await.until("service", () -> recovery(cluster.node(0)).serving().serves());
      assertThat(cache.asMap()).containsOnlyKeys(2);
    }
  }

  /** That a cache is not known any more is nobody's word that it goes. */
  @Test
  void aCacheThatStopsKeepsItsFiles() throws IOException {
    try (TestCluster cluster = cluster(1)) {
      Cluster node = cluster.node(0);
      node.<Integer, Integer>cache("c", options()).put(1, 1);
      files(node).end(engineName(node), () -> false);
      engines(node).stop();
    }
    assertThat(hasRoster()).isTrue();
    try (TestCluster cluster = cluster(1)) {
      Cache<Integer, Integer> cache = cluster.node(0).cache("c", options());
      Await.until("service", () -> Objects.equals(cache.get(1), 1));
    }
  }

  private boolean hasRoster() throws IOException {
    try (Stream<Path> all = Files.walk(directory)) {
      return all.anyMatch(path -> path.endsWith("roster"));
    }
  }

  /** It takes no topology any more, for which the engine would wait for ever. */
  @Test
  void aMemberWhoseDiskRefusedHoldsUpNoEnd() throws Exception {
    try (TestCluster cluster = cluster(3)) {
      Cluster first = cluster.node(0);
      Cluster third = cluster.node(2);
      Cache<Integer, Integer> kept = first.cache("c", options());
      Cache<Integer, Integer> destroyed = first.cache("d", options());
      kept.put(1, 1);
      destroyed.put(1, 1);
      for (String name : files(third).names()) {
        files(third).recovery(name).onRefused(new PersistenceException("no room"));
      }
      cluster.leave(1); // a topology that the third does not take
      within("destroy", destroyed::destroy);
      within("close", () -> cluster.leave(1));
      Await.until("service", () -> Objects.equals(kept.get(1), 1));
      kept.put(1, 2);
      assertThat(kept.get(1)).isEqualTo(2);
    }
  }

  /** For a topology that the member does not take, since its disk refused something. */
  @Test
  void theEngineOfAMemberThatLeavesWaitsNoLonger() throws Exception {
    try (TestCluster cluster = cluster(1)) {
      Cluster node = cluster.node(0);
      node.<Integer, Integer>cache("c", options()).put(1, 1);
      Recovery recovery = recovery(node);
      recovery.onRefused(new PersistenceException("no room"));
      CompletableFuture<Void> used =
          recovery.onTopology(next(recovery, node, Set.of())).toCompletableFuture();
      happened(node);
      assertThat(used).isNotDone();
      files(node).leave();
      assertThat(used).succeedsWithin(Duration.ofSeconds(60));
    }
  }

  @Test
  void whoWaitsForAnAnswerIsToldSoWhenTheMemberLeaves() {
    try (TestCluster cluster = cluster(1)) {
      Cluster node = cluster.node(0);
      node.<Integer, Integer>cache("c", options()).put(1, 1);
      Recovery recovery = recovery(node);
      recovery.onTopology(next(recovery, node, Set.of("z"))).toCompletableFuture().join();
      CompletableFuture<Void> answer = requireNonNull(recovery.serving().confirmed(), "waits");
      files(node).leave();
      assertThat(answer)
          .failsWithin(Duration.ofSeconds(60))
          .withThrowableOfType(ExecutionException.class)
          .withCauseInstanceOf(HeldException.class);
    }
  }

  /** Whoever opens it, and whoever waits for that. */
  @Test
  void aMemberThatLeavesWhileItOpensTellsWhoWaits() throws Exception {
    CompletableFuture<Void> later = new CompletableFuture<>();
    try (TestCluster cluster = cluster(2)) {
      Cluster leaves = cluster.node(1);
      files(cluster.node(0)).execute(later::join); // it says nothing of what its files have
      CompletableFuture<Cache<Integer, Integer>> opening =
          CompletableFuture.supplyAsync(() -> leaves.cache("c", options()));
      Await.until("it opens", () -> !files(leaves).names().isEmpty());
      Recovery recovery = files(leaves).recovery(files(leaves).names().iterator().next());
      CompletableFuture<Void> waits = CompletableFuture.runAsync(recovery::awaitStart);
      within("close", () -> cluster.leave(1));
      assertThatThrownBy(() -> opening.get(60, TimeUnit.SECONDS)).isNotNull();
      assertThatThrownBy(() -> waits.get(60, TimeUnit.SECONDS))
          .hasCauseInstanceOf(CacheException.class)
          .hasMessageContaining("leaves");
    } finally {
      later.complete(null);
    }
  }

  private static void within(String what, Runnable end) throws Exception {
    CompletableFuture<Void> done = CompletableFuture.runAsync(end);
    assertThat(done).as(what).succeedsWithin(Duration.ofSeconds(60));
  }
}
