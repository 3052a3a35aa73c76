/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.memogrid.cache.Persist;

/**
 * The queues of a topic's durable subscriptions on this member, for all handles of the topic that
 * are open here. Calls block. Thread-safe.
 *
 * <p>Invariant: of a topic that is kept on disk nothing is sent to a queue that this member has not
 * opened as a durable one. Else: 1. all members end and come back; 2. somebody publishes, and finds
 * a subscription on the list that nobody has opened since; 3. its queue takes the message in memory
 * alone, and confirms it.
 */
final class TopicQueues {
  private final String topic;
  private final SubscriptionList list;
  private final Function<String, QueueNode> queues;

  @GuardedBy("this") private final Map<String, MessageQueue<?>> open = new HashMap<>();

  @GuardedBy("this") private int handles;

  @GuardedBy("this") private Runnable fromJmx = () -> {};

  /**
   * @param queues the queue of a name, on this member
   */
  TopicQueues(String topic, SubscriptionList list, Function<String, QueueNode> queues) {
    this.topic = topic;
    this.list = list;
    this.queues = queues;
  }

  SubscriptionList list() {
    return list;
  }

  // ---- handles

  synchronized void opened(String member) {
    if (handles++ == 0 && list.isDurable()) {
      fromJmx = TopicJmx.register(member, topic, this);
    }
  }

  synchronized void closed() {
    if (handles > 0 && --handles == 0) {
      end();
    }
  }

  /** The member leaves. */
  synchronized void allClosed() {
    handles = 0;
    end();
  }

  @GuardedBy("this") private void end() {
    fromJmx.run();
    fromJmx = () -> {};
    open.values().forEach(MessageQueue::close);
    open.clear();
  }

  // ---- queues

  /** A queue to publish to. */
  QueueNode queue(String subscription) {
    QueueNode queue = queues.apply(Topics.queue(topic, subscription));
    if (list.isDurable()) {
      keepOpen(subscription, queue);
    }
    return queue;
  }

  private synchronized MessageQueue<?> keepOpen(String subscription, QueueNode queue) {
    MessageQueue<?> known = open.get(subscription);
    if (known == null) {
      if (handles == 0) { // nobody would close it
        throw new IllegalStateException(
            "topic '" + topic + "' is closed here: open it again with Topic.named(...)");
      }
      known = open(subscription, Object.class, queue);
      open.put(subscription, known);
    }
    return known;
  }

  /** A handle that the caller closes. */
  <T> MessageQueue<T> open(String subscription, Class<T> type) {
    return open(subscription, type, queues.apply(Topics.queue(topic, subscription)));
  }

  private <T> MessageQueue<T> open(String subscription, Class<T> type, QueueNode queue) {
    QueueBuilder<T> builder = new QueueBuilder<>(queue.name(), type);
    Persist place = list.placeOf(subscription);
    return (place == null ? builder : builder.persist(place)).open(queue);
  }

  // ---- members that are missing

  /** The names of members for which the list waits, or a queue. */
  Set<String> missing() {
    Set<String> all = new TreeSet<>(list.missing());
    if (all.isEmpty() && list.isDurable()) {
      list.names().forEach(each -> all.addAll(keptOpen(each).missing()));
    }
    return all;
  }

  void goOnWithoutMissing() {
    list.goOnWithoutMissing();
    if (list.isDurable()) {
      list.names().forEach(each -> keptOpen(each).goOnWithoutMissing());
    }
  }

  private MessageQueue<?> keptOpen(String subscription) {
    return keepOpen(subscription, queues.apply(Topics.queue(topic, subscription)));
  }
}
