/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.spring;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeContext;
import org.memogrid.testkit.NodeProcess;
import org.memogrid.testkit.ProcessCluster;
import org.springframework.cache.Cache;

/**
 * What was changed while a value was loaded stands, on two JVMs:
 *
 * <ol>
 *   <li>One asks the database, which says 1.
 *   <li>The other sets it to 2 and evicts the key, or puts 2.
 *   <li>One has its answer: 1 is its caller's alone.
 * </ol>
 */
class OvertakenTest {
  private static final AtomicInteger ASKED = new AtomicInteger();
  private static final Semaphore ANSWER = new Semaphore(0);

  private static ProcessCluster cluster;

  @BeforeAll
  static void start() {
    cluster = ProcessCluster.of(2);
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  private static Cache cache(NodeContext there, Mode mode) {
    MemogridCacheManager manager =
        there.kept("manager", () -> new MemogridCacheManager(there.cluster()));
    if (!manager.getCacheNames().contains(mode.name())) {
      manager.with(mode.name(), CacheOptions.of(mode));
    }
    return requireNonNull(manager.getCache(mode.name()));
  }

  private static Integer load(Cache cache, String key) {
    return requireNonNull(
        cache.get(
            key,
            () -> {
              ASKED.incrementAndGet();
              ANSWER.acquireUninterruptibly();
              return 1;
            }));
  }

  /** What the other does meanwhile. */
  enum Change {
    EVICT {
      @Override
      void of(Cache cache, String key) {
        cache.evict(key);
      }
    },
    CLEAR {
      @Override
      void of(Cache cache, String key) {
        cache.clear();
      }
    },
    PUT {
      @Override
      void of(Cache cache, String key) {
        cache.put(key, 2);
      }
    };

    abstract void of(Cache cache, String key);
  }

  @EnumSource(names = {"INVALIDATED", "REPLICATED", "DISTRIBUTED"})
  @ParameterizedTest
  void whatAnotherMemberChangedWhileAValueWasLoadedStands(Mode mode) {
    NodeProcess one = cluster.node(0);
    NodeProcess two = cluster.node(1);
    two.run(there -> cache(there, mode));
    for (Change change : Change.values()) {
      String key = change.name();
      int asked = one.call(there -> ASKED.get());
      CompletableFuture<Integer> loading = one.callAsync(there -> load(cache(there, mode), key));
      Await.until("the database is asked", () -> one.call(there -> ASKED.get()) > asked);

      two.run(there -> change.of(cache(there, mode), key));
      one.run(there -> ANSWER.release());

      assertThat(loading.join()).isEqualTo(1);
      assertThat(found(one, mode, key)).as(key).isNotEqualTo(1);
      assertThat(found(two, mode, key)).as(key).isEqualTo(change == Change.PUT ? 2 : 0);
      one.run(there -> ANSWER.release());
      int again = one.call(there -> load(cache(there, mode), key));
      assertThat(found(one, mode, key)).as("what is loaded undisturbed is kept").isEqualTo(again);
      one.run(there -> ANSWER.drainPermits());
    }
  }

  /** 0 if there is nothing. */
  private static int found(NodeProcess node, Mode mode, String key) {
    return node.call(
        there -> {
          Cache.ValueWrapper found = cache(there, mode).get(key);
          return found == null ? 0 : (Integer) requireNonNull(found.get());
        });
  }
}
