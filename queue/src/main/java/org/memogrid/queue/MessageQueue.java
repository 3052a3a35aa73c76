/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import com.google.errorprone.annotations.CheckReturnValue;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Registration;

/**
 * A queue on the cluster: each message is handled by one consumer, whatever member it is on.
 *
 * <p><b>Contract.</b> At least once: a message whose publishing returned is handed out until a
 * consumer has handled it, or becomes a dead letter, whatever one member is lost meanwhile. It may
 * be handed out more than once: when its consumer fails or is lost, when a member is taken for lost
 * that is not, and on both sides of a cluster that is cut in two. A consumer must tolerate that.
 * When only the member is lost that dispatches the queue, nothing is handed out twice.
 *
 * <p>Messages are handed out by priority and then as they came in, in turn to the members that
 * listen; those of one {@linkplain Publish#orderingKey ordering key} one at a time. With several
 * consumers, or when one fails, others may finish earlier; only an ordering key orders that.
 *
 * <p>Two members hold each message in memory, the one that dispatches the queue and its backup.
 * Nothing is on disk: when both are lost at once the messages are gone, and {@link #onLoss} says
 * so.
 *
 * <p>Thread-safe. Bodies are encoded by the cluster's codec and must be of classes that it allows.
 *
 * <pre>{@code
 * MessageQueue<Order> orders = MessageQueue.named("orders", Order.class).open(cluster);
 * orders.listen(message -> ship(message.body()));
 * orders.publish(new Order(7));
 * }</pre>
 */
public interface MessageQueue<T> extends AutoCloseable {
  /**
   * Begins to open a queue.
   *
   * @param name the same on all members that use it
   * @param type of the bodies
   * @throws IllegalArgumentException if the name is blank
   */
  @CheckReturnValue
  static <T> QueueBuilder<T> named(String name, Class<T> type) {
    return new QueueBuilder<>(name, type);
  }

  /** The name it was opened with. */
  String name();

  /**
   * Publishes a message and returns when two members hold it, or one if there is no other.
   *
   * @throws IllegalArgumentException if the body can't be encoded, is of another type, or is larger
   *     than the queue takes
   * @throws QueueFullException if the queue is full and was opened to {@linkplain WhenFull#FAIL
   *     fail} then, or all that it could {@linkplain WhenFull#DROP_OLDEST drop} is out
   * @throws QueueException if this thread is interrupted while it waits; the message may come in
   *     all the same
   * @throws IllegalStateException if the queue or the cluster is closed, also while it waits; the
   *     message may have come in
   */
  void publish(T body);

  /** {@link #publish(Object)} with options. */
  void publish(T body, Publish options);

  /**
   * Publishes a message without waiting, but for one that is larger than this handle knows the
   * queue to take: whether it takes more by now is asked first. The future completes when {@link
   * #publish} would return, on a thread of the queue's own, and fails with what it throws. Messages
   * of one member come in in the order of the calls. Closing this handle does not end it: it
   * completes when the message is in, or the cluster is closed.
   *
   * @throws IllegalArgumentException as {@link #publish} does, at once; if others have opened the
   *     queue for smaller messages since, the future fails with it
   * @throws IllegalStateException if the queue is closed
   */
  CompletableFuture<Void> publishAsync(T body);

  /** {@link #publishAsync(Object)} with options. */
  CompletableFuture<Void> publishAsync(T body, Publish options);

  /**
   * Has the handler get messages, one at a time, on a thread of its own.
   *
   * @return ends it; a message that is being handled still ends here
   * @throws IllegalStateException if that handler listens on this member already, through whatever
   *     handle, or the queue is closed
   */
  Registration listen(MessageHandler<T> handler);

  /** {@link #listen(MessageHandler)} with options. */
  Registration listen(MessageHandler<T> handler, Listen options);

  /**
   * Has the handler begin with messages whose end comes later: each is handled when the stage that
   * the handler returns ends well, and has failed when that ends badly or the handler throws. No
   * thread waits for it.
   *
   * @param options how many are begun at a time, by {@link Listen#concurrency}, and how many may be
   *     on this member, those that have not ended included, by {@link Listen#prefetch}
   * @return ends it; a message that was begun still ends here
   * @throws IllegalStateException if that handler listens on this member already, through whatever
   *     handle, or the queue is closed
   */
  Registration listenAsync(
      Function<? super Message<T>, ? extends CompletionStage<?>> handler, Listen options);

  /**
   * Takes a message, which the caller settles with {@link Message#ack} or {@link Message#nack}.
   *
   * @return null if none came in time
   * @throws QueueException if this thread is interrupted while it waits
   * @throws IllegalStateException if the queue or the cluster is closed, also while it waits
   */
  @Nullable Message<T> receive(Duration timeout);

  /** {@link #receive(Duration)} of the messages that a selector wants. */
  @Nullable Message<T> receive(Duration timeout, Selector selector);

  /**
   * Publishes a message to somebody who {@linkplain #respond responds}. Nobody gets it after the
   * timeout. The reply is sent once, from member to member: if one of them is lost there is none.
   *
   * @return the reply; fails with {@link QueueException} if the message became a dead letter, and
   *     with {@link java.util.concurrent.TimeoutException} if no reply came in time
   * @throws IllegalArgumentException if the timeout is not positive, or as {@link #publish}
   */
  <R> CompletableFuture<R> request(T body, Class<R> replyType, Duration timeout);

  /**
   * Listens, and sends what the function returns to whoever asked; null is a reply, too. What it
   * throws is a failed attempt, as of any handler. A message that is no request is handled as one,
   * and its reply goes nowhere.
   */
  <R> Registration respond(Function<? super T, ? extends R> fn);

  /** {@link #respond(Function)} with options. */
  <R> Registration respond(Function<? super T, ? extends R> fn, Listen options);

  /** What nobody gets any more. */
  DeadLetters<T> deadLetters();

  /**
   * How many messages wait or are out. Asks the dispatching member, which does not count what was
   * acknowledged on this member before.
   */
  long size();

  /** The messages that wait or are out, fetched page by page, in the order they came in. */
  Stream<Message<T>> browse();

  /**
   * Removes the messages that wait, for ever.
   *
   * @return how many
   */
  long purge();

  /** Hands out nothing more, in the whole cluster, until {@link #resume}. */
  void pause();

  /** Hands out again. */
  void resume();

  /** How the queue is. Asks the dispatching member. */
  QueueStats stats();

  /**
   * The names of members that a {@linkplain QueueBuilder#persist durable} queue waits for, since
   * they may have later messages, or know which have ended: nothing is handed out, and what is
   * published or asked fails with a {@link QueueException} that names them. Empty for a queue in
   * memory or in a table.
   */
  Set<String> missing();

  /**
   * Waits no longer for those that are {@link #missing()} now: messages that they alone had are
   * lost, and messages that they know to have ended may be handed out again. Does nothing if nobody
   * is missing.
   */
  void goOnWithoutMissing();

  /**
   * Tells the listener when messages are gone, because all members that held them were lost at
   * once: what was lost, when it may come back, what to do. The log has it, too.
   */
  Registration onLoss(Consumer<String> listener);

  /**
   * Closes this handle: its listeners end, what they have not begun goes to others, and who waits
   * in {@link #receive} or {@link #publish(Object)} is released. Messages stay in the cluster.
   * Closing again does nothing.
   */
  @Override
  void close();
}
