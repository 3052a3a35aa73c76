/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Partitions;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeContext;
import org.memogrid.testkit.NodeProcess;
import org.memogrid.testkit.ProcessCluster;

/** Processes that are all killed at once, and others that come back to their files. */
@Timeout(300)
final class DurableQueueKillTest {
  private static final Duration SOON = Duration.ofSeconds(60);
  private static final int CONFIRMED = 120;
  private static final int HANDLED = 30;

  @TempDir Path directory;

  @Test
  void killedProcessesLoseNoConfirmedMessageAndHandOutNoneThatHasEnded() {
    String files = directory.toString();
    try (ProcessCluster cluster =
        ProcessCluster.of(3, builder -> builder.partitions(Partitions.CONSISTENT))) {
      cluster.nodes().forEach(node -> node.run(context -> open(context, files)));
      List<NodeProcess> next = List.of(cluster.spare(), cluster.spare(), cluster.spare());
      cluster.node(0).run(node -> publish(node, 0, CONFIRMED));
      TreeSet<Integer> ended =
          new TreeSet<>(cluster.node(2).call(DurableQueueKillTest::handleSome));
      assertThat(ended).hasSize(HANDLED);
      CompletableFuture<?> more =
          cluster
              .node(1)
              .callAsync(
                  node -> {
                    publish(node, CONFIRMED, 100_000);
                    return "";
                  });
      Await.until("more", () -> cluster.node(0).call(node -> queue(node).size() > CONFIRMED));
      cluster.nodes().forEach(cluster::kill);
      assertThat(more).isNotNull();

      next.forEach(cluster::join);
      NodeProcess last = next.get(2);
      last.run(node -> open(node, files));
      TreeSet<Integer> expected = new TreeSet<>(IntStream.range(0, CONFIRMED).boxed().toList());
      expected.removeAll(ended);
      last.run(DurableQueueKillTest::listen);
      Await.until("all messages", () -> last.call(DurableQueueKillTest::got).containsAll(expected));
      Await.until("the rest", () -> last.call(node -> queue(node).size() == 0));
      assertThat(last.call(DurableQueueKillTest::got)).doesNotContainAnyElementsOf(ended);
    }
  }

  // ---- in the other JVM

  private static void open(NodeContext node, String files) {
    var unused =
        node.kept(
            "queue",
            () ->
                MessageQueue.named("orders", Integer.class)
                    .persist(Persist.file(Path.of(files)))
                    .open(node.cluster()));
  }

  private static MessageQueue<Integer> queue(NodeContext node) {
    return node.kept("queue", DurableQueueKillTest::missing);
  }

  private static MessageQueue<Integer> missing() {
    throw new IllegalStateException("not started");
  }

  private static void publish(NodeContext node, int from, int to) {
    for (int i = from; i < to; i++) {
      queue(node).publish(i);
    }
  }

  /** Returns when the disk knows of all that was handled: what is asked comes behind it. */
  private static List<Integer> handleSome(NodeContext node) {
    List<Integer> handled = new ArrayList<>();
    for (int i = 0; i < HANDLED; i++) {
      Message<Integer> message = Objects.requireNonNull(queue(node).receive(SOON));
      handled.add(message.body());
      message.ack();
    }
    queue(node).pause();
    queue(node).resume();
    return handled;
  }

  private static ConcurrentLinkedQueue<Integer> heard(NodeContext node) {
    return node.kept("heard", ConcurrentLinkedQueue::new);
  }

  private static void listen(NodeContext node) {
    ConcurrentLinkedQueue<Integer> heard = heard(node);
    var unused = queue(node).listen(message -> heard.add(message.body()));
  }

  private static List<Integer> got(NodeContext node) {
    return new ArrayList<>(heard(node));
  }
}
