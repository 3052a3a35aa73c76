/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;

/**
 * A process that sends or takes: {@code SYSTEM NUMBER [FOLDER]}, with what is sent on disk if there
 * is a folder. A body begins with the moment at which it was sent, by the clock that all processes
 * of a machine share.
 */
final class QueueWorker implements Child.Answering {
  /** How many messages of one thread may be on their way to the queue. */
  private static final int WINDOW = 512;

  private static final int MOST = 2_000_000;

  private final QueuePeer peer;
  private final long[] delays = new long[MOST];
  private volatile Confirmed confirmed = new Confirmed(0);
  private int taken;
  private long lastAt;

  private QueueWorker(QueuePeer peer) {
    this.peer = peer;
  }

  public static void main(String[] args) throws Exception {
    Path place = args.length > 2 ? Path.of(args[2]) : null;
    Child.serve(new QueueWorker(QueuePeer.of(args[0], Integer.parseInt(args[1]), place)));
  }

  @Override
  public Object answer(String[] parts) throws Exception {
    return switch (parts[0]) {
      case "members" -> awaitMembers(Integer.parseInt(parts[1]));
      case "take" -> take(parts[1]);
      case "send" -> send(parts[1], Integer.parseInt(parts[2]), Integer.parseInt(parts[3]));
      case "pace" ->
          pace(
              parts[1],
              Integer.parseInt(parts[2]),
              Integer.parseInt(parts[3]),
              Integer.parseInt(parts[4]));
      case "taken" -> awaitTaken(Integer.parseInt(parts[1]));
      case "delay" -> delay(Double.parseDouble(parts[1]));
      case "confirmed" -> confirmed.at(Double.parseDouble(parts[1]));
      case "forget" -> forget();
      case "dispatcher" -> ((QueuePeer.Memogrid) peer).queue(parts[1]).stats().dispatcher();
      case "size" -> ((QueuePeer.Memogrid) peer).queue(parts[1]).size();
      default -> throw new IllegalArgumentException(String.join(" ", parts));
    };
  }

  private int awaitMembers(int count) {
    while (peer.members() != count) {
      LockSupport.parkNanos(10_000_000);
    }
    return count;
  }

  // ---- to take

  private int take(String queue) throws Exception {
    peer.take(queue, this::taken);
    return forget();
  }

  private synchronized void taken(byte[] body) {
    lastAt = System.nanoTime();
    delays[taken++] = lastAt - ByteBuffer.wrap(body).getLong();
    notifyAll();
  }

  /** When the last of so many came. */
  private synchronized long awaitTaken(int count) throws InterruptedException {
    while (taken < count) {
      wait();
    }
    return lastAt;
  }

  /** Nanoseconds that so many of a hundred messages took at most. */
  private synchronized long delay(double percent) {
    return percentile(delays, taken, percent);
  }

  private static long percentile(long[] delays, int count, double percent) {
    long[] sorted = Arrays.copyOf(delays, count);
    Arrays.sort(sorted);
    return count == 0 ? 0 : sorted[(int) Math.min(count - 1, count * percent / 100)];
  }

  private synchronized int forget() {
    int before = taken;
    taken = 0;
    return before;
  }

  // ---- to send

  /** When the first of them was sent; returns when the system has them all. */
  private long send(String queue, int count, int size) throws Exception {
    CountDownLatch done = new CountDownLatch(count);
    long begun = System.nanoTime();
    for (int i = 0; i < QueuePeer.THREADS; i++) {
      QueuePeer.Sender sender = peer.sender(queue);
      Thread thread =
          new Thread(() -> sendAll(sender, count / QueuePeer.THREADS, size, done), "sender " + i);
      thread.setDaemon(true);
      thread.start();
    }
    done.await();
    return begun;
  }

  private static void sendAll(QueuePeer.Sender sender, int count, int size, CountDownLatch done) {
    Semaphore room = new Semaphore(WINDOW);
    try {
      for (int i = 0; i < count; i++) {
        room.acquire();
        sender.send(
            body(size),
            () -> {
              room.release();
              done.countDown();
            });
      }
    } catch (Exception e) {
      throw new IllegalStateException("a message could not be sent", e);
    }
  }

  private int pace(String queue, int count, int size, int rate) throws Exception {
    QueuePeer.Sender sender = peer.sender(queue);
    Confirmed all = new Confirmed(count);
    confirmed = all;
    long begun = System.nanoTime();
    for (int i = 0; i < count; i++) {
      long at = begun + i * (1_000_000_000L / rate);
      while (System.nanoTime() - at < 0) {
        LockSupport.parkNanos(at - System.nanoTime());
      }
      long sent = System.nanoTime();
      sender.send(body(size), () -> all.add(System.nanoTime() - sent));
    }
    return count;
  }

  /** How long the system took to say that it has a message. */
  private static final class Confirmed {
    private final long[] delays;
    private int count;

    Confirmed(int most) {
      delays = new long[most];
    }

    synchronized void add(long delay) {
      delays[count++] = delay;
      notifyAll();
    }

    /** Nanoseconds for so many of a hundred at most, when all are. */
    synchronized long at(double percent) throws InterruptedException {
      while (count < delays.length) {
        wait();
      }
      return percentile(delays, count, percent);
    }
  }

  private static byte[] body(int size) {
    return ByteBuffer.allocate(size).putLong(0, System.nanoTime()).array();
  }
}
