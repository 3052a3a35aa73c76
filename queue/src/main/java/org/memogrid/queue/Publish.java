/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How a message is published. Immutable: each method gives another.
 *
 * <pre>{@code
 * queue.publish(order, Publish.priority(9).delay(Duration.ofSeconds(5)).orderingKey("customer-7"));
 * }</pre>
 */
public final class Publish {
  private static final Publish NORMAL =
      new Publish(Traits.NORMAL, 0, 0, null, null, null, Map.of(), Traits.Room.AS_QUEUE);

  private final int priority;
  private final long delay;
  private final long timeToLive;
  private final @Nullable String orderingKey;
  private final @Nullable String dedupeId;
  private final @Nullable String correlationId;
  private final Map<String, String> headers;
  private final Traits.Room room;

  private Publish(
      int priority,
      long delay,
      long timeToLive,
      @Nullable String orderingKey,
      @Nullable String dedupeId,
      @Nullable String correlationId,
      Map<String, String> headers,
      Traits.Room room) {
    this.priority = priority;
    this.delay = delay;
    this.timeToLive = timeToLive;
    this.orderingKey = orderingKey;
    this.dedupeId = dedupeId;
    this.correlationId = correlationId;
    this.headers = headers;
    this.room = room;
  }

  /** Nothing special: priority 4, at once, for ever. */
  public static Publish normal() {
    return NORMAL;
  }

  /**
   * Messages of a higher priority are handed out before those of a lower one.
   *
   * @param priority from 0 to 9; 4 is normal
   * @throws IllegalArgumentException if it is another
   */
  public static Publish priority(int priority) {
    if (priority < 0 || priority >= Traits.PRIORITIES) {
      throw new IllegalArgumentException("priority is " + priority + ": give 0 to 9, 4 is normal");
    }
    return new Publish(priority, 0, 0, null, null, null, Map.of(), Traits.Room.AS_QUEUE);
  }

  /**
   * The message is not handed out before.
   *
   * @throws IllegalArgumentException if the delay is negative
   */
  public Publish delay(Duration delay) {
    long millis = Options.notNegative("the delay of a message", requireNonNull(delay, "delay"));
    return new Publish(
        priority, millis, timeToLive, orderingKey, dedupeId, correlationId, headers, room);
  }

  /**
   * If nobody gets the message until then it becomes a dead letter.
   *
   * @throws IllegalArgumentException if it is not positive
   */
  public Publish timeToLive(Duration timeToLive) {
    long millis =
        Options.positive("the time to live of a message", requireNonNull(timeToLive, "timeToLive"));
    return new Publish(
        priority, delay, millis, orderingKey, dedupeId, correlationId, headers, room);
  }

  /**
   * Of the messages with the same key one is out at a time, in the order they came in; one that
   * fails holds up those behind it, of its key alone, until it succeeds or is a dead letter.
   */
  public Publish orderingKey(String key) {
    return new Publish(
        priority,
        delay,
        timeToLive,
        requireNonNull(key, "key"),
        dedupeId,
        correlationId,
        headers,
        room);
  }

  /**
   * A message with an id that came in before, within the queue's dedupe window, is dropped, and its
   * publisher is told that it is in.
   */
  public Publish dedupeId(String id) {
    return new Publish(
        priority,
        delay,
        timeToLive,
        orderingKey,
        requireNonNull(id, "id"),
        correlationId,
        headers,
        room);
  }

  /** Goes with the message, for whoever gets it. */
  public Publish correlationId(String id) {
    return new Publish(
        priority,
        delay,
        timeToLive,
        orderingKey,
        dedupeId,
        requireNonNull(id, "id"),
        headers,
        room);
  }

  /** A note on the message, which {@link Selector}s see. */
  public Publish header(String name, String value) {
    Map<String, String> more = new HashMap<>(headers);
    more.put(requireNonNull(name, "name"), requireNonNull(value, "value"));
    return new Publish(
        priority, delay, timeToLive, orderingKey, dedupeId, correlationId, Map.copyOf(more), room);
  }

  /**
   * If the queue is full the message is refused with a {@link QueueFullException}, whatever the
   * queue was opened to do then.
   */
  public Publish orFail() {
    return in(Traits.Room.FAIL);
  }

  /**
   * The message comes in though the queue is full. For one that takes the place of another, which
   * whoever publishes it is about to acknowledge: if that one waited for room that itself would
   * make, two queues that feed each other would stand still.
   */
  public Publish beyondCapacity() {
    return in(Traits.Room.EXCEED);
  }

  private Publish in(Traits.Room room) {
    return new Publish(
        priority, delay, timeToLive, orderingKey, dedupeId, correlationId, headers, room);
  }

  Traits traits(long now, @Nullable String replyTo) {
    if (this == NORMAL && replyTo == null) {
      return Traits.PLAIN;
    }
    return new Traits(
        priority,
        delay == 0 ? 0 : now + delay,
        timeToLive == 0 ? 0 : now + timeToLive,
        orderingKey,
        dedupeId,
        correlationId,
        replyTo,
        headers,
        room);
  }
}
