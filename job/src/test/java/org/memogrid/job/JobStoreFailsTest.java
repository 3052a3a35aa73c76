/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.memogrid.cache.CacheException;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.Membership;
import org.memogrid.internal.node.Node;
import org.memogrid.internal.store.Store;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.TestCluster;

/** A job on a member that can use the store only at times, as in a minority that refuses to. */
class JobStoreFailsTest {
  private static final Duration MINUTE = Duration.ofMinutes(1);

  private final TestClock clock = new TestClock("2026-03-02T10:00:00Z");
  private final List<String> starts = new CopyOnWriteArrayList<>();
  private final AtomicInteger failed = new AtomicInteger();
  private final CountDownLatch go = new CountDownLatch(1);
  private final JobFeature frail = new JobFeature();
  private final AtomicInteger refusals = new AtomicInteger();
  private final AtomicInteger lateViews = new AtomicInteger();
  private final List<Firing> told = new CopyOnWriteArrayList<>();
  private volatile boolean broken;
  private volatile boolean doneAllTheSame;
  private volatile @Nullable Membership late;
  private TestCluster cluster;

  @BeforeEach
  void twoMembers() {
    cluster = TestCluster.of(2);
    cluster.nodes().forEach(clock::of);
    frail.start(frail(cluster.node(1)));
    clock.of(frail);
  }

  @AfterEach
  void end() {
    broken = false;
    go.countDown();
    frail.stop();
    cluster.close();
  }

  /**
   * The member, but for its stores, which throw while {@code broken}, and its view, which is {@code
   * late} for some looks.
   */
  private Node frail(Cluster member) {
    Node node = member.unwrap(Node.class);
    return proxy(
        Node.class,
        node,
        result ->
            result instanceof Store store
                ? frail(store)
                : result instanceof Membership now ? view(now) : result,
        false);
  }

  private Membership view(Membership now) {
    Membership before = late;
    return before != null && now.id() != before.id() && lateViews.getAndDecrement() > 0
        ? before
        : now;
  }

  private Store frail(Store store) {
    return proxy(Store.class, store, result -> result, true);
  }

  private interface Answer {
    @Nullable Object of(@Nullable Object result);
  }

  private <T> T proxy(Class<T> type, T real, Answer answer, boolean breaks) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (self, method, arguments) -> {
              if (breaks && broken && !method.getName().equals("near")) {
                failed.incrementAndGet();
                throw new CacheException("on purpose", new IllegalStateException());
              }
              if (breaks && method.getName().equals("putIfAbsent") && refusals.get() > 0) {
                refusals.decrementAndGet();
                if (doneAllTheSame) {
                  var unused = method.invoke(real, arguments);
                }
                throw new CacheException("on purpose", new IllegalStateException());
              }
              try {
                return answer.of(method.invoke(real, arguments));
              } catch (InvocationTargetException e) {
                throw e.getTargetException();
              }
            }));
  }

  private void fire(JobContext context) throws InterruptedException {
    starts.add(context.member().name());
    if (context.number() == 1) {
      go.await();
    }
  }

  private Job startFrail() {
    Definition definition =
        new Definition(Schedule.every(MINUTE).inZone(), Misfire.FIRE_ONCE, WhenLost.SKIP, false);
    return frail.start(
        new RunningJob.Plan(
            "ajob", this::fire, definition, false, null, (job, firing) -> told.add(firing)));
  }

  private Job startSound() {
    return Job.named("ajob", this::fire).every(MINUTE).start(cluster.node(0));
  }

  /** The race: the turn comes to a member that can't read the job just then. */
  @Test
  void aTurnThatBeganWhereNothingCouldBeReadIsUsedLater() {
    go.countDown();
    Job sound = startSound();
    Await.until("the first", () -> starts.size() == 1);
    Await.until("it is at rest", () -> sound.status() == JobStatus.SCHEDULED);
    Job job = startFrail();
    Await.until("it knows the holder", () -> job.holder() != null);
    broken = true;
    sound.close();
    Await.until("the turn has moved", () -> cluster.node(1).self().equals(job.holder()));
    Await.until("a look has failed", () -> failed.get() > 0);
    broken = false;
    clock.tick(MINUTE);
    Await.until("it fires there", () -> starts.size() == 2);
    assertThat(starts).containsExactly("n0", "n1");
  }

  /**
   * The race: a firing ends where that can't be noted, and the job is closed there; the member
   * stays, so nobody else would take the firing for lost.
   */
  @Test
  void aFiringWhoseEndCouldNotBeNotedHoldsUpNobodyWhenItsJobIsClosed() {
    Job job = startFrail();
    Await.until("it runs", () -> starts.size() == 1);
    broken = true;
    go.countDown();
    Await.until("it could not be noted", () -> failed.get() > 0);
    CompletableFuture<Void> closed = CompletableFuture.runAsync(job::close);
    Await.until("it could not be noted again", () -> failed.get() > 2);
    broken = false;
    Await.until(
        "it is closed",
        () -> {
          clock.tick(Duration.ofMillis(10)); // it is tried again by the job's clock
          return closed.isDone();
        });
    Job sound = startSound();
    clock.tick(MINUTE);
    Await.until("it fires elsewhere", () -> starts.size() == 2);
    assertThat(starts).containsExactly("n1", "n0");
    Await.until("nothing is open", () -> sound.status() == JobStatus.SCHEDULED);
  }

  /** As when a member dies just then. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aFiringIsInTheHistoryOnceThoughWritingItFailedAtFirst(boolean done) {
    Job job = startFrail();
    Await.until("it runs", () -> starts.size() == 1);
    doneAllTheSame = done;
    refusals.set(done ? 1 : 2);
    go.countDown();
    Await.until("it is told", () -> told.size() == 1);
    assertThat(job.history()).isEqualTo(told);
    assertThat(refusals).hasValue(0);
  }

  @Test
  void firingsThatAreAlikeAreAllInTheHistory() {
    go.countDown();
    Job job = startFrail();
    Await.until("the first is told", () -> told.size() == 1);
    for (int i = 2; i <= 6; i++) {
      int count = i;
      job.triggerNow(); // by a clock that stands still
      Await.until("it is told", () -> told.size() == count);
    }
    assertThat(job.history()).isEqualTo(told);
  }

  /**
   * The race: 1. a member looks at the view; 2. another one dies, and who waits for somebody is
   * told; 3. the first finds a firing of the other open, and waits.
   */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6})
  void aViewThatComesWhileAJobIsReadIsSeen(int looks) {
    Job sound = startSound();
    Await.until("it runs", () -> starts.size() == 1);
    Job job = startFrail();
    Await.until("it knows the holder", () -> cluster.node(0).self().equals(job.holder()));
    assertThat(sound.status()).isEqualTo(JobStatus.RUNNING);
    late = cluster.node(1).membership();
    lateViews.set(looks);
    CompletableFuture<Void> crash = CompletableFuture.runAsync(() -> cluster.crash(0));
    Await.until(
        "it is known to be lost",
        () -> job.history().stream().anyMatch(f -> f.outcome() == Firing.Outcome.LOST));
    go.countDown(); // the member that was cut off waits for it before it closes
    crash.join();
  }
}
