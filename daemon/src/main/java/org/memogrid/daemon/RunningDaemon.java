/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.daemon;

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
import org.memogrid.internal.store.Serial;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A daemon on one member.
 *
 * <p>Invariants, under the lock:
 *
 * <ul>
 *   <li>There is at most one {@link Turn} whose task may still run; the next begins when that has
 *       ended ({@code next} waits for it).
 *   <li>Users say what they want ({@code wanted}); {@link #settle} brings it about, one step at a
 *       time, whenever that or what runs has changed. {@code out}: what is on offer here is to be
 *       taken back first.
 *   <li>A turn that this member ends itself is given back to the cluster after its task has ended,
 *       never before, unless it hangs and {@link Hung#RELEASE} says so.
 * </ul>
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

  /** Tells the listener, in order, on one thread at a time. */
  private final Serial teller;

  /** Completes when it is closed and nothing of it runs here any more, or when it hangs. */
  private final CompletableFuture<@Nullable Void> over = new CompletableFuture<>();

  private volatile DaemonStatus status = DaemonStatus.WAITING;

  /** While it is on offer here. */
  private volatile @Nullable Lease lease;

  private volatile @Nullable FencingToken ownToken;
  private volatile @Nullable FencingToken lastToken;
  private volatile @Nullable Turn turn;
  private @Nullable FencingToken next;

  /** The turn that its user saw to be over: given back when its task has ended. */
  private @Nullable FencingToken seenOver;

  private @Nullable ScheduledFuture<?> backoff;

  /** The turn that waits for the end of the backoff. */
  private @Nullable FencingToken backingOff;

  private boolean wanted;
  private boolean out;
  private boolean takingBack;
  private boolean hangs;
  private boolean refused;
  private boolean closed;
  private int failuresInARow;
  private long starts;
  private long failures;
  private long losses;
  private long ownTokens;

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
    this.teller = new Serial(node.workers());
    this.bean = Beans.show("Daemon", plan.name, node.membership().self().name(), this);
  }

  // ---- what the turn asks

  Plan plan() {
    return plan;
  }

  Member self() {
    return node.membership().self();
  }

  DaemonFeature.Timing timing() {
    return feature.timing();
  }

  void startThread(Thread thread) {
    feature.starter().accept(thread);
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
    FencingToken heard = now == null ? null : now.lastToken();
    return heard == null ? lastToken : heard;
  }

  @Override
  public DaemonStats stats() {
    synchronized (lock) {
      return new DaemonStats(starts, failures, losses);
    }
  }

  @Override
  public void start() {
    synchronized (lock) {
      if (closed || wanted) {
        return;
      }
      wanted = true;
      failuresInARow = 0;
      settle();
    }
  }

  @Override
  public void stop() {
    synchronized (lock) {
      if (wanted) {
        takeOut();
      }
    }
  }

  private void takeOut() {
    wanted = false;
    out = true;
    next = null;
    cancelBackoff();
    settle();
  }

  /** One step towards what is wanted; what it waits for calls it again. */
  private void settle() {
    Turn runs = turn;
    if (out && runs != null && !hangs) {
      runs.end(); // then ended() or hung()
    } else if (out && runs != null && plan.hung == Hung.HOLD) {
      LOG.debug("daemon '{}' is on offer until it has ended", plan.name);
    } else if (out && !takingBack) {
      takeBack();
    } else if (!out && wanted && runs == null && lease == null && ownToken == null) {
      offer();
    }
  }

  private void offer() {
    refused = false;
    status(DaemonStatus.WAITING);
    if (plan.everyNode) {
      FencingToken token = new FencingToken(plan.name, ++ownTokens, self().id());
      ownToken = token;
      begin(token);
    } else {
      lease = leases.offer(plan.name, plan.spec, this);
    }
  }

  private void takeBack() {
    takingBack = true;
    Lease mine = lease;
    lastToken = token();
    lease = null;
    ownToken = null;
    if (!hangs) {
      status(atRest());
    }
    if (mine == null) {
      takenBack();
    } else {
      var unused = mine.withdraw().thenRun(this::takenBack);
    }
  }

  private void takenBack() {
    synchronized (lock) {
      takingBack = false;
      out = false;
      if (!closed) {
        settle();
        return;
      }
      if (hangs) {
        over.complete(null); // but its name is taken here until it has ended
        return;
      }
      status(DaemonStatus.CLOSED);
    }
    forget();
  }

  private void forget() {
    bean.close();
    feature.closed(this);
    over.complete(null);
  }

  private DaemonStatus atRest() {
    return closed ? DaemonStatus.CLOSED : wanted ? DaemonStatus.WAITING : DaemonStatus.STOPPED;
  }

  CompletableFuture<@Nullable Void> end() {
    synchronized (lock) {
      if (!closed) {
        closed = true;
        takeOut();
        if (hangs) {
          over.complete(null);
        }
      }
    }
    return over;
  }

  @Override
  public void close() {
    CompletableFuture<@Nullable Void> end = end();
    if (!isRunByThisThread()) { // else it waited for itself
      var unused = end.join();
    }
  }

  boolean isRunByThisThread() {
    Turn now = turn;
    return now != null && now.isOn(Thread.currentThread());
  }

  /** Whether its name is kept from all others on this member by a task that does not end. */
  boolean hangs() {
    synchronized (lock) {
      return hangs;
    }
  }

  /** The member is gone: what still runs is seen no more. */
  void hide() {
    bean.close();
  }

  // ---- the lease

  @Override
  public void onBegin(FencingToken token) {
    synchronized (lock) {
      if (out || !wanted) {
        return; // about to be given back
      }
      refused = false;
      if (turn != null) {
        next = token;
      } else {
        begin(token);
      }
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
    try {
      now.start();
    } catch (Throwable noThread) { // as where the process has too many, or no memory for one more
      failed(now, noThread);
    }
  }

  private void backOff(FencingToken token) {
    long longest =
        Math.min(LAST_BACKOFF_MILLIS, FIRST_BACKOFF_MILLIS << Math.min(10, failuresInARow - 1));
    long delay = longest - ThreadLocalRandom.current().nextLong(longest / 4 + 1);
    status(DaemonStatus.BACKING_OFF);
    backingOff = token;
    backoff = node.scheduler().schedule(() -> goOn(token), delay, TimeUnit.MILLISECONDS);
  }

  /**
   * After the backoff. A turn that is over just then is given back: the cluster may never say that
   * it is. The race: 1. votes are late, so that the turn is over by the clock of the moment; 2. the
   * backoff ends; 3. the votes come before they are counted, and the turn goes on, here.
   */
  private void goOn(FencingToken token) {
    synchronized (lock) {
      Lease mine = lease;
      if (!wanted || out || turn != null || !token.equals(backingOff)) {
        return;
      }
      backingOff = null;
      if (isValid(token)) {
        run(token);
      } else if (mine != null) {
        status(DaemonStatus.WAITING);
        mine.release(token, false);
      }
    }
  }

  private void cancelBackoff() {
    ScheduledFuture<?> waiting = backoff;
    if (waiting != null) {
      waiting.cancel(false);
      backoff = null;
    }
    backingOff = null;
  }

  @Override
  public void onEnd(FencingToken token, String why) {
    synchronized (lock) {
      losses++;
      next = null;
      cancelBackoff();
      Turn runs = turn;
      if (runs != null) {
        LOG.warn("daemon '{}' is stopped on {}: {}", plan.name, self(), why);
        runs.end();
      } else if (!out && wanted) {
        status(DaemonStatus.WAITING);
      }
    }
  }

  @Override
  public void onHolder(Member holder, FencingToken token) {
    synchronized (lock) {
      refused = false;
      if (status == DaemonStatus.REFUSED) {
        status(atRest());
      }
    }
  }

  @Override
  public void onRefused(String why) {
    LOG.error("daemon '{}' can't run on {} until that has changed: {}", plan.name, self(), why);
    synchronized (lock) {
      refused = true;
      if (turn == null && wanted && !out) {
        status(DaemonStatus.REFUSED);
      }
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
      if (turn != which) {
        return;
      }
      turn = null;
      FencingToken token = next == null ? which.given() : next;
      next = null;
      forgetFailuresAfter(which);
      failures++;
      failuresInARow++;
      Lease mine = lease;
      boolean elsewhere = failuresInARow % FAILURES_PER_MEMBER == 0 && mine != null;
      LOG.warn(
          "daemon '{}' failed on {}, time {} in a row: {}",
          plan.name,
          self(),
          failuresInARow,
          elsewhere ? "another member is asked" : "it is started again after a while",
          failure);
      if (out) {
        settle();
      } else if (elsewhere && mine != null) {
        status(DaemonStatus.WAITING);
        mine.release(token, true);
      } else {
        backOff(token);
      }
    }
  }

  /** One that ran for long was well: what failed before is another row. */
  private void forgetFailuresAfter(Turn which) {
    if (which.lasted().toMillis() >= LAST_BACKOFF_MILLIS) {
      failuresInARow = 0;
    }
  }

  /** Its user saw that it is over before the cluster said so: it is given back. */
  void sawTheEnd(FencingToken token) {
    synchronized (lock) {
      Lease mine = lease;
      Turn runs = turn;
      if (mine != null && runs != null && runs.given().equals(token)) {
        losses++;
        seenOver = token;
        runs.end(); // then ended(), or hung(), which gives it back only with RELEASE
      }
    }
  }

  void stopping() {
    synchronized (lock) {
      status(DaemonStatus.STOPPING);
    }
  }

  /** Nothing of the turn runs any more. */
  void ended(Turn which) {
    synchronized (lock) {
      if (turn != which) {
        return;
      }
      turn = null;
      hangs = false;
      forgetFailuresAfter(which);
      FencingToken waiting = next;
      next = null;
      giveBackIfSeenOver(which.given());
      if (out && !takingBack) {
        settle(); // at rest once it is no longer named as its holder
        return;
      }
      status(refused && wanted ? DaemonStatus.REFUSED : atRest());
      if (waiting != null && !out) {
        begin(waiting);
      } else {
        settle();
      }
      if (!closed || out || takingBack) {
        return;
      }
    }
    forget(); // it was taken back, and closed, while it hung
  }

  private void giveBackIfSeenOver(FencingToken token) {
    Lease mine = lease;
    if (mine != null && token.equals(seenOver)) {
      mine.release(token, false);
    }
    seenOver = null;
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
      if (turn != which) {
        return;
      }
      hangs = true;
      status(DaemonStatus.HUNG);
      if (plan.hung == Hung.RELEASE) {
        out = true;
        next = null;
        settle(); // on offer again when it has ended after all, if it is wanted then
      } else if (closed) {
        over.complete(null);
      }
    }
  }

  private void status(DaemonStatus now) {
    if (status != now) {
      status = now;
      teller.execute(() -> tell(now));
    }
  }

  private void tell(DaemonStatus now) {
    try {
      plan.listener.onStatus(this, now);
    } catch (RuntimeException | Error e) {
      LOG.warn("the listener of daemon '{}' failed on {}", plan.name, now, e);
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
