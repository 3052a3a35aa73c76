/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/** What the core wants done. Effects are carried out in the order they were given. */
sealed interface Effect {
  record Send(Member to, Packet packet) implements Effect {}

  /**
   * A message is held by as many members as it should be, or refused.
   *
   * @param failure null if it is held
   * @param refusal what kind of failure; null if it is held, or this member leaves
   */
  record Published(Object ticket, @Nullable String failure, Packet.@Nullable Refusal refusal)
      implements Effect {
    /** What the publisher gets; null if it is held. */
    @Nullable RuntimeException exception() {
      if (failure == null) {
        return null;
      }
      if (refusal == null) {
        return new IllegalStateException(failure);
      }
      return switch (refusal) {
        case FULL -> new QueueFullException(failure);
        case TOO_LARGE -> new IllegalArgumentException(failure);
      };
    }
  }

  /** Begin to handle a message. Then tell {@link QueueCore#settle}. */
  record Begin(Packet.Delivery delivery) implements Effect {}

  /** A question is answered. */
  record Answered(Object ticket, Packet.Reply reply) implements Effect {}

  /** Messages are gone. */
  record Lost(String what) implements Effect {}

  /**
   * A message of this member's queue is a dead letter, or was removed unhandled.
   *
   * @param at when it died; 0 if it was removed
   */
  record Buried(Letter letter, int attempts, String cause, long at) implements Effect {}

  /** This member begins or ends to dispatch the queue. */
  record Reigning(boolean begins, Epoch epoch) implements Effect {}
}
