/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.memogrid.queue.Listen;
import org.memogrid.queue.MessageQueue;
import org.memogrid.queue.Publish;
import org.memogrid.testkit.NodeContext;

/** What nodes do with a queue while they are tested, told as events to {@link QueueRecords}. */
final class QueueLoad {
  /** A body that ends the JVM of whoever handles it. */
  static final int POISON = -666;

  private static final int KEYS = 3;
  private static final int UNDER_WAY = 32;
  private static final long PACE_NANOS = 3_000_000;

  /** Numbers of one node in one test are its own. */
  private static final AtomicInteger NEXT = new AtomicInteger();

  private QueueLoad() {}

  /** Listens with two handlers at a time that take so many milliseconds. */
  static void listen(NodeContext there, MessageQueue<Integer> queue, int millis) {
    var unused =
        queue.listen(
            message -> {
              long began = System.nanoTime();
              if (message.body() == POISON) {
                Runtime.getRuntime().halt(1);
              }
              LockSupport.parkNanos(millis * 1_000_000L);
              there.emit(
                  "handled",
                  new QueueRecords.Handling(
                      message.body(),
                      String.valueOf(message.orderingKey()),
                      message.attempt(),
                      began,
                      System.nanoTime()));
            },
            Listen.concurrency(2));
  }

  /** Publishes until {@link #stop}, every third message under one of few keys. */
  static void produce(NodeContext there, MessageQueue<Integer> queue, String node) {
    AtomicBoolean stopped = stopped(there);
    int base = Integer.parseInt(node.substring(1)) * 1_000_000;
    Thread producer =
        new Thread(
            () -> {
              Semaphore underWay = new Semaphore(UNDER_WAY);
              while (!stopped.get()) {
                underWay.acquireUninterruptibly();
                int number = base + NEXT.incrementAndGet();
                there.emit("sent", number);
                Publish options =
                    number % 3 == 0
                        ? Publish.normal().orderingKey("k" + number % KEYS + node)
                        : Publish.normal();
                var unused =
                    queue
                        .publishAsync(number, options)
                        .whenComplete(
                            (done, failure) -> {
                              underWay.release();
                              if (failure == null) {
                                there.emit("acknowledged", number);
                              }
                            });
                LockSupport.parkNanos(PACE_NANOS);
              }
            });
    producer.setDaemon(true);
    producer.start();
  }

  private static AtomicBoolean stopped(NodeContext there) {
    return there.kept("stopped", AtomicBoolean::new);
  }

  static void stop(NodeContext there) {
    stopped(there).set(true);
  }
}
