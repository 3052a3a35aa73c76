/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.daemon;

import org.jspecify.annotations.Nullable;
import org.memogrid.cache.FencingToken;
import org.memogrid.cluster.Member;

/**
 * A task that runs on one member of the cluster at a time, of those that offer it under its name;
 * when that one leaves or dies, on another. Where it runs it stays: a member that comes back takes
 * nothing back. It keeps its state in a cache if it is to go on where it stopped.
 *
 * <p><b>Guarantee.</b> One at a time while the cluster is whole. When a member is wrongly taken for
 * dead, or the cluster falls apart, each side may run one, until they meet: then the one with the
 * lower {@link DaemonContext#token() token} stops. {@link DaemonBuilder#quorum} excludes that, for
 * a later start. A process that was stopped for more than 3 s and goes on learns from {@link
 * DaemonContext#isActive()} that its turn is over; what it had begun before is only kept out by a
 * store that compares the tokens. After {@code kill -9} of its member the daemon runs elsewhere as
 * soon as the others agree that it is gone, by default after about half a second.
 *
 * <p>A task that throws is started again after 1 s, then after twice as long, up to 60 s; after
 * three failures in a row another member is tried. To stop it, {@code onStop} is called on a thread
 * of its own; if the task has not returned 10 s later it is interrupted, and 5 s later it is {@link
 * DaemonStatus#HUNG}.
 *
 * <p>Visible in JMX as {@code org.memogrid:type=Daemon,name=...}. Thread-safe.
 */
public interface Daemon extends AutoCloseable {
  /**
   * A daemon of that name, the same on all members that offer it.
   *
   * @throws IllegalArgumentException if the name is blank, or begins with {@code job:}
   */
  static DaemonBuilder named(String name, DaemonTask task) {
    return new DaemonBuilder(name, task);
  }

  String name();

  /** What it does on this member. */
  DaemonStatus status();

  /**
   * Who runs it, or is about to, as far as is known here: with a quorum also one that still waits
   * for the votes. Null if nobody in the view, and while this member does not offer it. Itself on
   * every node.
   */
  @Nullable Member holder();

  /** The token of the last turn that is known here; null before the first, and on every node. */
  @Nullable FencingToken token();

  /** Offers it here again after {@link #stop}. Returns at once. */
  void start();

  /** Stops it here and does not offer it until {@link #start}: another member takes it. */
  void stop();

  DaemonStats stats();

  /**
   * Stops it here, waiting until it has stopped or hangs, and offers it no more. Other members go
   * on. Closing again does nothing. Does not wait if the daemon's own task or {@code onStop} calls
   * it.
   */
  @Override
  void close();
}
