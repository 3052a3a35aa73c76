/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cache.Registration;
import org.memogrid.cluster.Codec;
import org.memogrid.cluster.Member;
import org.memogrid.internal.node.Node;
import org.memogrid.internal.store.Serial;
import org.memogrid.internal.store.Store;
import org.memogrid.internal.store.Versions;
import org.memogrid.internal.wire.Wire;
import org.memogrid.internal.wire.WireFormat;

/** What is published to topics, on one member: to the subscribers here and to durable ones. */
final class Topics {
  static final String SERVICE = "topic";
  private static final String STORE = "org.memogrid.queue.topics";

  private final Node node;
  private final Executor threads;
  private final Format format = new Format();
  private final Registration service;
  private final Map<String, List<Subscriber>> subscribers = new ConcurrentHashMap<>();
  private final Versions versions = new Versions();
  private final Set<String> removing = ConcurrentHashMap.newKeySet();
  private final Map<String, TopicQueues> onDisk = new ConcurrentHashMap<>();
  private final UnderWay underWay;
  private @Nullable Store durable;

  /** A message to all members. */
  private static final class Published {
    final String topic;
    final byte[] body;

    Published(String topic, byte[] body) {
      this.topic = topic;
      this.body = body;
    }
  }

  private record Subscriber(Object handler, Serial order, Consumer<byte[]> hear) {}

  Topics(Node node, Executor threads) {
    this.node = node;
    this.threads = threads;
    this.service = node.wire().serve(SERVICE, format, this::onMessage);
    this.underWay = new UnderWay(node, threads);
  }

  Codec codec() {
    return node.codec();
  }

  void stop() {
    service.close();
    underWay.stop();
    onDisk.values().forEach(TopicQueues::allClosed);
    subscribers.clear();
  }

  // ---- all members

  void tellAll(String topic, byte[] body) {
    Published published = new Published(topic, body);
    for (Member member : node.membership().members()) {
      node.wire().send(member, SERVICE, format, published);
    }
  }

  private void onMessage(Wire.Incoming<Published> incoming) {
    Published published = incoming.message();
    for (Subscriber each : subscribers.getOrDefault(published.topic, List.of())) {
      each.order.execute(() -> each.hear.accept(published.body));
    }
  }

  /**
   * @param handler what the user gave
   */
  Registration subscribe(String topic, Object handler, Consumer<byte[]> hear) {
    Subscriber own = new Subscriber(handler, new Serial(threads), hear);
    List<Subscriber> all = subscribers.computeIfAbsent(topic, t -> new CopyOnWriteArrayList<>());
    synchronized (all) {
      if (all.stream().anyMatch(other -> other.handler == handler)) {
        throw new IllegalStateException(
            "handler "
                + handler
                + " hears topic '"
                + topic
                + "' already: close its registration first");
      }
      all.add(own);
    }
    return () -> all.remove(own);
  }

  // ---- durable subscriptions

  /** On every member, so that a look at it costs nothing. */
  private synchronized Store store() {
    Store open = durable;
    if (open == null) {
      open = node.store(STORE, CacheOptions.of(Mode.REPLICATED));
      durable = open;
    }
    return open;
  }

  /** No two subscriptions have one, whatever they and their topics are called. */
  static String queue(String topic, String subscription) {
    return "topic/" + topic.replace("%", "%25").replace("/", "%2F") + "/" + subscription;
  }

  /**
   * The queues of a topic's durable subscriptions, for a handle that is opened so.
   *
   * @param place where the topic is kept; null for in memory
   * @param queues the queue of a name, on this member
   * @throws IllegalStateException if others keep it elsewhere, or it can't be kept there
   */
  TopicQueues open(String topic, @Nullable Persist place, Function<String, QueueNode> queues) {
    SubscriptionList list =
        new SubscriptionList(topic, place, node, this::store, versions, removing);
    list.open();
    TopicQueues own = new TopicQueues(topic, list, queues);
    TopicQueues all = place == null ? own : onDisk.computeIfAbsent(topic, t -> own);
    all.opened(node.membership().self().name());
    return all;
  }

  /** Begins to send a message to all durable subscriptions that there are. */
  List<UnderWay.Sending> sendToDurable(String topic, SubscriptionList list) {
    if (list.isDurable()) {
      var unused = list.names(); // may wait for members: not where others would wait for it
    }
    return underWay.begin(
        () ->
            list.names().stream()
                .map(name -> new UnderWay.Target(name, queue(topic, name)))
                .toList());
  }

  /** Waits a moment for what was sent to it; whether all of that has ended. */
  boolean haveSendersEnded(String topic, String subscription) {
    return underWay.hasEnded(queue(topic, subscription));
  }

  /** How a message is written. */
  private static final class Format implements WireFormat<Published> {
    @Override
    public void write(Published message, DataOutput out) throws IOException {
      out.writeUTF(message.topic);
      out.writeInt(message.body.length);
      out.write(message.body);
    }

    @Override
    public Published read(DataInput in) throws IOException {
      String topic = in.readUTF();
      byte[] body = new byte[in.readInt()];
      in.readFully(body);
      return new Published(topic, body);
    }
  }
}
