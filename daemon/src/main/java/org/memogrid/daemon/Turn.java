/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.daemon;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.FencingToken;
import org.memogrid.cluster.Member;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One turn of a daemon on this member: its thread, and the thread that ends it. */
final class Turn implements DaemonContext {
  private static final Logger LOG = LoggerFactory.getLogger(Turn.class);

  private final RunningDaemon daemon;
  private final FencingToken token;
  private final Thread thread;
  private final DaemonFeature.Timing timing;
  private final long since;
  private final CountDownLatch over = new CountDownLatch(1);

  /** Completes when nothing runs any more, or when it hangs. */
  private final CompletableFuture<@Nullable Void> end = new CompletableFuture<>();

  private volatile @Nullable Thread callingOnStop;
  private volatile boolean failed;
  private boolean ending;

  Turn(RunningDaemon daemon, FencingToken token) {
    this.daemon = daemon;
    this.token = token;
    this.timing = daemon.timing();
    this.since = timing.nanoTime();
    this.thread = new Thread(this::run, "memogrid-daemon-" + daemon.name());
    thread.setDaemon(true);
  }

  void start() {
    daemon.startThread(thread);
  }

  /** Its token, also where it proves nothing. */
  FencingToken given() {
    return token;
  }

  Duration lasted() {
    return Duration.ofNanos(timing.nanoTime() - since);
  }

  boolean isOn(Thread one) {
    return one == thread || one == callingOnStop;
  }

  private void run() {
    try {
      daemon.plan().task().run(this);
    } catch (Throwable failure) {
      if (over.getCount() > 0) {
        failed = true;
        over.countDown();
        daemon.failed(this, failure);
      } else if (!(failure instanceof InterruptedException)) {
        LOG.warn("daemon '{}' failed on {} while it was to end", name(), member(), failure);
      }
    }
  }

  /** Tells it to stop; the first call does. */
  @CanIgnoreReturnValue
  synchronized CompletableFuture<@Nullable Void> end() {
    if (!ending) {
      ending = true;
      over.countDown();
      daemon.stopping();
      Thread stopper = new Thread(this::stop, thread.getName() + "-stop");
      stopper.setDaemon(true);
      stopper.start();
    }
    return end;
  }

  private void stop() {
    try {
      Thread calling = new Thread(this::callOnStop, thread.getName() + "-on-stop");
      calling.setDaemon(true);
      callingOnStop = calling;
      calling.start();
      long deadline = System.nanoTime() + timing.grace().toNanos();
      join(calling, deadline);
      join(thread, deadline);
      if (calling.isAlive() || thread.isAlive()) {
        calling.interrupt();
        thread.interrupt();
        deadline = System.nanoTime() + timing.afterInterrupt().toNanos();
        join(calling, deadline);
        join(thread, deadline);
      }
      if (calling.isAlive() || thread.isAlive()) {
        daemon.hung(this, thread.isAlive() ? thread : calling);
        end.complete(null);
        calling.join();
        thread.join();
      }
      daemon.ended(this);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      end.complete(null);
    }
  }

  private static void join(Thread thread, long deadline) throws InterruptedException {
    long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
    if (left > 0) {
      thread.join(left);
    }
  }

  private void callOnStop() {
    try {
      daemon.plan().onStop().run();
    } catch (RuntimeException | Error e) {
      LOG.warn("onStop of daemon '{}' failed", daemon.name(), e);
    }
  }

  @Override
  public String name() {
    return daemon.name();
  }

  @Override
  public Member member() {
    return daemon.self();
  }

  @Override
  public FencingToken token() {
    if (daemon.plan().everyNode()) {
      throw new IllegalStateException(
          "daemon '"
              + name()
              + "' runs on every node, so no turn of it keeps another out and a token would prove"
              + " nothing: write without one, or leave onEveryNode() out");
    }
    return token;
  }

  @Override
  public boolean isActive() {
    if (over.getCount() == 0 || failed) {
      return false;
    }
    if (daemon.isValid(token)) {
      return true;
    }
    // Said once, it holds: the turn is given back even if the cluster never noticed.
    over.countDown();
    daemon.sawTheEnd(token);
    return false;
  }

  @Override
  public boolean sleep(Duration time) throws InterruptedException {
    return !over.await(time.toNanos(), TimeUnit.NANOSECONDS) && isActive();
  }
}
