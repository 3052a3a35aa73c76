/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static java.util.Objects.requireNonNull;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import org.memogrid.cache.Registration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A topic as its user sees it. */
final class TopicHandle<T> implements Topic<T> {
  private static final Logger LOG = LoggerFactory.getLogger(TopicHandle.class);

  private final String name;
  private final Class<T> type;
  private final QueueFeature feature;
  private final TopicQueues queues;
  private final List<Registration> open = new CopyOnWriteArrayList<>();
  private final AtomicBoolean closed = new AtomicBoolean();

  /**
   * @param queues which the handle closes
   */
  TopicHandle(String name, Class<T> type, QueueFeature feature, TopicQueues queues) {
    this.name = name;
    this.type = type;
    this.feature = feature;
    this.queues = queues;
  }

  @Override
  public String name() {
    return name;
  }

  private void checkOpen() {
    if (closed.get()) {
      throw new IllegalStateException(
          "topic '" + name + "' is closed here: open it again with Topic.named(...)");
    }
  }

  @Override
  public void publish(T body) {
    var unused = Waits.await(publishAsync(body), "topic " + name);
  }

  @Override
  public CompletableFuture<Void> publishAsync(T body) {
    requireNonNull(body, "body");
    checkOpen();
    if (!type.isInstance(body)) {
      throw new IllegalArgumentException(
          "topic '"
              + name
              + "' was opened for "
              + type.getName()
              + ", and this is a "
              + body.getClass().getName());
    }
    Topics topics = feature.topics();
    byte[] bytes = topics.codec().encode(body);
    if (bytes.length > Settings.DEFAULT_LARGEST) {
      throw new IllegalArgumentException(
          Settings.DEFAULT.tooLarge("topic '" + name + "'", bytes.length));
    }
    List<UnderWay.Sending> durable;
    try {
      durable = topics.sendToDurable(name, queues.list());
    } catch (QueueException e) {
      return CompletableFuture.failedFuture(e);
    }
    try {
      Map<UnderWay.Sending, QueueNode> to = new LinkedHashMap<>();
      durable.forEach(each -> to.put(each, queues.queue(each.target().subscription())));
      to.forEach((each, queue) -> publish(queue, bytes, each.done()));
      topics.tellAll(name, bytes);
    } catch (QueueException e) {
      durable.forEach(each -> each.done().completeExceptionally(e));
    } catch (RuntimeException | Error e) {
      durable.forEach(each -> each.done().completeExceptionally(e));
      throw e;
    }
    return CompletableFuture.allOf(
        durable.stream().map(UnderWay.Sending::done).toArray(CompletableFuture[]::new));
  }

  private static void publish(QueueNode queue, byte[] bytes, CompletableFuture<Void> done) {
    queue.publish(
        Traits.PLAIN,
        bytes,
        failure ->
            queue.later(
                () -> {
                  if (failure == null) {
                    done.complete(null);
                  } else {
                    done.completeExceptionally(failure);
                  }
                }));
  }

  @Override
  public Registration subscribe(TopicHandler<T> handler) {
    requireNonNull(handler, "handler");
    checkOpen();
    Topics topics = feature.topics();
    return remembered(topics.subscribe(name, handler, bytes -> hear(topics, handler, bytes)));
  }

  private void hear(Topics topics, TopicHandler<T> handler, byte[] bytes) {
    try {
      handler.hear(type.cast(topics.codec().decode(bytes)));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (Exception | Error e) {
      LOG.error("subscriber {} of topic '{}' failed on a message", handler, name, e);
    }
  }

  @Override
  public Registration subscribeDurably(String subscription, MessageHandler<T> handler) {
    return subscribeDurably(subscription, handler, Listen.concurrency(1));
  }

  @Override
  public Registration subscribeDurably(
      String subscription, MessageHandler<T> handler, Listen options) {
    requireNonNull(handler, "handler");
    requireNonNull(options, "options");
    checkName(subscription);
    checkOpen();
    SubscriptionList list = queues.list();
    if (list.isHalfRemoved(subscription)) {
      var unused = removeDurable(subscription);
    }
    MessageQueue<T> queue = durable(subscription);
    try {
      list.add(subscription); // its queue is there: one on the list without would be in memory
      var listening = queue.listen(handler, options);
      return remembered(
          () -> {
            listening.close();
            queue.close();
          });
    } catch (RuntimeException | Error e) {
      queue.close();
      throw e;
    }
  }

  @Override
  public MessageQueue<T> durable(String subscription) {
    checkName(subscription);
    checkOpen();
    return queues.open(subscription, type);
  }

  private void checkName(String subscription) {
    if (requireNonNull(subscription, "subscription").isBlank()) {
      throw new IllegalArgumentException(
          "a durable subscription of topic '" + name + "' has a blank name: give it one");
    }
    var unused = queues.list().placeOf(subscription);
  }

  @Override
  public Set<String> durableSubscriptions() {
    checkOpen();
    return new TreeSet<>(queues.list().names());
  }

  @Override
  public boolean removeDurable(String subscription) {
    checkName(subscription);
    checkOpen();
    SubscriptionList list = queues.list();
    boolean was = list.beginToRemove(subscription);
    boolean done = false;
    try {
      empty(subscription);
      list.removed(subscription);
      done = true;
    } finally {
      if (!done) {
        list.notRemoved(subscription);
      }
    }
    return was;
  }

  private void empty(String subscription) {
    try (MessageQueue<T> queue = durable(subscription)) {
      while (!feature.topics().haveSendersEnded(name, subscription)) {
        emptyQueue(queue.name()); // they may wait for room in it
      }
      emptyQueue(queue.name());
    }
  }

  private void emptyQueue(String queue) {
    var unused = Waits.await(feature.queue(queue).ask(new Packet.Empty()), queue);
  }

  @Override
  public Set<String> missing() {
    checkOpen();
    return queues.missing();
  }

  @Override
  public void goOnWithoutMissing() {
    checkOpen();
    queues.goOnWithoutMissing();
  }

  private Registration remembered(Registration registration) {
    Registration own =
        new Registration() {
          @Override
          public void close() {
            open.remove(this);
            registration.close();
          }
        };
    open.add(own);
    if (closed.get()) { // meanwhile, and close() may not have seen this one
      own.close();
      checkOpen();
    }
    return own;
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      open.forEach(Registration::close);
      queues.closed();
    }
  }

  @Override
  public String toString() {
    return "Topic[" + name + (closed.get() ? ", closed]" : "]");
  }
}
