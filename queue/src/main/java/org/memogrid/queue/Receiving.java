/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Registration;

/** One that waits to receive: a listener for one message. Thread-safe. */
final class Receiving<T> implements QueueNode.Listener, Registration {
  private final QueueNode queue;
  private final Class<T> type;
  private final long subscription;
  private final CompletableFuture<Received<T>> came = new CompletableFuture<>();

  Receiving(QueueNode queue, Class<T> type, @Nullable Selector selector) {
    this.queue = queue;
    this.type = type;
    this.subscription = queue.subscribe(1, selector, this);
  }

  @Override
  public void take(Packet.Delivery delivery) {
    Received<T> message = new Received<>(queue, type, delivery);
    if (!came.complete(message)) {
      message.settleIfOpen(Packet.Verdict.RELEASED, "", 0);
    }
  }

  /** The message; null if none came in time. */
  @Nullable Received<T> await(long millis) {
    try {
      return came.get(millis, TimeUnit.MILLISECONDS);
    } catch (TimeoutException late) {
      boolean nothing = came.completeExceptionally(late);
      return nothing ? null : came.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      giveBack(e);
      throw new QueueException(
          "interrupted while waiting to receive from queue '"
              + queue.name()
              + "': no message was taken");
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      throw new IllegalStateException(cause == null ? e.getMessage() : cause.getMessage(), e);
    }
  }

  /** Takes none any more, and one that has come just now goes to others. */
  private void giveBack(Throwable why) {
    if (!came.completeExceptionally(why)) {
      var unused =
          came.whenComplete(
              (message, failure) -> {
                if (message != null) {
                  message.settleIfOpen(Packet.Verdict.RELEASED, "", 0);
                }
              });
    }
  }

  @Override
  public void leave(String why) {
    came.completeExceptionally(new IllegalStateException(why));
  }

  /** No message any more; one that comes goes back. */
  @Override
  public void close() {
    came.completeExceptionally(
        new IllegalStateException(
            "queue '" + queue.name() + "' was closed here while somebody waited to receive"));
    queue.unsubscribe(subscription);
  }
}
