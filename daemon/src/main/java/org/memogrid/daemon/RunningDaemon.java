/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.daemon;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.FencingToken;
import org.memogrid.cluster.Member;
import org.memogrid.internal.lease.Lease;
import org.memogrid.internal.lease.LeaseFeature;
import org.memogrid.internal.lease.LeaseListener;
import org.memogrid.internal.lease.LeaseSpec;
import org.memogrid.internal.node.Beans;
import org.memogrid.internal.node.Node;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A daemon on one member.
 *
 * <p>Invariants, under the lock: there is at most one {@link Turn} whose task may still run; the
 * next begins when that has ended ({@code next} waits for it). A turn that this member ends itself
 * is given back to the cluster after its task has ended, never before.
 */
final class RunningDaemon implements Daemon, LeaseListener, DaemonMXBean {
  private static final Logger LOG = LoggerFactory.getLogger(RunningDaemon.class);
  private static final int FAILURES_PER_MEMBER = 3;
  private static final long FIRST_BACKOFF_MILLIS = 1_000;
  private static final long LAST_BACKOFF_MILLIS = 60_000;

  private final Plan plan;
  private final Node node;
  private final LeaseFeature leases;
  private final DaemonFeature feature;
  private final Beans.Bean bean;
  private final Object lock = new Object();

  private volatile DaemonStatus status = DaemonStatus.WAITING;
  private volatile @Nullable Lease lease;
  private @Nullable Turn turn;
  private @Nullable FencingToken next;
  private @Nullable ScheduledFuture<?> backoff;
  private CompletableFuture<@Nullable Void> steppingBack = CompletableFuture.completedFuture(null);
  private boolean offered;
  private boolean closed;
  private int failuresInARow;
  private long starts;
  private long failures;
  private long losses;
  private long ownTokens;
  private volatile @Nullable FencingToken ownToken;

  /** What the builder collected. */
  record Plan(
      String name,
      DaemonTask task,
      Runnable onStop,
      boolean everyNode,
      LeaseSpec spec,
      Hung hung,
      DaemonListener listener) {}

  RunningDaemon(Plan plan, Node node, LeaseFeature leases, DaemonFeature feature) {
    this.plan = plan;
    this.node = node;
    this.leases = leases;
    this.feature = feature;
    this.bean = Beans.show("Daemon", plan.name, node.membership().self().name(), this);
  }

  // ---- what the turn asks

  Plan plan() {
    return plan;
  }

  Member self() {
    return node.membership().self();
  }

  boolean isValid(FencingToken token) {
    Lease now = lease;
    return plan.everyNode ? token.equals(ownToken) : now != null && now.isActive(token);
  }

  // ---- users

  @Override
  public String name() {
    return plan.name;
  }

  @Override
  public DaemonStatus status() {
    return status;
  }

  @Override
  public @Nullable Member holder() {
    Lease now = lease;
    return plan.everyNode ? self() : now == null ? null : now.holder();
  }

  @Override
  public @Nullable FencingToken token() {
    Lease now = lease;
    return plan.everyNode ? ownToken : now == null ? null : now.lastToken();
  }

  @Override
  public DaemonStats stats() {
    synchronized (lock) {
      return new DaemonStats(starts, failures, losses);
    }
  }

  @Override
  public void start() {
    CompletableFuture<@Nullable Void> before;
    synchronized (lock) {
      if (closed || offered || status == DaemonStatus.HUNG) {
        return;
      }
      offered = true;
      before = steppingBack;
      failuresInARow = 0;
      if (status == DaemonStatus.STOPPED) {
        status(DaemonStatus.WAITING);
      }
    }
    if (before.isDone()) {
      offer();
    } else {
      // Elsewhere: the lease's thread, which completes it, must not wait for itself.
      var unused = before.thenRunAsync(this::offer, node.workers());
    }
  }

  private void offer() {
    if (plan.everyNode) {
      FencingToken token = new FencingToken(plan.name, ++ownTokens, self().id());
      ownToken = token;
      onBegin(token);
    } else {
      lease = leases.offer(plan.name, plan.spec, this);
    }
  }

  @Override
  public void stop() {
    var unused = stepBack(DaemonStatus.STOPPED);
  }

  /** Stops what runs, then offers the name no more. */
  private CompletableFuture<@Nullable Void> stepBack(DaemonStatus then) {
    CompletableFuture<@Nullable Void> ended;
    Lease mine;
    synchronized (lock) {
      offered = false;
      next = null;
      cancelBackoff();
      mine = lease;
      ended = turn == null ? CompletableFuture.completedFuture(null) : turn.end();
    }
    CompletableFuture<@Nullable Void> done = ended.thenCompose(none -> givenBack(mine, then));
    synchronized (lock) {
      steppingBack = done;
    }
    return done;
  }

  private CompletableFuture<@Nullable Void> givenBack(@Nullable Lease mine, DaemonStatus then) {
    synchronized (lock) {
      if (turn != null && plan.hung == Hung.HOLD) {
        return CompletableFuture.completedFuture(null); // see ended()
      }
      ownToken = null;
      status(closed ? DaemonStatus.CLOSED : then);
    }
    return mine == null
        ? CompletableFuture.completedFuture(null)
        : mine.withdraw().<@Nullable Void>thenApply(told -> null).toCompletableFuture();
  }

  CompletableFuture<@Nullable Void> end() {
    synchronized (lock) {
      closed = true;
    }
    return stepBack(DaemonStatus.CLOSED)
        .whenComplete(
            (none, error) -> {
              bean.close();
              feature.closed(this);
            });
  }

