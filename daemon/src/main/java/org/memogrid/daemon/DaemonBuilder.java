/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.daemon;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import org.memogrid.cluster.Cluster;
import org.memogrid.internal.lease.LeaseFeature;
import org.memogrid.internal.node.Node;

/** Collects what a daemon is. Not thread-safe. */
public final class DaemonBuilder {
  private final String name;
  private final DaemonTask task;
  private Runnable onStop = () -> {};
  private Placement placement = Placement.SPREAD;
  private int quorum = 1;
  private Hung hung = Hung.HOLD;
  private DaemonListener listener = (daemon, status) -> {};
  private boolean everyNode;

  DaemonBuilder(String name, DaemonTask task) {
    this.name = requireNonNull(name, "name");
    this.task = requireNonNull(task, "task");
    if (name.isBlank()) {
      throw new IllegalArgumentException(
          "a daemon's name is blank: give the same name on all members");
    }
    if (name.startsWith(LeaseFeature.JOBS)) {
      throw new IllegalArgumentException(
          "daemon '"
              + name
              + "': names that begin with '"
              + LeaseFeature.JOBS
              + "' are those of jobs: give another");
    }
  }

  /** What ends the daemon, called on a thread of its own. Default: nothing, the task sees it. */
  @CanIgnoreReturnValue
  public DaemonBuilder onStop(Runnable onStop) {
    this.onStop = requireNonNull(onStop, "onStop");
    return this;
  }

  /** Runs it on each member that starts it, without asking anybody. */
  @CanIgnoreReturnValue
  public DaemonBuilder onEveryNode() {
    this.everyNode = true;
    return this;
  }

  /** Where it runs. Default: {@link Placement#SPREAD}. The same on all members. */
  @CanIgnoreReturnValue
  public DaemonBuilder placement(Placement placement) {
    this.placement = requireNonNull(placement, "placement");
    return this;
  }

  /**
   * Runs it only where at least so many members, itself included, agree in the same view. More than
   * half of all members that there ever are: then there are never two, and a start after a death
   * waits 3 s longer. The same on all members. Default: 1, whoever is there.
   *
   * @throws IllegalArgumentException if it is not between 1 and 1000
   */
  @CanIgnoreReturnValue
  public DaemonBuilder quorum(int members) {
    if (members < 1 || members > 1_000) {
      throw new IllegalArgumentException(
          "daemon '" + name + "': quorum is " + members + ": give the number of members, from 1");
    }
    this.quorum = members;
    return this;
  }

  /** What becomes of it if it does not stop. Default: {@link Hung#HOLD}. */
  @CanIgnoreReturnValue
  public DaemonBuilder whenHung(Hung hung) {
    this.hung = requireNonNull(hung, "hung");
    return this;
  }

  /** Who hears of its status on this member. */
  @CanIgnoreReturnValue
  public DaemonBuilder listen(DaemonListener listener) {
    this.listener = requireNonNull(listener, "listener");
    return this;
  }

  /** {@link #start(Cluster)} on the process's own cluster. */
  @CanIgnoreReturnValue
  public Daemon start() {
    return start(Cluster.shared());
  }

  /**
   * Offers it on this member and returns at once. One of that name that this member offers already
   * is closed first, which waits for it.
   *
   * @throws IllegalArgumentException if options contradict each other
   * @throws IllegalStateException if the cluster is closed, if one of that name hangs on this
   *     member, or if its own task calls this
   */
  @CanIgnoreReturnValue
  public Daemon start(Cluster cluster) {
    requireNonNull(cluster, "cluster");
    if (everyNode && (quorum > 1 || placement != Placement.SPREAD)) {
      throw new IllegalArgumentException(
          "daemon '"
              + name
              + "': onEveryNode() contradicts "
              + (quorum > 1 ? "quorum(" + quorum + ")" : "placement(" + placement + ")")
              + ": leave one of them out");
    }
    Node node = cluster.unwrap(Node.class);
    return node.feature(DaemonFeature.class)
        .start(
            new RunningDaemon.Plan(
                name, task, onStop, everyNode, placement.spec(quorum), hung, listener),
            node,
            node.feature(LeaseFeature.class));
  }
}
