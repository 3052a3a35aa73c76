/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import com.google.errorprone.annotations.CheckReturnValue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.memogrid.cache.Registration;

/**
 * A topic on the cluster: each message is heard by every subscriber, on all members.
 *
 * <p><b>Contract.</b> A plain subscriber hears, at most once, what is published while its member is
 * in the cluster, in the order of each publishing member; what is under way when a member is lost
 * may be missed. A durable subscription is a {@link MessageQueue} of its own, with all that one
 * promises: it gets each message that is published after it was made, until it is removed, whether
 * somebody listens or not; if several listen, one of them handles a message. With {@link
 * TopicBuilder#persist} the durable subscriptions outlive all members.
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
   * members. If it fails it may be in some of the subscriptions all the same.
   *
   * @throws IllegalArgumentException if the body can't be encoded, is of another type, or has more
   *     than 8 MB, or more than the queue of a durable subscription takes
   * @throws QueueException if the topic is kept on disk and members are missing that may know of
   *     other durable subscriptions, which it names, or the disk refuses
   * @throws IllegalStateException if the topic or the cluster is closed, or others have opened the
   *     topic with {@link TopicBuilder#persist} and this handle is without
   */
  void publish(T body);

  /**
   * {@link #publish} without waiting until the message is in the durable subscriptions. Which there
   * are is waited for: for some 5 seconds at most while a topic that is kept on disk waits for
   * members, and while the first message to a subscription opens its queue on this member. The
   * future fails with what {@code publish} throws.
   *
   * @throws IllegalArgumentException as {@link #publish} does, at once
   * @throws IllegalStateException as {@link #publish} does, at once
   */
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
   * @throws IllegalArgumentException if the name is blank, or no table can be called like it, of a
   *     topic that is kept in tables
   * @throws QueueException if the topic is kept on disk and members are missing that may know of
   *     other durable subscriptions
   * @throws IllegalStateException if that handler listens to the subscription on this member
   *     already, if another is removing it, or the topic is closed
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
   * The names of the durable subscriptions.
   *
   * @throws QueueException if the topic is kept on disk and members are missing that may know of
   *     others
   */
  Set<String> durableSubscriptions();

  /**
   * Removes a durable subscription with its messages: those that wait, the dead letters, and those
   * that are out, which are handled to the end where they are and nowhere again. Waits for messages
   * that are being published, and removes them as well; only what a member was publishing that is
   * lost meanwhile may stay behind, and come when there is a subscription of that name again.
   *
   * <p>If it fails, or its member is lost meanwhile, the subscription is there with all it has, or
   * gets nothing more. Its messages go then when somebody removes it or subscribes by its name.
   *
   * @return whether there was one
   * @throws IllegalStateException if another is removing it
   */
  boolean removeDurable(String subscription);

  /**
   * The names of members that a topic that is {@linkplain TopicBuilder#persist kept on disk} waits
   * for, since they may know of other durable subscriptions or have later messages: what is
   * published fails with a {@link QueueException} that names them. Empty for one in memory or in
   * tables.
   */
  Set<String> missing();

  /**
   * Waits no longer for those that are {@link #missing()} now, neither for the list of durable
   * subscriptions nor for their queues: what they alone knew and had is lost, what they know to be
   * removed or handled may be back. Does nothing if nobody is missing.
   */
  void goOnWithoutMissing();

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
