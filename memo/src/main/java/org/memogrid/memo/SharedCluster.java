/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import org.memogrid.cluster.Cluster;

/** The process's own cluster, for the shorthands. */
final class SharedCluster {
  private SharedCluster() {}

  @SuppressWarnings("DoNotCallSuggester")
  static Cluster get() {
    throw new UnsupportedOperationException("Cluster.shared() comes with the next commit");
  }
}
