/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import jakarta.transaction.TransactionManager;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.infinispan.commands.VisitableCommand;
import org.infinispan.commands.tx.CommitCommand;
import org.infinispan.commands.tx.PrepareCommand;
import org.infinispan.context.InvocationContext;
import org.infinispan.factories.ComponentRegistry;
import org.infinispan.interceptors.AsyncInterceptorChain;
import org.infinispan.interceptors.BaseAsyncInterceptor;
import org.infinispan.interceptors.impl.TxInterceptor;
import org.infinispan.partitionhandling.AvailabilityMode;
import org.infinispan.partitionhandling.impl.PartitionHandlingManager;
import org.infinispan.transaction.impl.TransactionTable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Locking;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Partitions;
import org.memogrid.testkit.Await;

/** One of three members is cut off while it commits. The others roll it back, and it comes back. */
final class PartialCommitsTest {
  private static final int CUT_OFF = 2;

  private final ExecutorService threads = Executors.newCachedThreadPool();

  @ParameterizedTest
  @EnumSource(Locking.class)
  void whatItHadLockedIsFreeOnceItIsBack(Locking locking) throws Exception {
    try (LoopCluster cluster = new LoopCluster(new SerialCodec(), 3, Partitions.CONSISTENT)) {
      CacheOptions options = CacheOptions.of(Mode.DISTRIBUTED).owners(3).transactional(locking);
      List<Cache<Integer, Integer>> caches =
          IntStream.range(0, 3)
              .<Cache<Integer, Integer>>mapToObj(i -> cluster.caches(i).cache("c", options))
              .toList();
      SplitTest.awaitRest(cluster, 3, "c");
      int key = ownKey(cluster, caches.get(0));
      caches.get(0).put(key, 1);
      ComponentRegistry components = ComponentRegistry.of(cluster.node(CUT_OFF).engineCache("c"));
      PartitionHandlingManager partitions = components.getComponent(PartitionHandlingManager.class);
      Held held = new Held();
      components
          .getComponent(AsyncInterceptorChain.class)
          .addInterceptorBefore(held, TxInterceptor.class); // who refuses has let it pass
      Future<?> commit =
          threads.<@Nullable Void>submit(() -> commit(cluster, caches.get(CUT_OFF), key));
      assertThat(held.reached.await(60, TimeUnit.SECONDS)).isTrue();
      SplitTest.cutOff(cluster, CUT_OFF);
      Await.until(
          "a side that refuses",
          () -> partitions.getAvailabilityMode() == AvailabilityMode.DEGRADED_MODE);
      held.release.complete(null);
      if (locking == Locking.OPTIMISTIC) {
        assertThat(commit).succeedsWithin(60, TimeUnit.SECONDS); // it was prepared on all
        assertThat(partitions.getPartialTransactions()).hasSize(1);
      } else {
        assertThat(commit).failsWithin(60, TimeUnit.SECONDS);
      }
      for (int other = 0; other < CUT_OFF; other++) {
        TransactionTable transactions =
            ComponentRegistry.of(cluster.node(other).engineCache("c"))
                .getComponent(TransactionTable.class);
        Await.until("it is rolled back there", () -> transactions.getRemoteTxCount() == 0);
      }
      SplitTest.heal(cluster, 3);
      Await.until("nothing is open", () -> partitions.getPartialTransactions().isEmpty());
      SplitTest.awaitRest(cluster, 3, "c");
      assertTimeoutPreemptively(Duration.ofSeconds(60), () -> caches.get(0).put(key, 3));
      for (Cache<Integer, Integer> cache : caches) {
        assertThat(cache.get(key)).isEqualTo(3);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  private static int ownKey(LoopCluster cluster, Cache<Integer, Integer> cache) {
    return IntStream.iterate(0, key -> key + 1)
        .filter(key -> cache.owners(key).get(0).equals(cluster.node(CUT_OFF).self()))
        .findFirst()
        .orElseThrow();
  }

  private static @Nullable Void commit(LoopCluster cluster, Cache<Integer, Integer> cache, int key)
      throws Exception {
    TransactionManager transactions =
        cluster.node(CUT_OFF).engineCache("c").getAdvancedCache().getTransactionManager();
    transactions.begin();
    cache.put(key, 2);
    transactions.commit();
    return null;
  }

  /** Holds up the one message that commits. */
  static final class Held extends BaseAsyncInterceptor {
    final CountDownLatch reached = new CountDownLatch(1);
    final CompletableFuture<Object> release = new CompletableFuture<>();

    @Override
    public Object visitCommand(InvocationContext context, VisitableCommand command) {
      boolean commits =
          command instanceof CommitCommand
              || (command instanceof PrepareCommand prepare && prepare.isOnePhaseCommit());
      if (!commits || !context.isOriginLocal()) {
        return invokeNext(context, command);
      }
      reached.countDown();
      return asyncInvokeNext(context, command, release);
    }
  }
}