  @Override
  public void close() {
    var unused = end().join();
  }

  // ---- the lease

  @Override
  public void onBegin(FencingToken token) {
    synchronized (lock) {
      if (!offered) {
        return;
      }
      if (turn != null) {
        next = token;
        return;
      }
      begin(token);
    }
  }

  private void begin(FencingToken token) {
    if (failuresInARow > 0) {
      backOff(token);
    } else {
      run(token);
    }
  }

  private void run(FencingToken token) {
    Turn now = new Turn(this, token);
    turn = now;
    starts++;
    status(DaemonStatus.RUNNING);
    now.start();
  }

  private void backOff(FencingToken token) {
    long longest =
        Math.min(LAST_BACKOFF_MILLIS, FIRST_BACKOFF_MILLIS << Math.min(10, failuresInARow - 1));
    long delay = longest - ThreadLocalRandom.current().nextLong(longest / 4 + 1);
    status(DaemonStatus.BACKING_OFF);
    backoff =
        node.scheduler()
            .schedule(
                () -> {
                  synchronized (lock) {
                    if (offered && turn == null && isValid(token)) {
                      run(token);
                    }
                  }
                },
                delay,
                TimeUnit.MILLISECONDS);
  }

  private void cancelBackoff() {
    ScheduledFuture<?> waiting = backoff;
    if (waiting != null) {
      waiting.cancel(false);
      backoff = null;
    }
  }

  @Override
  public void onEnd(FencingToken token, String why) {
    synchronized (lock) {
      losses++;
      next = null;
      cancelBackoff();
      if (turn != null) {
        LOG.warn("daemon '{}' is stopped on {}: {}", plan.name, self(), why);
        var unused = turn.end();
      } else if (offered) {
        status(DaemonStatus.WAITING);
      }
    }
  }

  @Override
  public void onHolder(Member holder, FencingToken token) {}

  @Override
  public void onRefused(String why) {
    LOG.error("daemon '{}' can't run on {}: {}", plan.name, self(), why);
    synchronized (lock) {
      status(DaemonStatus.REFUSED);
    }
  }

  @Override
  public CompletionStage<?> onLeaving() {
    return end();
  }

  // ---- the turn

  /** The task threw while the turn was on. */
  void failed(Turn which, Throwable failure) {
    synchronized (lock) {
      failures++;
      failuresInARow++;
      boolean elsewhere = failuresInARow % FAILURES_PER_MEMBER == 0 && !plan.everyNode;
      LOG.warn(
          "daemon '{}' failed on {}, time {} in a row: {}",
          plan.name,
          self(),
          failuresInARow,
          elsewhere ? "another member is asked" : "it is started again after a while",
          failure);
      if (turn != which) {
        return;
      }
      turn = null;
      Lease mine = lease;
      if (elsewhere && mine != null) {
        status(DaemonStatus.WAITING);
        mine.release(which.token(), true);
      } else if (offered) {
        backOff(which.token());
      }
    }
  }

  /** Its user saw that it is over before the cluster said so: it is given back. */
  void sawTheEnd(FencingToken token) {
    Lease mine = lease;
    if (mine != null) {
      synchronized (lock) {
        if (turn != null && turn.token().equals(token)) {
          losses++;
          var unused = turn.end().thenRun(() -> mine.release(token, false));
        }
      }
    }
  }

  void stopping() {
    synchronized (lock) {
      status(DaemonStatus.STOPPING);
    }
  }

  /** Nothing of the turn runs any more. */
  void ended(Turn which, Duration lasted) {
    synchronized (lock) {
      if (turn != which) {
        return;
      }
      turn = null;
      if (lasted.toMillis() >= LAST_BACKOFF_MILLIS) {
        failuresInARow = 0;
      }
      if (!offered) {
        if (status == DaemonStatus.HUNG) { // it ended after all
          steppingBack = givenBack(lease, DaemonStatus.STOPPED);
        }
        return;
      }
      FencingToken waiting = next;
      next = null;
      status(DaemonStatus.WAITING);
      if (waiting != null) {
        begin(waiting);
      }
    }
  }

  void hung(Turn which, Thread thread) {
    IllegalStateException where = new IllegalStateException("its thread " + thread.getName());
    where.setStackTrace(thread.getStackTrace());
    LOG.error(
        "daemon '{}' does not stop on {}, not even interrupted; {}",
        plan.name,
        self(),
        plan.hung == Hung.HOLD ? "nobody else gets it" : "another member gets it",
        where);
    synchronized (lock) {
      if (turn == which) {
        status(DaemonStatus.HUNG);
      }
    }
  }

  private void status(DaemonStatus now) {
    if (status != now) {
      status = now;
      try {
        node.workers().execute(() -> plan.listener.onStatus(this, now));
      } catch (java.util.concurrent.RejectedExecutionException leaving) {
        LOG.debug("the status {} of '{}' is not told", now, plan.name, leaving);
      }
    }
  }

  // ---- JMX

  @Override
  public String getStatus() {
    return status.name();
  }

  @Override
  public @Nullable String getHolder() {
    Member holder = holder();
    return holder == null ? null : holder.name();
  }

  @Override
  public long getToken() {
    FencingToken token = token();
    return token == null ? 0 : token.number();
  }

  @Override
  public long getStarts() {
    return stats().starts();
  }

  @Override
  public long getFailures() {
    return stats().failures();
  }

  @Override
  public String toString() {
    return "Daemon[" + plan.name + ", " + status + "]";
  }
}
