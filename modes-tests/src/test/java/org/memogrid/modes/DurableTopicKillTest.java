/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Partitions;
import org.memogrid.queue.Message;
import org.memogrid.queue.MessageQueue;
import org.memogrid.queue.Topic;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeContext;
import org.memogrid.testkit.NodeProcess;
import org.memogrid.testkit.ProcessCluster;

/**
 * A topic with two durable subscriptions over processes that are all killed at once while one
 * publishes, and others that come back to their files.
 */
@Timeout(300)
final class DurableTopicKillTest {
  private static final Duration SOON = Duration.ofSeconds(60);
  private static final int BEFORE = 100;
  private static final int HANDLED = 30;
  private static final int MARK = -1;

  @TempDir Path directory;

  @Test
  void killedProcessesLoseNoConfirmedMessageOfAnyDurableSubscription() {
    String files = directory.toString();
    Set<Integer> confirmed = ConcurrentHashMap.newKeySet();
    try (ProcessCluster cluster =
        ProcessCluster.of(3, builder -> builder.partitions(Partitions.CONSISTENT))) {
      cluster.nodes().forEach(node -> node.run(context -> open(context, files)));
      List<NodeProcess> next = List.of(cluster.spare(), cluster.spare(), cluster.spare());
      cluster.node(0).run(DurableTopicKillTest::subscribe);
      cluster.node(1).onEvent("confirmed", event -> confirmed.add((Integer) event));
      CompletableFuture<?> publishing =
          cluster
              .node(1)
              .callAsync(
                  node -> {
                    publish(node, 100_000);
                    return "";
                  });
      Await.until("some messages", () -> confirmed.size() >= BEFORE);
      TreeSet<Integer> ended =
          new TreeSet<>(cluster.node(2).call(DurableTopicKillTest::handleSome));
      assertThat(ended).hasSize(HANDLED);
      int soFar = confirmed.size();
      Await.until("more", () -> confirmed.size() > soFar + BEFORE);
      cluster.nodes().forEach(cluster::kill);
      assertThat(publishing).isNotNull();

      next.forEach(cluster::join);
      next.get(1).run(node -> open(node, files));
      NodeProcess last = next.get(1);
      last.run(node -> topic(node).publish(MARK)); // nobody has subscribed again
      confirmed.add(MARK);
      last.run(DurableTopicKillTest::listen);
      TreeSet<Integer> audit = new TreeSet<>(confirmed);
      audit.removeAll(ended);
      Await.until(
          "all messages of one", () -> last.call(node -> got(node, "audit")).containsAll(audit));
      Await.until(
          "all of the other", () -> last.call(node -> got(node, "billing")).containsAll(confirmed));
      List<Integer> again = last.call(node -> got(node, "audit"));
      assertThat(again).doesNotContainAnyElementsOf(ended);
      List<String> names = last.call(node -> List.copyOf(topic(node).durableSubscriptions()));
      assertThat(names).containsExactly("audit", "billing");
    }
  }

  // ---- in the other JVM

  private static void open(NodeContext node, String files) {
    var unused =
        node.kept(
            "topic",
            () ->
                Topic.named("news", Integer.class)
                    .persist(Persist.file(Path.of(files)))
                    .open(node.cluster()));
  }

  private static Topic<Integer> topic(NodeContext node) {
    return node.kept("topic", DurableTopicKillTest::missing);
  }

  private static Topic<Integer> missing() {
    throw new IllegalStateException("not started");
  }

  private static void subscribe(NodeContext node) {
    topic(node).subscribeDurably("audit", message -> {}).close();
    topic(node).subscribeDurably("billing", message -> {}).close();
  }

  private static void publish(NodeContext node, int count) {
    for (int i = 0; i < count; i++) {
      topic(node).publish(i);
      node.emit("confirmed", i);
    }
  }

  /** Returns when the disk knows of all that was handled: what is asked comes behind it. */
  private static List<Integer> handleSome(NodeContext node) {
    List<Integer> handled = new ArrayList<>();
    try (MessageQueue<Integer> audit = topic(node).durable("audit")) {
      for (int i = 0; i < HANDLED; i++) {
        Message<Integer> message = Objects.requireNonNull(audit.receive(SOON));
        handled.add(message.body());
        message.ack();
      }
      audit.pause();
      audit.resume();
    }
    return handled;
  }

  private static ConcurrentLinkedQueue<Integer> heard(NodeContext node, String subscription) {
    return node.kept(subscription, ConcurrentLinkedQueue::new);
  }

  private static void listen(NodeContext node) {
    for (String each : List.of("audit", "billing")) {
      ConcurrentLinkedQueue<Integer> heard = heard(node, each);
      var unused = topic(node).subscribeDurably(each, message -> heard.add(message.body()));
    }
  }

  private static List<Integer> got(NodeContext node, String subscription) {
    return new ArrayList<>(heard(node, subscription));
  }
}
