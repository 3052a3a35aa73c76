/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.testkit;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.ClusterBuilder;

/** What a {@link NodeTask} finds in the JVM that it runs in. Thread-safe. */
public interface NodeContext {
  /** Joins the cluster. Once per process. */
  void join(ClusterBuilder builder);

  /**
   * The cluster that this node joined.
   *
   * @throws IllegalStateException before {@link #join}
   */
  Cluster cluster();

  /** The object kept under a name, made on the first call: a memo, a latch, a counter. */
  <T> T kept(String name, Supplier<? extends T> maker);

  /** Forgets the object kept under a name. */
  void forget(String name);

  /** Sends an event to whoever called {@link NodeProcess#onEvent} for that channel. */
  void emit(String channel, @Nullable Object event);
}
