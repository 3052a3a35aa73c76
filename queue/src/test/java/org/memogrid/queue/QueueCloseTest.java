/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.memogrid.cluster.Cluster;
import org.memogrid.testkit.Await;

/** A member is closed: nobody waits for ever, then or later. */
class QueueCloseTest {
  private final Cluster cluster = Cluster.local();

  private MessageQueue<Integer> queue(String name) {
    return MessageQueue.named(name, Integer.class).open(cluster);
  }

  @Test
  @Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void whoWaitsWhenTheMemberIsClosedIsReleasedAndWhoAsksLaterIsRefused() {
    MessageQueue<Integer> queue = queue("closed");
    Registrations listening = new Registrations(queue);
    CompletableFuture<Object> receiving =
        CompletableFuture.supplyAsync(() -> String.valueOf(queue.receive(Duration.ofHours(1))));
    Await.until("two that listen", () -> listening.heard() && !receiving.isDone());
    cluster.close();
    assertThatThrownBy(receiving::join)
        .hasCauseInstanceOf(IllegalStateException.class)
        .hasMessageContaining("the cluster was closed")
        .hasMessageContaining("join again");
    assertThatThrownBy(() -> queue.receive(Duration.ofHours(1)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("the cluster was closed");
    assertThatThrownBy(() -> queue.publish(1)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(queue::stats).isInstanceOf(IllegalStateException.class);
    CompletableFuture<Void> late = queue.publishAsync(1);
    assertThatThrownBy(late::join)
        .hasCauseInstanceOf(IllegalStateException.class)
        .hasMessageContaining("the cluster was closed");
  }

  @Test
  @Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void whoWaitsForRoomWhenTheMemberIsClosedIsReleased() {
    MessageQueue<Integer> queue =
        MessageQueue.named("full", Integer.class).capacity(1, WhenFull.BLOCK).open(cluster);
    queue.publish(0);
    CompletableFuture<Void> later = queue.publishAsync(1);
    CompletableFuture<Void> publishing = new CompletableFuture<>();
    Thread publisher =
        new Thread(
            () -> {
              try {
                queue.publish(2);
                publishing.complete(null);
              } catch (RuntimeException e) {
                publishing.completeExceptionally(e);
              }
            });
    publisher.start();
    Await.until("its waiting", () -> publisher.getState() == Thread.State.WAITING);
    assertThat(later).isNotDone();
    cluster.close();
    for (CompletableFuture<Void> waiting : List.of(later, publishing)) {
      assertThatThrownBy(waiting::join)
          .hasCauseInstanceOf(IllegalStateException.class)
          .hasMessageContaining("the cluster was closed");
    }
  }

  /** A listener that has heard something, so that what was begun after it is likely to wait. */
  private static final class Registrations {
    private final CountDownLatch heard = new CountDownLatch(1);

    Registrations(MessageQueue<Integer> queue) {
      queue.listen(message -> heard.countDown());
      queue.publish(0);
    }

    boolean heard() {
      return heard.getCount() == 0;
    }
  }

  @Test
  @Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void queuesWhoseHandlersGoOnLeaveTogether() {
    CountDownLatch gate = new CountDownLatch(1);
    CountDownLatch begun = new CountDownLatch(8);
    List<MessageQueue<Integer>> queues = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      MessageQueue<Integer> queue = queue("slow-" + i);
      queue.listen(
          message -> {
            begun.countDown();
            gate.await();
          });
      queue.publish(i);
      queues.add(queue);
    }
    Await.until("all begun", () -> begun.getCount() == 0);
    long began = System.nanoTime();
    cluster.close();
    long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - began);
    gate.countDown();
    assertThat(seconds).as("seconds; each queue takes three").isLessThan(20);
    assertThat(queues).hasSize(8);
  }
}
