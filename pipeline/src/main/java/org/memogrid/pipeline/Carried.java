/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.memogrid.queue.Message;

/**
 * A message that is out on this member, and the step where its value is: that of its queue, or one
 * to which it ran on. Thread-safe as its {@link StepWork} is: one thing happens at a time.
 */
final class Carried {
  private final Message<byte[]> message;
  private final StepRunner from;
  private final CompletableFuture<@Nullable Void> end = new CompletableFuture<>();
  private @Nullable StepRunner at;

  Carried(StepRunner from, Message<byte[]> message) {
    this.from = from;
    this.message = message;
    from.begun();
  }

  /** Ends when the message is settled, or is to be settled as the future ends. */
  CompletableFuture<@Nullable Void> end() {
    return end;
  }

  StepRunner from() {
    return from;
  }

  /** The step to which its value ran on; null if it is where its message is. */
  @Nullable StepRunner at() {
    return at;
  }

  /** Its value is at another step from now on. */
  void at(@Nullable StepRunner next) {
    StepRunner last = at;
    if (last != null) {
      last.guests(-1);
      from.away(-1);
    }
    at = next;
    if (next != null) {
      next.guests(1);
      from.away(1);
    }
  }

  void ack() {
    over();
    end.complete(null);
  }

  void reject(String why) {
    message.reject(why);
    ack();
  }

  /** It is tried again after that pause. */
  void nack(Duration pause, String why) {
    message.nack(pause, why);
    ack();
  }

  /** It was not tried. */
  void release() {
    message.release();
    ack();
  }

  /** It is tried again after a pause of its queue's. */
  void fail(Throwable why) {
    over();
    end.completeExceptionally(why);
  }

  private void over() {
    at(null);
    from.ended();
  }

  @Override
  public String toString() {
    return message.toString();
  }
}
