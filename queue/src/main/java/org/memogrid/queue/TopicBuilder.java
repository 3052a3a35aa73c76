/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Cluster;
import org.memogrid.internal.node.Node;

/**
 * Collects what a topic is. What is set must be the same on all members that open it. Not
 * thread-safe; may be opened more than once.
 */
public final class TopicBuilder<T> {
  private final String name;
  private final Class<T> type;
  private @Nullable Persist persist;

  TopicBuilder(String name, Class<T> type) {
    this.name = requireNonNull(name, "name");
    this.type = requireNonNull(type, "type");
    if (name.isBlank()) {
      throw new IllegalArgumentException(
          "a topic's name is blank: give the same name on all members that use it");
    }
  }

  /**
   * Keeps the durable subscriptions on disk, or in tables: which there are, and their messages, as
   * {@link QueueBuilder#persist} does those of a queue. They are there when all members were lost
   * at once, and get what is published from then on, also those that nobody has subscribed to
   * again. The cluster must be {@code CONSISTENT}; files are below the same path on every machine.
   * In a database the table that is given has the list, and each subscription one of its own, whose
   * name is that table's, {@code _} and the subscription's. Default: in memory alone.
   *
   * <p>All members that open the topic give the same, also those that publish or hear alone.
   *
   * @throws IllegalArgumentException with {@code writeBehind}, {@code preload}, {@code
   *     purgeOnStart}, a URL, an object that is a data source, or a loader of your own
   */
  @CanIgnoreReturnValue
  public TopicBuilder<T> persist(Persist persist) {
    if (requireNonNull(persist, "persist").isOfProgram()) {
      throw new IllegalArgumentException(
          "topic '"
              + name
              + "', persist("
              + persist
              + "): give files or a table: what is kept there is the topic's own");
    }
    if (persist.queueSize() > 0) {
      throw new IllegalArgumentException(
          "topic '"
              + name
              + "', persist("
              + persist
              + "): leave writeBehind out: what is confirmed must be kept");
    }
    CacheOptions unused = CacheOptions.of(Mode.REPLICATED).persist(persist);
    this.persist = persist;
    return this;
  }

  /** {@code open(Cluster.shared())}. */
  public Topic<T> open() {
    return open(Cluster.shared());
  }

  /**
   * Opens the topic on this member. Any number of handles may be open.
   *
   * <p>With {@link #persist} it opens though members are missing that may know of other durable
   * subscriptions: then what is published fails, and so does to subscribe durably, until they are
   * back.
   *
   * @throws IllegalStateException if others have it open with another {@code persist}, or with one
   *     where this member gives none, showing both; if this member gives one, and the topic has
   *     durable subscriptions in memory, or it can't be kept there; if the cluster is closed
   */
  public Topic<T> open(Cluster cluster) {
    requireNonNull(cluster, "cluster");
    QueueFeature feature = cluster.unwrap(Node.class).feature(QueueFeature.class);
    return new TopicHandle<>(
        name, type, feature, feature.topics().open(name, persist, feature::queue));
  }
}
