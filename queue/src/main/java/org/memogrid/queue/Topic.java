/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import com.google.errorprone.annotations.CheckReturnValue;
import java.util.concurrent.CompletableFuture;
import org.memogrid.cache.Registration;

/**
 * A topic on the cluster: each message is heard by every subscriber, on all members.
 *
 * <p><b>Contract.</b> A plain subscriber hears, at most once, what is published while its member is
 * in the cluster, in the order of each publishing member; what is under way when a member is lost
 * may be missed. A durable subscription is a {@link MessageQueue} of its own, with all that one
 * promises: it gets each message that is published after it was made, until it is removed, whether
 * somebody listens or not; if several listen, one of them handles a message.
 *
 * <p>Thread-safe. Bodies are encoded as those of queues.
 */
public interface Topic<T> extends AutoCloseable {
  /**
   * Begins to open a topic.
   *
   * @param name the same on all members that use it
   * @param type of the bodies
   * @throws IllegalArgumentException if the name is blank
   */
  @CheckReturnValue
  static <T> TopicBuilder<T> named(String name, Class<T> type) {
    return new TopicBuilder<>(name, type);
  }

  /** The name it was opened with. */
  String name();

  /**
   * Publishes a message: returns when it is in all durable subscriptions and on its way to all
   * members.
   *
   * @throws IllegalArgumentException if the body can't be encoded, is of another type, or has more
   *     than 8 MB, or more than the queue of a durable subscription takes
   * @throws IllegalStateException if the topic or the cluster is closed
   */
  void publish(T body);

  /** {@link #publish} without waiting for the durable subscriptions. */
  CompletableFuture<Void> publishAsync(T body);

  /**
   * Hears what is published from now on, one message at a time, on a thread of the topic's own.
   * What the handler throws is logged.
   *
   * @return ends it
   * @throws IllegalStateException if that handler hears the topic on this member already, or the
   *     topic is closed
   */
  Registration subscribe(TopicHandler<T> handler);

  /**
   * Handles the messages of a durable subscription, which is made if there is none of that name.
   *
   * @return ends the handling; the subscription stays and keeps what comes
   * @throws IllegalStateException if that handler listens to the subscription on this member
   *     already, or the topic is closed
   */
  Registration subscribeDurably(String subscription, MessageHandler<T> handler);

  /** {@link #subscribeDurably(String, MessageHandler)} with options. */
  Registration subscribeDurably(String subscription, MessageHandler<T> handler, Listen options);

  /**
   * The queue of a durable subscription, to look at, whether there is one or not.
   *
   * @return a handle that the caller closes
   */
  MessageQueue<T> durable(String subscription);

  /**
   * Removes a durable subscription with its messages: those that wait, the dead letters, and those
   * that are out, which are handled to the end where they are and nowhere again. Waits for messages
   * that are being published, and removes them as well; only what a member was publishing that is
   * lost meanwhile may stay behind, and come when there is a subscription of that name again.
   *
   * @return whether there was one
   */
  boolean removeDurable(String subscription);

  /** Closes this handle and ends its subscribers; durable subscriptions stay. Again is fine. */
  @Override
  void close();

  /** What a subscriber does with a message. */
  @FunctionalInterface
  interface TopicHandler<T> {
    /** Hears a message. */
    void hear(T body) throws Exception;
  }
}
