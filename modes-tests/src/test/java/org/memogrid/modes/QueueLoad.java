/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.memogrid.queue.Listen;
import org.memogrid.queue.Message;
import org.memogrid.queue.MessageQueue;
import org.memogrid.queue.Publish;
import org.memogrid.testkit.NodeContext;

/** What nodes do with a queue while they are tested, told as events to {@link QueueRecords}. */
final class QueueLoad {
  /** A body that ends the JVM of whoever handles it. */
  static final int POISON = -666;

  private static final int THREADS = 2;
  private static final int WINDOW = 4;
  private static final int KEYS = 3;
  private static final int FAILING = 20;
  private static final int UNDER_WAY = 32;
  private static final long PACE_NANOS = 3_000_000;

  /** Numbers of one node in one test are its own. */
  private static final AtomicInteger NEXT = new AtomicInteger();

  private QueueLoad() {}

  /** Listens with {@link #THREADS} handlers at a time that take so many milliseconds. */
  static void listen(NodeContext there, MessageQueue<Integer> queue, int millis) {
    var unused =
        queue.listen(
            message -> {
              long began = System.nanoTime();
              if (message.body() == POISON) {
                Runtime.getRuntime().halt(1);
              }
              LockSupport.parkNanos(millis * 1_000_000L);
              handled(there, message, THREADS, began);
            },
            Listen.concurrency(THREADS));
  }

  /**
   * Listens with a handler that has begun all that is handed to this node, and ends each message
   * after so many milliseconds: what runs at a time is what the listener holds.
   */
  static void listenLater(NodeContext there, MessageQueue<Integer> queue, int millis) {
    var unused =
        queue.listenAsync(
            message -> {
              long began = System.nanoTime();
              return CompletableFuture.runAsync(
                  () -> handled(there, message, WINDOW, began),
                  CompletableFuture.delayedExecutor(millis, TimeUnit.MILLISECONDS));
            },
            Listen.concurrency(1).prefetch(WINDOW));
  }

  /** As {@link #listen}, with handlers that fail on one of {@link #FAILING} handlings. */
  static void listenAndFail(NodeContext there, MessageQueue<Integer> queue, int millis) {
    var unused =
        queue.listen(
            message -> {
              long began = System.nanoTime();
              LockSupport.parkNanos(millis * 1_000_000L);
              if ((message.body() * 31 + message.attempt() * 7) % FAILING == 0) {
                there.emit("failed", handling(message, THREADS, began));
                throw new IllegalStateException("one of " + FAILING);
              }
              handled(there, message, THREADS, began);
            },
            Listen.concurrency(THREADS));
  }

  private static void handled(
      NodeContext there, Message<Integer> message, int atATime, long began) {
    there.emit("handled", handling(message, atATime, began));
  }

  private static QueueRecords.Handling handling(Message<Integer> message, int atATime, long began) {
    return new QueueRecords.Handling(
        message.body(),
        String.valueOf(message.orderingKey()),
        message.attempt(),
        atATime,
        began,
        System.nanoTime());
  }

  /** Publishes until {@link #stop}, every third message under one of few keys. */
  static void produce(NodeContext there, MessageQueue<Integer> queue, String node) {
    Load load = new Load();
    loads(there).add(load);
    int base = Integer.parseInt(node.substring(1)) * 1_000_000;
    Thread producer =
        new Thread(
            () -> {
              Semaphore underWay = new Semaphore(UNDER_WAY);
              while (!load.stopped.get()) {
                underWay.acquireUninterruptibly();
                publish(there, queue, base + NEXT.incrementAndGet(), node, underWay);
                LockSupport.parkNanos(PACE_NANOS);
              }
              underWay.acquireUninterruptibly(UNDER_WAY);
              load.answered.complete(null);
            });
    producer.setDaemon(true);
    producer.start();
  }

  private static void publish(
      NodeContext there, MessageQueue<Integer> queue, int number, String node, Semaphore underWay) {
    there.emit("sent", number);
    Publish options =
        number % 3 == 0
            ? Publish.normal().orderingKey("k" + number / 3 % KEYS + node)
            : Publish.normal();
    var unused =
        queue
            .publishAsync(number, options)
            .whenComplete(
                (done, failure) -> {
                  if (failure == null) {
                    there.emit("acknowledged", number);
                  }
                  underWay.release();
                });
  }

  /** One producer. */
  private static final class Load {
    final AtomicBoolean stopped = new AtomicBoolean();
    final CompletableFuture<Void> answered = new CompletableFuture<>();
  }

  private static List<Load> loads(NodeContext there) {
    return there.kept("loads", CopyOnWriteArrayList::new);
  }

  /** Ends what {@link #produce} began, and returns when all that it published is answered. */
  static void stop(NodeContext there) {
    loads(there).forEach(load -> load.stopped.set(true));
    for (Load load : loads(there)) {
      load.answered.orTimeout(2, TimeUnit.MINUTES).join();
    }
  }
}
