/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static java.util.Objects.requireNonNull;

import org.memogrid.cluster.Cluster;
import org.memogrid.internal.node.Node;

/** Opens a topic. */
public final class TopicBuilder<T> {
  private final String name;
  private final Class<T> type;

  TopicBuilder(String name, Class<T> type) {
    this.name = requireNonNull(name, "name");
    this.type = requireNonNull(type, "type");
    if (name.isBlank()) {
      throw new IllegalArgumentException(
          "a topic's name is blank: give the same name on all members that use it");
    }
  }

  /** {@code open(Cluster.shared())}. */
  public Topic<T> open() {
    return open(Cluster.shared());
  }

  /**
   * Opens the topic on this member. Any number of handles may be open.
   *
   * @throws IllegalStateException if the cluster is closed
   */
  public Topic<T> open(Cluster cluster) {
    requireNonNull(cluster, "cluster");
    QueueFeature feature = cluster.unwrap(Node.class).feature(QueueFeature.class);
    return new TopicHandle<>(name, type, feature);
  }
}
