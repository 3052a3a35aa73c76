/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.memo.Memo;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.TestCluster;

/** A user's listeners may block: what for is no concern of the member's. */
class ListenerTest {
  /** A listener that waits for a memo, say, must not keep that memo from its store. */
  @Test
  void asManyAsThereAreThreadsMayBlockAndMemosGoOn() {
    int threads = Math.max(16, 4 * Runtime.getRuntime().availableProcessors());
    CountDownLatch held = new CountDownLatch(1);
    AtomicInteger blocked = new AtomicInteger();
    try (TestCluster cluster = TestCluster.of(1)) {
      Cluster node = cluster.node(0);
      Cache<String, Integer> cache = node.cache("heard", Mode.DISTRIBUTED);
      for (int i = 0; i < threads; i++) {
        cache.listen(
            event -> {
              blocked.incrementAndGet();
              awaitQuietly(held);
            });
      }
      cache.put("k", 1);
      Await.until("all block", () -> blocked.get() == threads);
      Memo<String, Integer> length =
          Memo.<String, Integer>builder("length", String::length)
              .mode(Mode.DISTRIBUTED)
              .build(node);
      assertTimeoutPreemptively(
          Duration.ofSeconds(60), () -> assertThat(length.apply("word")).isEqualTo(4));
      held.countDown();
    } finally {
      held.countDown();
    }
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      assertThat(latch.await(10, TimeUnit.MINUTES)).isTrue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // the member left
    }
  }
}
