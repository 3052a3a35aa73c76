/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a publisher said about a message.
 *
 * @param priority from 0 to 9
 * @param notBefore when it may be handed out first, in milliseconds of the epoch; 0 at once
 * @param expiresAt when nobody wants it any more; 0 never
 * @param orderingKey of messages with the same key, one is handed out at a time, in order
 * @param dedupeId a later message with the same id is dropped
 * @param replyTo the id of the member that waits for a reply
 * @param room what becomes of it when the queue is full
 */
record Traits(
    int priority,
    long notBefore,
    long expiresAt,
    @Nullable String orderingKey,
    @Nullable String dedupeId,
    @Nullable String correlationId,
    @Nullable String replyTo,
    Map<String, String> headers,
    Room room) {
  /** What becomes of a message that finds no room. */
  enum Room {
    /** What the queue says. */
    AS_QUEUE,
    FAIL,
    /** It comes in all the same. */
    EXCEED
  }

  static final int NORMAL = 4;
  static final int PRIORITIES = 10;

  /** Of a message about which nothing was said. */
  static final Traits PLAIN =
      new Traits(NORMAL, 0, 0, null, null, null, null, Map.of(), Room.AS_QUEUE);

  Traits {
    headers = Map.copyOf(headers);
  }

  Traits atOnceAndForEver() {
    return new Traits(priority, 0, 0, orderingKey, dedupeId, correlationId, replyTo, headers, room);
  }
}
