/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Persist;
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
        case NOT_KEPT -> new QueueException(failure);
      };
    }
  }

  /** Begin to handle a message. Then tell {@link QueueCore#settle}. */
  record Begin(Packet.Delivery delivery) implements Effect {}

  /** A question is answered. */
  record Answered(Object ticket, Packet.Reply reply) implements Effect {}

  /**
   * Write to the queue's spool. Then tell {@link QueueCore#kept}, or {@link QueueCore#overtaken} if
   * {@link Kept.Holders} are there that those in it do not follow: then nothing is written.
   *
   * @param reign the one with which the home began
   * @param number rises by one
   * @param holders null if they are the same
   * @param batch null if there is nothing else
   */
  record Keep(
      Persist place,
      Epoch reign,
      long number,
      Kept.@Nullable Holders holders,
      Kept.@Nullable Batch batch)
      implements Effect {}

  /** Remove from the spool what is in these slots and does not count any more, some time. */
  record Drop(Persist place, Tenure tenure, List<Long> slots) implements Effect {}

  /** Read whose copies count. Then tell {@link QueueCore#looked} or {@link QueueCore#notRead}. */
  record Look(Persist place, Epoch epoch) implements Effect {}

  /** Read the queue's spool. Then tell {@link QueueCore#loaded} or {@link QueueCore#notRead}. */
  record Load(Persist place, Epoch epoch) implements Effect {}

  /** Remove from the spool what former homes wrote and does not count any more, some time. */
  record Sweep(Persist place, Kept.Head head) implements Effect {}

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
