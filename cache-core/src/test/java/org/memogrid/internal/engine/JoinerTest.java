/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheFullException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.CacheOptions.WhenFull;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Registration;
import org.memogrid.internal.cache.Caches;
import org.memogrid.internal.store.Store;
import org.memogrid.internal.store.Topology;
import org.memogrid.testkit.Await;

/** Members that come and go. */
final class JoinerTest {
  @Test
  void aJoinerHasEveryCacheAndAttachesToItWhateverItsMode() {
    try (LoopCluster cluster = new LoopCluster(new SerialCodec(), 1)) {
      for (Mode mode : List.of(Mode.INVALIDATED, Mode.REPLICATED, Mode.DISTRIBUTED)) {
        Cache<Integer, String> cache = cluster.caches(0).cache("c-" + mode, mode);
        for (int i = 0; i < 100; i++) {
          cache.put(i, "v" + i);
        }
      }
      CacheOptions full = CacheOptions.of(Mode.REPLICATED).maxEntries(1).whenFull(WhenFull.REFUSE);
      Cache<Integer, String> refusing = cluster.caches(0).cache("full", full);
      refusing.put(1, "v");

      LoopCluster.Node joiner = cluster.join();

      assertThat(joiner.caches().names())
          .containsExactlyInAnyOrder("c-INVALIDATED", "c-REPLICATED", "c-DISTRIBUTED", "full");
      assertThat(joiner.runs("c-DISTRIBUTED")).isTrue();
      Cache<Integer, String> invalidated = joiner.caches().cache("c-INVALIDATED");
      assertThat(invalidated.mode()).isEqualTo(Mode.INVALIDATED);
      assertThat(invalidated.get(1)).isNull();
      for (Mode mode : List.of(Mode.REPLICATED, Mode.DISTRIBUTED)) {
        Cache<Integer, String> attached = joiner.caches().cache("c-" + mode);
        assertThat(attached.mode()).isEqualTo(mode);
        assertThat(attached.size()).isEqualTo(100);
        assertThat(attached.get(42)).isEqualTo("v42");
      }
      Cache<Integer, String> refusingToo = joiner.caches().cache("full");
      for (int i = 2; i < 20; i++) { // whoever orders the key
        int key = i;
        assertThatThrownBy(() -> refusingToo.put(key, "v")).isInstanceOf(CacheFullException.class);
      }
      assertThatThrownBy(() -> joiner.caches().cache("full", Mode.REPLICATED))
          .isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void membersThatOpenOneNameAtOnceAgree() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(3);
    try (LoopCluster cluster = new LoopCluster(new SerialCodec(), 3)) {
      for (int round = 0; round < 5; round++) {
        String name = "c" + round;
        CountDownLatch start = new CountDownLatch(1);
        List<Future<String>> answers = new ArrayList<>();
        for (int member = 0; member < 3; member++) {
          Caches caches = cluster.caches(member);
          CacheOptions options = CacheOptions.of(Mode.DISTRIBUTED).owners(1 + member % 2);
          int from = member;
          Callable<String> attempt =
              () -> {
                start.await();
                try {
                  Cache<Integer, String> cache = caches.cache(name, options);
                  cache.put(from, "v");
                  return options.toString();
                } catch (IllegalStateException refused) {
                  assertThat(refused).hasMessageContaining("exists with other options");
                  return "refused";
                }
              };
          answers.add(threads.submit(attempt));
        }
        start.countDown();
        List<String> given = new ArrayList<>();
        for (Future<String> answer : answers) {
          given.add(answer.get());
        }
        assertThat(given.stream().filter(answer -> !answer.equals("refused")).distinct())
            .hasSize(1);
        Cache<Integer, String> cache = cluster.caches(1).cache(name);
        assertThat(cache.size())
            .isEqualTo(given.stream().filter(answer -> !answer.equals("refused")).count());
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void invalidatedTellsOfViews() {
    try (LoopCluster cluster = new LoopCluster(new SerialCodec(), 2)) {
      List<Topology> told = new CopyOnWriteArrayList<>();
      Store store = cluster.node(1).stores().open("inv", CacheOptions.of(Mode.INVALIDATED));
      Registration registration = store.onTopology(told::add);
      cluster.leave(0);
      Await.until(
          "the news", () -> !told.isEmpty() && told.get(told.size() - 1).members().size() == 1);
      assertThat(store.topology().home("k")).isEqualTo(cluster.node(0).self());
      registration.close();
    }
  }

  @Test
  void namesThatTheEngineCantTakeAreRefused() {
    try (LoopCluster cluster = new LoopCluster(new SerialCodec(), 1)) {
      Caches caches = cluster.caches(0);
      Mode mode = Mode.REPLICATED;
      assertThatThrownBy(() -> caches.cache("org.infinispan.CONFIG", mode))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("taken");
      assertThatThrownBy(() -> caches.cache("n".repeat(239), mode))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("238");
      assertThatThrownBy(() -> caches.cache(" ", mode))
          .isInstanceOf(IllegalArgumentException.class);
      assertThat(caches.names()).isEmpty();
      Cache<String, Integer> odd = caches.cache("/a b/<\"é\">&'{}", mode);
      odd.put("k", 1);
      assertThat(odd.get("k")).isEqualTo(1);
    }
  }

  @Test
  void whatOneMemberOpenedSurvivesIt() {
    try (LoopCluster cluster = new LoopCluster(new SerialCodec(), 3)) {
      for (Mode mode : List.of(Mode.REPLICATED, Mode.DISTRIBUTED)) {
        Cache<Integer, String> cache = cluster.caches(0).cache("c-" + mode, mode);
        for (int i = 0; i < 200; i++) {
          cache.put(i, "v" + i);
        }
      }
      List<Topology> told = new CopyOnWriteArrayList<>();
      Registration registration =
          cluster
              .node(1)
              .stores()
              .open("c-DISTRIBUTED", CacheOptions.of(Mode.DISTRIBUTED))
              .onTopology(told::add);
      cluster.leave(0);
      for (Mode mode : List.of(Mode.REPLICATED, Mode.DISTRIBUTED)) {
        Cache<Integer, String> cache = cluster.caches(1).cache("c-" + mode);
        List<Integer> lost = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
          if (!("v" + i).equals(cache.get(i))) {
            lost.add(i);
          }
        }
        assertThat(lost).isEmpty();
      }
      Await.untilAsserted(
          "the news",
          () -> {
            assertThat(told).isNotEmpty();
            assertThat(told.get(told.size() - 1).members()).hasSize(2);
            assertThat(told).isSortedAccordingTo((a, b) -> Long.compare(a.id(), b.id()));
          });
      registration.close();
    }
  }
}
