/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.reactivex.rxjava3.core.Flowable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.infinispan.commands.VisitableCommand;
import org.infinispan.context.InvocationContext;
import org.infinispan.factories.ComponentRegistry;
import org.infinispan.interceptors.AsyncInterceptorChain;
import org.infinispan.interceptors.BaseAsyncInterceptor;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Store;
import org.memogrid.testkit.Await;

/** Who waits for another member that never answers is let go when his own leaves. */
final class CallsTest {
  private final Calls calls = new Calls();

  @Test
  void whatIsReadPieceByPieceEnds() {
    Stream<Integer> pieces =
        calls.untilEnd(Flowable.just(1).concatWith(Flowable.never())).blockingStream();
    endsWithTheMember(pieces::count);
  }

  @Test
  void whatTheEngineOffersBlockingOnlyEnds() {
    CountDownLatch never = new CountDownLatch(1);
    endsWithTheMember(
        () ->
            calls.awaitBlocking(
                () -> {
                  try {
                    return never.await(1, TimeUnit.DAYS);
                  } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                  }
                }));
  }

  @Test
  void whatCameLaterEndsAtOnce() {
    calls.end();
    assertTimeoutPreemptively(
        Duration.ofSeconds(60),
        () -> {
          assertThatThrownBy(() -> calls.await(new CompletableFuture<>()))
              .isInstanceOf(IllegalStateException.class);
          assertThatThrownBy(() -> calls.untilEnd(Flowable.never()).blockingFirst())
              .isInstanceOf(IllegalStateException.class);
        });
  }

  private void endsWithTheMember(Callable<?> call) {
    ExecutorService threads = Executors.newSingleThreadExecutor();
    try {
      Future<?> waiting = threads.submit(call);
      calls.end();
      assertThatThrownBy(() -> waiting.get(60, TimeUnit.SECONDS))
          .isInstanceOf(ExecutionException.class)
          .hasCauseInstanceOf(IllegalStateException.class)
          .hasMessageContaining("left the cluster");
    } finally {
      threads.shutdownNow();
    }
  }

  /** The other member takes the calls of the caches and of their options, and answers none. */
  @Test
  void everyCallUnderWayEndsWhenItsMemberLeaves() throws Exception {
    LoopCluster cluster = new LoopCluster(new SerialCodec(), 2);
    ExecutorService threads = Executors.newCachedThreadPool();
    try {
      Cache<Integer, Integer> cache =
          cluster.caches(0).cache("c", CacheOptions.of(Mode.DISTRIBUTED).owners(1));
      Cache<Integer, Integer> everywhere = cluster.caches(0).cache("r", Mode.REPLICATED);
      Store store = cache.unwrap(Store.class);
      int there = 0;
      while (!store.topology().owners(there).contains(cluster.node(1).self())) {
        there++;
      }
      int key = there;
      cache.put(key, 1);
      Envelope entry = requireNonNull(store.get(key));
      CountDownLatch frozen = freeze(cluster, "c", "r", OptionsRegistry.NAME);
      List<Future<?>> all = new ArrayList<>();
      for (Callable<?> call :
          List.<Callable<?>>of(
              () -> cache.containsKey(key),
              Executors.callable(() -> cache.put(key, 2)),
              Executors.callable(() -> store.renew(key, entry)),
              Executors.callable(cache::clear),
              Executors.callable(() -> everywhere.put(1, 1)),
              () -> cluster.caches(0).cache("another", Mode.DISTRIBUTED))) {
        all.add(threads.submit(call));
      }
      Await.until("they wait for the other member", () -> frozen.getCount() == 0);
      cluster.node(0).stores().close();
      for (Future<?> each : all) {
        assertThatThrownBy(() -> each.get(30, TimeUnit.SECONDS))
            .isInstanceOf(ExecutionException.class)
            .satisfies(
                e ->
                    assertThat(e.getCause())
                        .isInstanceOfAny(IllegalStateException.class, CacheException.class));
      }
    } finally {
      threads.shutdownNow();
      cluster.close();
    }
  }

  private static CountDownLatch freeze(LoopCluster cluster, String... names) {
    CountDownLatch taken = new CountDownLatch(6);
    for (String name : names) {
      ComponentRegistry.componentOf(
              cluster.node(1).manager().getCache(name), AsyncInterceptorChain.class)
          .addInterceptor(new Silent(taken), 0);
    }
    return taken;
  }

  /** Answers nothing. */
  static final class Silent extends BaseAsyncInterceptor {
    private final CountDownLatch taken;

    Silent(CountDownLatch taken) {
      this.taken = taken;
    }

    @Override
    public Object visitCommand(InvocationContext context, VisitableCommand command) {
      taken.countDown();
      return asyncValue(new CompletableFuture<>());
    }
  }
}
