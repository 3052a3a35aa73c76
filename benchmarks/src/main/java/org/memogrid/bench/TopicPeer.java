/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Cluster;
import org.memogrid.queue.Listen;
import org.memogrid.queue.Topic;
import org.memogrid.queue.TopicBuilder;

/**
 * Topics with one durable subscription each, in one process of ours: the publishing is done when
 * all subscriptions have the message, in two members' files if there is a place for them.
 */
final class TopicPeer implements QueuePeer {
  private static final String SUBSCRIPTION = "all";

  private final Cluster cluster;
  private final @Nullable Path place;
  private final Map<String, Topic<byte[]>> topics = new ConcurrentHashMap<>();

  TopicPeer(int number, @Nullable Path place) {
    this.place = place;
    this.cluster = Memogrid.join("topic-bench", TOPIC_PORT, number, place);
  }

  private Topic<byte[]> topic(String name) {
    return topics.computeIfAbsent(name, this::open);
  }

  private Topic<byte[]> open(String name) {
    TopicBuilder<byte[]> topic = Topic.named(name, byte[].class);
    return (place == null ? topic : topic.persist(Memogrid.files(place))).open(cluster);
  }

  @Override
  public int members() {
    return cluster.membership().members().size();
  }

  @Override
  public Sender sender(String name) {
    Topic<byte[]> topic = topic(name);
    return (body, done) -> Memogrid.tell(topic.publishAsync(body), done);
  }

  @Override
  public void take(String name, Consumer<byte[]> handler) {
    var unused =
        topic(name)
            .subscribeDurably(
                SUBSCRIPTION,
                message -> handler.accept(message.body()),
                Listen.concurrency(THREADS).adaptive(1_000));
  }
}
