/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Registration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One listener: runs its handler on so many threads at a time, in the order the messages come, and
 * settles each. Thread-safe.
 */
final class Listening<T> implements QueueNode.Listener, QueueFeature.Threads, Registration {
  private static final Logger LOG = LoggerFactory.getLogger(Listening.class);

  private final QueueNode queue;
  private final Class<T> type;
  private final Begin<T> begin;
  private final int concurrency;
  private final Consumer<Listening<T>> onClose;
  private final Queue<QueueFeature.Task> waiting = new ArrayDeque<>();
  private final @Nullable Selector wanted;
  private final long subscription;
  private final @Nullable Window window;
  private int running;
  private boolean closed;

  /** What the handler begins with a message; null if it has ended with it. */
  interface Begin<T> {
    @Nullable CompletionStage<?> handle(Message<T> message) throws Exception;
  }

  Listening(
      QueueNode queue,
      Class<T> type,
      Begin<T> begin,
      Listen options,
      Consumer<Listening<T>> onClose) {
    this.queue = queue;
    this.type = type;
    this.begin = begin;
    this.concurrency = options.threads();
    this.onClose = onClose;
    this.wanted = options.wanted();
    this.window =
        options.most() == 0 ? null : new Window(options.window(), options.most(), this::resize);
    this.subscription = queue.subscribe(options.window(), wanted, this);
  }

  @Override
  public void take(Packet.Delivery delivery) {
    Task task = new Task(delivery);
    if (!offer(task, Integer.MAX_VALUE)) {
      task.leave(); // it came ahead of the end of the subscription, which close() sends
    }
  }

  @Override
  public boolean offer(QueueFeature.Task task, int most) {
    synchronized (this) {
      if (closed || (running == concurrency && waiting.size() >= most)) {
        return false;
      }
      waiting.add(task);
      if (running == concurrency) {
        return true;
      }
      running++;
    }
    try {
      queue.threads().execute(this::work);
    } catch (RejectedExecutionException leaving) {
      close();
    }
    return true;
  }

  private void work() {
    while (true) {
      QueueFeature.Task next;
      synchronized (this) {
        next = waiting.poll();
        if (next == null) {
          running--;
          return;
        }
      }
      boolean unused = Thread.interrupted(); // by the last one's handler, not of this one
      try {
        next.run();
      } catch (RuntimeException | Error e) {
        LOG.error("a listener of queue '{}' failed", queue.name(), e);
      }
    }
  }

  /** A message that is to be handled. */
  private final class Task implements QueueFeature.Task {
    private final Packet.Delivery delivery;

    Task(Packet.Delivery delivery) {
      this.delivery = delivery;
    }

    @Override
    public void run() {
      handle(delivery);
    }

    @Override
    public void leave() {
      queue.settle(delivery.tag(), Packet.Verdict.RELEASED, "", 0);
    }
  }

  private void handle(Packet.Delivery delivery) {
    Received<T> message = new Received<>(queue, type, delivery);
    try {
      CompletionStage<?> rest = begin.handle(message);
      if (rest == null) {
        message.settleIfOpen(Packet.Verdict.HANDLED, "", -1);
        ended(false);
      } else {
        await(rest, message);
      }
    } catch (Exception | Error e) { // nobody interrupts a handler here: that is a failure, too
      end(message, e, false);
    }
  }

  /** A stage of somebody's own may have no other way to tell whether it has ended. */
  private void await(CompletionStage<?> rest, Received<T> message) {
    AtomicBoolean first = new AtomicBoolean();
    var unused =
        rest.whenComplete(
            (done, failure) -> end(message, failure, !first.compareAndSet(false, true)));
    Window adaptive = window;
    if (first.compareAndSet(false, true) && adaptive != null) {
      adaptive.later();
    }
  }

  private void resize(int size) {
    queue.resize(subscription, size, wanted);
  }

  private void ended(boolean late) {
    Window adaptive = window;
    if (adaptive != null) {
      adaptive.ended(late);
    }
  }

  private void end(Received<T> message, @Nullable Throwable failure, boolean late) {
    ended(late);
    if (failure == null) {
      message.settleIfOpen(Packet.Verdict.HANDLED, "", -1);
      return;
    }
    Throwable cause = failure.getCause();
    Throwable own = failure instanceof CompletionException && cause != null ? cause : failure;
    LOG.debug("a handler of queue '{}' failed on {}", queue.name(), message, own);
    message.settleIfOpen(Packet.Verdict.FAILED, text(own), -1);
  }

  /** Also of one whose own text fails: the message must be settled. */
  static String text(Throwable thrown) {
    try {
      return thrown.toString();
    } catch (RuntimeException | Error e) {
      return thrown.getClass().getName();
    }
  }

  @Override
  public void leave(String why) {
    close();
  }

  /** What was not begun goes to other listeners; what was, ends here. */
  @Override
  public void close() {
    List<QueueFeature.Task> unbegun;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      unbegun = List.copyOf(waiting);
      waiting.clear();
    }
    queue.unsubscribe(subscription);
    unbegun.forEach(QueueFeature.Task::leave);
    onClose.accept(this);
  }
}
