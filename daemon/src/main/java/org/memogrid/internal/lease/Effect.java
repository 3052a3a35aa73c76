/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.lease;

import org.memogrid.cluster.Member;

/** What the core wants done, in the order given. */
sealed interface Effect {
  record Send(Member to, Message message) implements Effect {}

  /** The turn begins here. */
  record Begin(String name, Token token) implements Effect {}

  /** The turn is over: {@link LeaseCore#validUntil} said so, another has it, or it is refused. */
  record End(String name, Token token, String why) implements Effect {}

  /** Who has it now, as far as is known here. */
  record Holder(String name, Member holder, Token token) implements Effect {}

  /** Others offer the name with other options. Over when a turn begins or a holder is told of. */
  record Refuse(String name, String why) implements Effect {}

  /** Call {@link LeaseCore#tick} after so many milliseconds, beside the regular ticks. */
  record Wake(long delay) implements Effect {}
}
