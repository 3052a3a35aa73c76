/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.testkit.TestCluster;

/** The user's code runs under no lock, and so keeps no virtual thread on its carrier. */
@Timeout(120)
class MemoThreadsTest {
  private final Set<String> seen = new ConcurrentSkipListSet<>();
  private final Set<String> locked = new ConcurrentSkipListSet<>();

  /** Notes whether this thread, in that piece of user code, holds any lock. */
  private void look(String where) {
    seen.add(where);
    ThreadInfo me =
        ManagementFactory.getThreadMXBean().getThreadInfo(new long[] {threadId()}, true, true)[0];
    for (Object monitor : me.getLockedMonitors()) {
      locked.add(where + ": " + monitor);
    }
    for (Object lock : me.getLockedSynchronizers()) {
      // A pool's worker holds itself while it works.
      if (!lock.toString().startsWith("java.util.concurrent.ThreadPoolExecutor$Worker")) {
        locked.add(where + ": " + lock);
      }
    }
  }

  @SuppressWarnings("deprecation") // its successor came with 19
  private static long threadId() {
    return Thread.currentThread().getId();
  }

  @ParameterizedTest
  @EnumSource
  void usersFunctionsRunUnderNoLock(Mode mode) {
    try (TestCluster cluster = TestCluster.of(1)) {
      Memo<Integer, Integer> memo =
          Memo.builder(
                  "looks",
                  (Integer k) -> {
                    look("function");
                    if (k < 0) {
                      throw new IllegalStateException("negative");
                    }
                    return k;
                  })
              .mode(mode)
              .key(
                  k -> {
                    look("key");
                    return k;
                  })
              .expiry(
                  (k, v) -> {
                    look("expiry");
                    return Duration.ofHours(1);
                  })
              .tags(
                  (k, v) -> {
                    look("tags");
                    return Set.of("t");
                  })
              .cacheFailures(
                  e -> {
                    look("cacheFailures");
                    return Optional.empty();
                  })
              .listener(event -> look("listener"))
              .bulk(
                  keys -> {
                    look("bulk");
                    return keys.stream().collect(Collectors.toMap(k -> k, k -> k));
                  })
              .build(cluster.node(0));
      assertThat(memo.apply(1)).isEqualTo(1);
      assertThat(memo.async(2).join()).isEqualTo(2);
      assertThat(memo.getAll(List.of(1, 3))).isEqualTo(Map.of(1, 1, 3, 3));
      assertThatThrownBy(() -> memo.apply(-1)).hasMessage("negative");
      memo.invalidateIf(
          k -> {
            look("predicate");
            return true;
          });
    }
    assertThat(locked).isEmpty();
    assertThat(new TreeSet<>(seen))
        .containsExactly(
            "bulk", "cacheFailures", "expiry", "function", "key", "listener", "predicate", "tags");
  }

  @Test
  void virtualThreadsAreNotPinnedWhileFunctionsWaitOrCallersDo() throws Exception {
    assumeTrue(
        Runtime.version().feature() >= 21, "this JVM has no virtual threads: run on 21 or newer");
    Path file = Files.createTempFile("memo-pinned", ".jfr");
    try (Recording recording = new Recording();
        Cluster cluster = Cluster.local()) {
      recording.enable("jdk.VirtualThreadPinned").withoutThreshold();
      recording.start();
      Memo<Integer, Integer> memo =
          Memo.builder(
                  "slow",
                  (Integer k) -> {
                    pause();
                    return k;
                  })
              .maxConcurrent(16)
              .build(cluster);
      ExecutorService callers = virtualThreads();
      List<Future<Integer>> calls = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        int key = i % 20;
        calls.add(callers.submit(() -> memo.apply(key)));
      }
      for (Future<Integer> call : calls) {
        assertThat(call.get(60, TimeUnit.SECONDS)).isBetween(0, 19);
      }
      callers.shutdown();
      recording.stop();
      recording.dump(file);
      assertThat(RecordingFile.readAllEvents(file)).filteredOn(MemoThreadsTest::isOurs).isEmpty();
    } finally {
      Files.deleteIfExists(file);
    }
  }

  private static void pause() {
    try {
      assertThat(new CountDownLatch(1).await(20, TimeUnit.MILLISECONDS)).isFalse();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** The method came with 21. */
  private static ExecutorService virtualThreads() throws ReflectiveOperationException {
    return (ExecutorService)
        Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
  }

  private static boolean isOurs(RecordedEvent event) {
    return event.getStackTrace() != null
        && event.getStackTrace().getFrames().stream()
            .map(frame -> frame.getMethod().getType().getName())
            .anyMatch(name -> name.startsWith("org.memogrid"));
  }
}
