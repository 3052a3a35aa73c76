/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Locking;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Transactions;
import org.memogrid.testkit.TestCluster;

/** Transactions of a member that leaves. */
class TransactionsCloseTest {
  @ParameterizedTest
  @EnumSource
  void aTransactionThatIsOpenWhenItsClusterIsClosedIsRolledBackAndItsThreadIsFree(Locking locking)
      throws Exception {
    try (TestCluster cluster = TestCluster.of(2)) {
      Cluster leaving = cluster.node(0);
      CacheOptions options = CacheOptions.of(Mode.DISTRIBUTED).transactional(locking);
      Cache<String, Integer> mine = leaving.cache("c", options);
      Cache<String, Integer> other = cluster.node(1).cache("c", options);
      for (int key = 0; key < 10; key++) {
        other.put("k" + key, 1);
      }
      CountDownLatch open = new CountDownLatch(1);
      CountDownLatch closed = new CountDownLatch(1);
      CompletableFuture<Boolean> after = new CompletableFuture<>();
      CompletableFuture<Void> working =
          CompletableFuture.runAsync(
              () -> {
                try {
                  Transactions.run(
                      leaving,
                      () -> {
                        for (int key = 0; key < 10; key++) {
                          mine.put("k" + key, 2);
                        }
                        open.countDown();
                        closed.await();
                        mine.put("k0", 3);
                      });
                } catch (InterruptedException e) {
                  throw new IllegalStateException(e);
                } finally {
                  // the same thread, in a cluster of its own
                  try (Cluster own = Cluster.local()) {
                    Cache<String, Integer> next = own.cache("next", options);
                    Transactions.run(own, () -> next.put("k", 1));
                    after.complete(next.get("k") != null);
                  }
                }
              });
      open.await();
      cluster.leave(0);
      closed.countDown();
      assertThat(working)
          .failsWithin(Duration.ofSeconds(30))
          .withThrowableOfType(java.util.concurrent.ExecutionException.class)
          .withCauseInstanceOf(IllegalStateException.class);
      assertThat(after).succeedsWithin(Duration.ofSeconds(10)).isEqualTo(true);
      for (int key = 0; key < 10; key++) {
        assertThat(other.getAndPut("k" + key, 5)).isEqualTo(1);
      }
      assertThatThrownBy(() -> Transactions.run(leaving, () -> other.put("k", 1)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("closed");
    }
  }
}
