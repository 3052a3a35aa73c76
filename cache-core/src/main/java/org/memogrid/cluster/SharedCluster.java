/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import org.jspecify.annotations.Nullable;
import org.memogrid.internal.node.MemberNode;
import org.memogrid.internal.node.Node;

/** The process's own cluster: joined by the first who asks, until it is closed. Thread-safe. */
final class SharedCluster {
  private static final Object LOCK = new Object();

  @GuardedBy("LOCK") private static @Nullable Cluster current;

  private SharedCluster() {}

  static Cluster get() {
    synchronized (LOCK) {
      Cluster cluster = current;
      if (cluster == null) {
        cluster = Cluster.builder().fromEnvironment().join(SharedCluster::reset);
        ((MemberNode) cluster.unwrap(Node.class)).share();
        current = cluster;
      }
      return cluster;
    }
  }

  private static void reset() {
    synchronized (LOCK) {
      current = null;
    }
  }
}
