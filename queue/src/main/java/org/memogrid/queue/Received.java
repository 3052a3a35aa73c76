/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Codec;

/** A message as it arrived. Its body is decoded when somebody asks for it. */
final class Received<T> implements Message<T> {
  private final @Nullable QueueNode queue;
  private final Codec codec;
  private final Class<T> type;
  private final Letter letter;
  private final @Nullable Tag tag;
  private final long place;
  private final int attempt;
  private final boolean redelivered;
  private final AtomicBoolean settled = new AtomicBoolean();
  private volatile @Nullable T body;

  Received(QueueNode queue, Class<T> type, Packet.Delivery delivery) {
    this.queue = queue;
    this.codec = queue.codec();
    this.type = type;
    this.letter = delivery.letter();
    this.tag = delivery.tag();
    this.place = delivery.tag().seq();
    this.attempt = delivery.attempt();
    this.redelivered = delivery.tag().hand() > 1;
  }

  /** One that is only looked at. */
  Received(Codec codec, Class<T> type, Entry entry) {
    this.queue = null;
    this.codec = codec;
    this.type = type;
    this.letter = entry.letter;
    this.tag = null;
    this.place = entry.seq;
    this.attempt = entry.attempt();
    this.redelivered = entry.hands > 0;
  }

  /** Where it is in the queue. */
  long place() {
    return place;
  }

  Letter letter() {
    return letter;
  }

  @Override
  public T body() {
    T decoded = body;
    if (decoded == null) {
      Object object = codec.decode(letter.body);
      if (!type.isInstance(object)) {
        throw new IllegalArgumentException(
            "message "
                + id()
                + " is a "
                + object.getClass().getName()
                + ", and the queue was opened for "
                + type.getName()
                + ": open it with one type on all members");
      }
      decoded = type.cast(object);
      body = decoded;
    }
    return decoded;
  }

  @Override
  public String id() {
    return letter.producer + "/" + letter.number;
  }

  @Override
  public Map<String, String> headers() {
    return letter.traits.headers();
  }

  @Override
  public int priority() {
    return letter.traits.priority();
  }

  @Override
  public @Nullable String orderingKey() {
    return letter.traits.orderingKey();
  }

  @Override
  public @Nullable String correlationId() {
    return letter.traits.correlationId();
  }

  @Override
  public Instant publishedAt() {
    return Instant.ofEpochMilli(letter.publishedAt);
  }

  @Override
  public int attempt() {
    return attempt;
  }

  @Override
  public boolean redelivered() {
    return redelivered;
  }

  @Override
  public void ack() {
    settle(Packet.Verdict.HANDLED, "", -1);
  }

  @Override
  public void nack() {
    settle(Packet.Verdict.FAILED, "its consumer refused it", -1);
  }

  @Override
  public void nack(Duration pause) {
    nack(pause, "its consumer refused it");
  }

  @Override
  public void nack(Duration pause, String why) {
    Objects.requireNonNull(pause, "pause");
    Objects.requireNonNull(why, "why");
    settle(Packet.Verdict.FAILED, why, Options.notNegative("the pause of a nack", pause));
  }

  @Override
  public void release() {
    settle(Packet.Verdict.RELEASED, "", 0);
  }

  @Override
  public void reject(String why) {
    settle(Packet.Verdict.REJECTED, Objects.requireNonNull(why, "why"), -1);
  }

  private void settle(Packet.Verdict verdict, String error, long delay) {
    if (queue == null) {
      throw new IllegalStateException(
          "message " + id() + " was only looked at: receive it, or listen, to settle it");
    }
    settleIfOpen(verdict, error, delay);
  }

  void settleIfOpen(Packet.Verdict verdict, String error, long delay) {
    if (queue != null && tag != null && settled.compareAndSet(false, true)) {
      queue.settle(tag, verdict, error, delay);
    }
  }

  @Override
  public String toString() {
    return "Message[" + id() + ", attempt " + attempt + "]";
  }
}
