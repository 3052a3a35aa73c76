/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.memogrid.cache.Registration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A topic as its user sees it. */
final class TopicHandle<T> implements Topic<T> {
  private static final Logger LOG = LoggerFactory.getLogger(TopicHandle.class);

  private final String name;
  private final Class<T> type;
  private final QueueFeature feature;
  private final List<Registration> open = new CopyOnWriteArrayList<>();
  private volatile boolean closed;

  TopicHandle(String name, Class<T> type, QueueFeature feature) {
    this.name = name;
    this.type = type;
    this.feature = feature;
  }

  @Override
  public String name() {
    return name;
  }

  private void checkOpen() {
    if (closed) {
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
    List<UnderWay.Sending> durable = topics.sendToDurable(name);
    try {
      durable.forEach(sending -> publish(feature.queue(sending.queue()), bytes, sending.done()));
      topics.tellAll(name, bytes);
    } catch (RuntimeException | Error e) {
      durable.forEach(sending -> sending.done().completeExceptionally(e));
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
    MessageQueue<T> queue = durable(subscription);
    try {
      var unused = feature.topics().addDurable(name, subscription);
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
    checkOpen();
    return new QueueBuilder<>(queueName(subscription), type)
        .open(feature.queue(queueName(subscription)));
  }

  private String queueName(String subscription) {
    if (requireNonNull(subscription, "subscription").isBlank()) {
      throw new IllegalArgumentException(
          "a durable subscription of topic '" + name + "' has a blank name: give it one");
    }
    return Topics.queue(name, subscription);
  }

  @Override
  public boolean removeDurable(String subscription) {
    try (MessageQueue<T> queue = durable(subscription)) {
      Topics topics = feature.topics();
      boolean was = topics.removeDurable(name, subscription);
      while (!topics.haveSendersEnded(name, subscription)) {
        empty(queue.name()); // they may wait for room in it
      }
      empty(queue.name());
      return was;
    }
  }

  private void empty(String queue) {
    var unused = Waits.await(feature.queue(queue).ask(new Packet.Empty()), queue);
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
    if (closed) { // meanwhile, and close() may not have seen this one
      own.close();
      checkOpen();
    }
    return own;
  }

  @Override
  public void close() {
    closed = true;
    open.forEach(Registration::close);
  }

  @Override
  public String toString() {
    return "Topic[" + name + (closed ? ", closed]" : "]");
  }
}
