/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.infinispan.AdvancedCache;
import org.infinispan.configuration.cache.CacheMode;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.Mode;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.Deadline;

/** A cache is destroyed by some while others open it, use it, join and leave. */
final class DestroyTest {
  private static final String NAME = "contended";
  private static final List<Mode> MODES =
      List.of(Mode.INVALIDATED, Mode.REPLICATED, Mode.DISTRIBUTED);

  /** How many there are in the end. */
  private static final int MEMBERS = 3;

  /** How long one call may take, most of all with a member that comes or goes. */
  private static final Duration CALL = Duration.ofSeconds(30);

  private final long seed = new Random().nextLong();
  private final Random seeds = new Random(seed);
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Map<LoopCluster.Node, List<Future<?>>> users = new LinkedHashMap<>();
  private final AtomicBoolean over = new AtomicBoolean();
  private final AtomicInteger destroyed = new AtomicInteger();
  private final AtomicInteger read = new AtomicInteger();

  @Test
  void membersThatOpenUseAndDestroyOneNameAgreeInTheEnd() throws Exception {
    try (LoopCluster cluster = new LoopCluster(new SerialCodec(), 3)) {
      for (int member = 0; member < 3; member++) {
        startUsers(cluster.node(member));
      }
      awaitMore();
      startUsers(cluster.join());
      awaitMore();
      forgetUsers(cluster.node(3));
      cluster.leave(3);
      awaitMore();
      startUsers(cluster.join());
      awaitMore();
      forgetUsers(cluster.node(3));
      cluster.crash(3);
      awaitMore();
      forgetUsers(cluster.node(0)); // the coordinator
      cluster.crash(0);
      awaitMore();
      over.set(true);
      for (List<Future<?>> member : users.values()) {
        for (Future<?> user : member) {
          user.get(60, TimeUnit.SECONDS);
        }
      }
      var unused = cluster.join();
      assertAgreement(cluster);
      assertNothingIsLeft(cluster);
    } catch (Exception | AssertionError e) {
      throw new AssertionError("seed " + seed + ": " + e, e);
    } finally {
      over.set(true);
      threads.shutdownNow();
    }
  }

  private void startUsers(LoopCluster.Node member) {
    List<Future<?>> started = new ArrayList<>();
    for (int user = 0; user < 2; user++) {
      Random random = new Random(seeds.nextLong());
      started.add(threads.submit(() -> use(member, random)));
    }
    users.put(member, started);
  }

  /** What becomes of calls of a member that leaves or dies is no matter. */
  private void forgetUsers(LoopCluster.Node member) {
    users.remove(member);
  }

  /** Each phase goes on until caches were destroyed and entries were read in it. */
  private void awaitMore() {
    int destroyedBefore = destroyed.get();
    int readBefore = read.get();
    Await.until(
        "caches destroyed and read",
        () ->
            (destroyed.get() >= destroyedBefore + 5 && read.get() >= readBefore + 5)
                || users.values().stream().flatMap(List::stream).anyMatch(Future::isDone));
  }

  private void use(LoopCluster.Node member, Random random) {
    while (!over.get()) {
      Cache<Integer, Integer> cache = inTime("open", () -> open(member, random));
      int key = random.nextInt(10);
      boolean there = inTime("use", () -> write(cache, key));
      if (there && random.nextInt(3) == 0 && inTime("destroy", () -> destroy(cache))) {
        destroyed.incrementAndGet();
      }
    }
  }

  /** False if another did so first. */
  private static boolean destroy(Cache<Integer, Integer> cache) {
    try {
      cache.destroy();
      return true;
    } catch (IllegalStateException e) {
      assertThat(e).hasMessageContaining("was destroyed");
      return false;
    }
  }

  /** With any mode, or with the one that somebody else chose. */
  private static Cache<Integer, Integer> open(LoopCluster.Node member, Random random) {
    while (true) {
      try {
        Mode mode = MODES.get(random.nextInt(MODES.size()));
        return random.nextBoolean()
            ? member.caches().cache(NAME)
            : member.caches().cache(NAME, mode);
      } catch (IllegalStateException e) {
        assertThat(e).hasMessageContaining("exists with other options");
      }
    }
  }

  /** False if it was destroyed meanwhile. */
  private boolean write(Cache<Integer, Integer> cache, int key) {
    try {
      cache.put(key, key);
      Integer value = cache.get(key);
      if (value != null) { // else it was destroyed and opened, or it is full of others' writes
        assertThat(value).isEqualTo(key);
        read.incrementAndGet();
      }
      return true;
    } catch (IllegalStateException destroyed) {
      return false;
    } catch (CacheException unfinished) {
      return true;
    }
  }

  private interface Step<T> {
    T run();
  }

  private static <T> T inTime(String what, Step<T> step) {
    Deadline deadline = Deadline.in(CALL);
    T answer = step.run();
    assertThat(deadline.passed()).as("%s within %s", what, CALL).isFalse();
    return answer;
  }

  private static void assertAgreement(LoopCluster cluster) {
    Mode mode = cluster.caches(0).cache(NAME).mode();
    for (int member = 0; member < MEMBERS; member++) {
      Cache<Integer, Integer> cache = cluster.caches(member).cache(NAME);
      assertThat(cache.mode()).isEqualTo(mode);
      assertThat(engineMode(cache)).as("the engine's on %s", member).isEqualTo(engines(mode));
      assertThat(cluster.caches(member).names()).containsExactly(NAME);
      cache.put(100 + member, member);
    }
    for (int member = 0; member < MEMBERS; member++) {
      Cache<Integer, Integer> cache = cluster.caches(member).cache(NAME);
      for (int writer = 0; writer < MEMBERS; writer++) {
        Integer seen = mode == Mode.INVALIDATED && writer != member ? null : writer;
        assertThat(cache.get(100 + writer)).isEqualTo(seen);
      }
    }
    cluster.caches(MEMBERS - 1).cache(NAME).destroy();
  }

  private static CacheMode engineMode(Cache<?, ?> cache) {
    return cache.unwrap(AdvancedCache.class).getCacheConfiguration().clustering().cacheMode();
  }

  private static CacheMode engines(Mode mode) {
    return switch (mode) {
      case INVALIDATED -> CacheMode.INVALIDATION_SYNC;
      case REPLICATED -> CacheMode.REPL_SYNC;
      default -> CacheMode.DIST_SYNC;
    };
  }

  private static void assertNothingIsLeft(LoopCluster cluster) {
    for (int member = 0; member < MEMBERS; member++) {
      assertThat(cluster.caches(member).names()).isEmpty();
      assertThat(cluster.node(member).manager().getCacheNames())
          .noneMatch(name -> name.startsWith(NAME));
      assertThat(cluster.node(member).stores().known()).isZero();
    }
  }
}
