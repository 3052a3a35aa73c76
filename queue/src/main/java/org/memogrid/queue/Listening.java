/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.memogrid.cache.Registration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One listener: runs its handler on so many threads at a time, in the order the messages come, and
 * settles each. Thread-safe.
 */
final class Listening<T> implements QueueNode.Listener, Registration {
  private static final Logger LOG = LoggerFactory.getLogger(Listening.class);

  private final QueueNode queue;
  private final Class<T> type;
  private final MessageHandler<T> handler;
  private final int concurrency;
  private final Consumer<Listening<T>> onClose;
  private final Queue<Packet.Delivery> waiting = new ArrayDeque<>();
  private final long subscription;
  private int running;
  private boolean closed;

  Listening(
      QueueNode queue,
      Class<T> type,
      MessageHandler<T> handler,
      Listen options,
      Consumer<Listening<T>> onClose) {
    this.queue = queue;
    this.type = type;
    this.handler = handler;
    this.concurrency = options.threads();
    this.onClose = onClose;
    this.subscription = queue.subscribe(options.window(), options.wanted(), this);
  }

  MessageHandler<T> handler() {
    return handler;
  }

  @Override
  public void take(Packet.Delivery delivery) {
    synchronized (this) {
      if (!closed) {
        waiting.add(delivery);
        if (running == concurrency) {
          return;
        }
        running++;
      }
    }
    try {
      queue.threads().execute(this::work);
    } catch (RejectedExecutionException leaving) {
      release(delivery);
    }
  }

  private void work() {
    while (true) {
      Packet.Delivery next;
      synchronized (this) {
        next = waiting.poll();
        if (next == null) {
          running--;
          return;
        }
      }
      handle(next);
    }
  }

  private void handle(Packet.Delivery delivery) {
    Received<T> message = new Received<>(queue, type, delivery);
    try {
      handler.handle(message);
      message.settleIfOpen(Packet.Verdict.HANDLED, "", -1);
    } catch (InterruptedException e) {
      message.settleIfOpen(Packet.Verdict.RELEASED, "", 0);
    } catch (Exception | Error e) {
      LOG.debug("a handler of queue '{}' failed on {}", queue.name(), message, e);
      message.settleIfOpen(Packet.Verdict.FAILED, text(e), -1);
    }
  }

  /** Also of one whose own text fails: the message must be settled. */
  static String text(Throwable thrown) {
    try {
      return thrown.toString();
    } catch (RuntimeException | Error e) {
      return thrown.getClass().getName();
    }
  }

  private void release(Packet.Delivery delivery) {
    queue.settle(delivery.tag(), Packet.Verdict.RELEASED, "", 0);
  }

  /** What was not begun goes to other listeners; what was, ends here. */
  @Override
  public void close() {
    Queue<Packet.Delivery> unbegun;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      unbegun = new ArrayDeque<>(waiting);
      waiting.clear();
    }
    queue.unsubscribe(subscription);
    unbegun.forEach(this::release);
    onClose.accept(this);
  }
}
