/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.daemon;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.memogrid.internal.lease.LeaseFeature;
import org.memogrid.internal.node.Feature;
import org.memogrid.internal.node.Node;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The daemons of a member. Public only for {@link java.util.ServiceLoader}; not for users. */
public final class DaemonFeature implements Feature {
  private static final Logger LOG = LoggerFactory.getLogger(DaemonFeature.class);

  /** Nothing is called while its lock is held. */
  private final Map<String, RunningDaemon> daemons = new HashMap<>();

  private boolean stopped;
  private volatile Timing timing =
      new Timing(Duration.ofSeconds(10), Duration.ofSeconds(5), System::nanoTime);

  private volatile Consumer<Thread> starter = Thread::start;

  /**
   * How long a task has to stop, by itself and then interrupted, and what its turns are measured
   * by.
   */
  record Timing(Duration grace, Duration afterInterrupt, LongSupplier clock) {
    long nanoTime() {
      return clock.getAsLong();
    }
  }

  /** For the service loader. */
  public DaemonFeature() {}

  @Override
  public Layer layer() {
    return Layer.TASKS;
  }

  @Override
  public void start(Node node) {}

  Timing timing() {
    return timing;
  }

  Consumer<Thread> starter() {
    return starter;
  }

  /** For tests: what starts the threads of tasks. */
  void starter(Consumer<Thread> starter) {
    this.starter = starter;
  }

  /** For tests: of turns from now on. */
  void timing(Timing timing) {
    this.timing = timing;
  }

  Daemon start(RunningDaemon.Plan plan, Node node, LeaseFeature leases) {
    while (true) {
      RunningDaemon before;
      RunningDaemon daemon = null;
      synchronized (daemons) {
        if (stopped) {
          throw new IllegalStateException(
              "daemon '" + plan.name() + "': the cluster is closed on this member: join it again");
        }
        before = daemons.get(plan.name());
        if (before == null) {
          daemon = new RunningDaemon(plan, node, leases, this);
          daemons.put(plan.name(), daemon);
        }
      }
      if (daemon != null) {
        return started(daemon);
      }
      if (before != null) {
        close(before);
      }
    }
  }

  private static Daemon started(RunningDaemon daemon) {
    try {
      daemon.start();
      return daemon;
    } catch (RuntimeException e) {
      var unused = daemon.end();
      throw e;
    }
  }

  private static void close(RunningDaemon before) {
    if (before.isRunByThisThread()) {
      throw new IllegalStateException(
          "daemon '"
              + before.name()
              + "' can't be started anew by its own task, which that would wait for: return from"
              + " the task, or throw, and it is started again");
    }
    before.close();
    if (before.hangs()) {
      throw new IllegalStateException(
          "daemon '"
              + before.name()
              + "' was started before on this member and hangs, the log shows where: have its task"
              + " end, or restart the process; with whenHung(RELEASE) another member takes over");
    }
  }

  void closed(RunningDaemon daemon) {
    synchronized (daemons) {
      daemons.remove(daemon.name(), daemon);
    }
  }

  /** Stops them all at once, so that they take as long as the slowest. */
  @Override
  public void stop() {
    List<RunningDaemon> all;
    synchronized (daemons) {
      stopped = true;
      all = List.copyOf(daemons.values());
    }
    CompletableFuture<?>[] ends =
        all.stream().map(RunningDaemon::end).toArray(CompletableFuture<?>[]::new);
    try {
      CompletableFuture.allOf(ends).get(20, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      LOG.warn("not all daemons have stopped; leaving all the same", e);
    }
    all.forEach(RunningDaemon::hide);
  }
}
