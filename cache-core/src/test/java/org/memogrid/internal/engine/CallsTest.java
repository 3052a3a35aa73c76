/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
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
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.infinispan.commands.VisitableCommand;
import org.infinispan.commands.write.WriteCommand;
import org.infinispan.commons.IllegalLifecycleStateException;
import org.infinispan.context.InvocationContext;
import org.infinispan.factories.ComponentRegistry;
import org.infinispan.interceptors.AsyncInterceptorChain;
import org.infinispan.interceptors.BaseAsyncInterceptor;
import org.infinispan.remoting.RemoteException;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Store;
import org.memogrid.testkit.Await;

/**
 * Who waits for another member that never answers is let go when his own leaves, and when the cache
 * is destroyed.
 */
final class CallsTest {
  private final Calls calls = new Calls();

  @Test
  void whatIsReadPieceByPieceEnds() {
    Stream<Integer> pieces =
        calls.untilEnd(Flowable.just(1).concatWith(Flowable.never())).blockingStream();
    endsWithTheMember(pieces::count);
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

  @Test
  void whatCameAfterTheEndOfItsCacheEndsAtOnce() {
    Calls ended = calls.ofCache("ended");
    ended.endOfCache();
    assertTimeoutPreemptively(
        Duration.ofSeconds(60),
        () -> {
          assertThatThrownBy(() -> ended.await(new CompletableFuture<>()))
              .isInstanceOf(IllegalStateException.class)
              .hasMessageContaining("cache 'ended' was destroyed");
          assertThatThrownBy(() -> ended.untilEnd(Flowable.never()).blockingFirst())
              .isInstanceOf(IllegalStateException.class);
        });
    CompletableFuture<Integer> another = new CompletableFuture<>();
    calls.untilEnd(Flowable.just(1)).doOnNext(another::complete).blockingSubscribe();
    assertThat(calls.ofCache("another").await(another)).isEqualTo(1);
  }

  /** By then the engine takes the others for gone, and has written for this member alone. */
  @Test
  void whatEndsAfterTheEndIsNoSuccess() {
    CompletableFuture<Integer> done = CompletableFuture.completedFuture(1);
    assertThat(calls.await(done)).isEqualTo(1);
    calls.end();
    assertThatThrownBy(() -> calls.await(done)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aWriteThatWouldBeginAfterTheEndIsNotBegun() {
    AtomicInteger begun = new AtomicInteger();
    calls.end();
    assertThatThrownBy(() -> calls.ofCache("c").write(() -> done(begun.incrementAndGet())))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("left the cluster");
    assertThat(begun).hasValue(0);
  }

  @Test
  void theLastWritesAreWaitedForAndNoneBeginsMeanwhile() throws Exception {
    CompletableFuture<Integer> answer = new CompletableFuture<>();
    CountDownLatch begun = new CountDownLatch(1);
    AtomicInteger more = new AtomicInteger();
    List<Throwable> refused = new ArrayList<>();
    Steps steps = new Steps();
    Calls leaving = new Calls(steps);
    steps.each =
        () -> {
          if (steps.now == 0) {
            steps.now = Duration.ofSeconds(2).toNanos(); // what leads to others has had its time
          } else if (!answer.isDone()) {
            refused.add(catchThrowable(() -> leaving.write(() -> done(more.incrementAndGet()))));
            answer.complete(7);
          }
        };
    ExecutorService threads = Executors.newSingleThreadExecutor();
    try {
      Future<Integer> last =
          threads.submit(
              () ->
                  leaving
                      .ofCache("c")
                      .write(
                          () -> {
                            begun.countDown();
                            return answer;
                          }));
      begun.await();
      assertTimeoutPreemptively(Duration.ofSeconds(60), leaving::end);
      assertThat(last.get(60, TimeUnit.SECONDS)).isEqualTo(7);
      assertThat(refused).singleElement().isInstanceOf(IllegalStateException.class);
      assertThat(more).hasValue(0);
    } finally {
      threads.shutdownNow();
    }
  }

  private static CompletableFuture<Integer> done(int value) {
    return CompletableFuture.completedFuture(value);
  }

  /** A clock that stands unless it is moved in a step. */
  private static final class Steps implements Calls.Time {
    private long now;
    private Runnable each = () -> {};

    @Override
    public long nanos() {
      return now;
    }

    @Override
    public void pause() {
      each.run();
      Thread.onSpinWait();
    }
  }

  /** Its member leaves between what it reads and what it writes. */
  @Test
  void anUpdateWhoseMemberHasLeftReachesNobody() {
    LoopCluster cluster = new LoopCluster(new SerialCodec(), 3);
    try {
      Cache<Integer, Integer> cache = cluster.caches(0).cache("c", Mode.REPLICATED);
      cache.put(1, 1);
      AtomicInteger written = new AtomicInteger();
      for (int node = 0; node < 3; node++) {
        ComponentRegistry.componentOf(
                cluster.node(node).engineCache("c"), AsyncInterceptorChain.class)
            .addInterceptor(new Counting(written), 0);
      }
      assertThatThrownBy(
              () ->
                  cache.update(
                      1,
                      n -> {
                        cluster.node(0).stores().close();
                        return 2;
                      }))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("left the cluster");
      assertThat(written).hasValue(0);
    } finally {
      cluster.close();
    }
  }

  /** Counts writes. */
  static final class Counting extends BaseAsyncInterceptor {
    private final AtomicInteger written;

    Counting(AtomicInteger written) {
      this.written = written;
    }

    @Override
    public Object visitCommand(InvocationContext context, VisitableCommand command) {
      if (command instanceof WriteCommand) {
        written.incrementAndGet();
      }
      return invokeNext(context, command);
    }
  }

  @Test
  void aCallIsMadeAgainIfOneThatLeavesSaysThatItHasStopped() {
    AtomicInteger times = new AtomicInteger();
    assertThat(
            calls.await(
                () ->
                    times.incrementAndGet() < 3
                        ? CompletableFuture.failedFuture(stopped())
                        : CompletableFuture.completedFuture("done")))
        .isEqualTo("done");
    assertThat(times).hasValue(3);
  }

  @Test
  void aCallIsNotMadeAgainIfTheOwnCacheHasStopped() {
    AtomicInteger times = new AtomicInteger();
    assertThatThrownBy(
            () ->
                calls.await(
                    () -> {
                      times.incrementAndGet();
                      return CompletableFuture.failedFuture(new IllegalLifecycleStateException());
                    }))
        .isInstanceOf(IllegalLifecycleStateException.class);
    assertThat(times).hasValue(1);
  }

  /** The first owner has done it, and the other answers that it has stopped. */
  @Test
  void whatIsMadeAgainAnswersAsTheFirstTime() {
    LoopCluster cluster = new LoopCluster(new SerialCodec(), 1);
    try {
      Cache<Integer, Integer> cache = cluster.caches(0).cache("c", Mode.REPLICATED);
      Store store = cache.unwrap(Store.class);
      ComponentRegistry.componentOf(cluster.node(0).engineCache("c"), AsyncInterceptorChain.class)
          .addInterceptor(new StoppedBehind(), 0);
      assertThat(cache.putIfAbsent(1, 1)).isNull();
      Envelope first = requireNonNull(store.get(1));
      Envelope second = Envelope.ofValue(new Envelope.Version(7, 1), 2).after(first);
      assertThat(store.replace(1, first, second)).isTrue();
      Envelope third = Envelope.ofValue(new Envelope.Version(7, 2), 3).after(first);
      assertThat(store.replace(1, first, third)).as("it is not there any more").isFalse();
      assertThat(store.remove(1, first)).as("it is not there any more").isFalse();
      assertThat(store.remove(1, second)).isTrue();
    } finally {
      cluster.close();
    }
  }

  private static RemoteException stopped() {
    return new RemoteException("from another", new IllegalLifecycleStateException("STOPPING"));
  }

  /** Writes, and fails all the same, each first time. */
  static final class StoppedBehind extends BaseAsyncInterceptor {
    private boolean again;

    @Override
    public Object visitCommand(InvocationContext context, VisitableCommand command) {
      if (!(command instanceof WriteCommand)) {
        return invokeNext(context, command);
      }
      again = !again;
      boolean fails = again;
      return invokeNextThenApply(
          context,
          command,
          (c, written, answer) -> {
            if (fails) {
              throw stopped();
            }
            return answer;
          });
    }
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
      int key = keyOf(cluster.node(1), store);
      cache.put(key, 1);
      Envelope entry = requireNonNull(store.get(key));
      CountDownLatch frozen = freeze(cluster, 6, "c", "r", OptionsRegistry.NAME);
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

  /** The other member takes the calls of a cache, destroys it, and answers none of them. */
  @Test
  void everyCallUnderWayEndsWhenItsCacheIsDestroyed() throws Exception {
    LoopCluster cluster = new LoopCluster(new SerialCodec(), 2);
    ExecutorService threads = Executors.newCachedThreadPool();
    try {
      Cache<Integer, Integer> cache =
          cluster.caches(0).cache("c", CacheOptions.of(Mode.DISTRIBUTED).owners(1));
      int key = keyOf(cluster.node(1), cache.unwrap(Store.class));
      Cache<Integer, Integer> everywhere = cluster.caches(0).cache("r", Mode.REPLICATED);
      CountDownLatch frozen = freeze(cluster, 5, "c", "r");
      List<Future<?>> all = new ArrayList<>();
      for (Callable<?> call :
          List.<Callable<?>>of(
              () -> cache.get(key),
              () -> cache.putIfAbsent(key, 1),
              Executors.callable(() -> cache.put(key, 2)),
              Executors.callable(cache::clear),
              Executors.callable(() -> everywhere.put(1, 1)))) {
        all.add(threads.submit(call));
      }
      Await.until("they wait for the other member", () -> frozen.getCount() == 0);
      cluster.caches(1).cache("c").destroy();
      cluster.caches(1).cache("r").destroy();
      for (Future<?> each : all) {
        assertThatThrownBy(() -> each.get(30, TimeUnit.SECONDS))
            .hasCauseInstanceOf(IllegalStateException.class)
            .hasMessageContaining("destroyed"); // the engine's own timeout would not say so
      }
    } finally {
      threads.shutdownNow();
      cluster.close();
    }
  }

  private static int keyOf(LoopCluster.Node owner, Store store) {
    int key = 0;
    while (!store.topology().owners(key).contains(owner.self())) {
      key++;
    }
    return key;
  }

  private static CountDownLatch freeze(LoopCluster cluster, int calls, String... names) {
    CountDownLatch taken = new CountDownLatch(calls);
    for (String name : names) {
      ComponentRegistry.componentOf(cluster.node(1).engineCache(name), AsyncInterceptorChain.class)
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
