/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.daemon;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.memogrid.internal.lease.LeaseFeature;
import org.memogrid.internal.node.Feature;
import org.memogrid.internal.node.Node;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The daemons of a member. Public only for {@link java.util.ServiceLoader}; not for users. */
public final class DaemonFeature implements Feature {
  private static final Logger LOG = LoggerFactory.getLogger(DaemonFeature.class);
  private final Map<String, RunningDaemon> daemons = new HashMap<>();
  private boolean stopped;

  /** For the service loader. */
  public DaemonFeature() {}

  @Override
  public void start(Node node) {}

  Daemon start(RunningDaemon.Plan plan, Node node, LeaseFeature leases) {
    while (true) {
      RunningDaemon before;
      synchronized (daemons) {
        if (stopped) {
          throw new IllegalStateException(
              "daemon '" + plan.name() + "': the cluster is closed on this member: join it again");
        }
        before = daemons.get(plan.name());
        if (before == null) {
          RunningDaemon daemon = new RunningDaemon(plan, node, leases, this);
          daemons.put(plan.name(), daemon);
          daemon.start();
          return daemon;
        }
      }
      before.close();
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
    List<CompletableFuture<@Nullable Void>> ends = new ArrayList<>();
    synchronized (daemons) {
      stopped = true;
      daemons.values().forEach(daemon -> ends.add(daemon.end()));
    }
    try {
      CompletableFuture.allOf(ends.toArray(CompletableFuture<?>[]::new)).get(20, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (java.util.concurrent.ExecutionException | TimeoutException e) {
      LOG.warn("not all daemons have stopped; leaving all the same", e);
    }
  }
}
