/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.lease;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/** What members tell each other about names. */
sealed interface Message {
  // To the oldest member.

  record Register(String name, LeaseSpec spec) implements Message {}

  /** Not offered any more, and not held. */
  record Withdraw(String name) implements Message {}

  /** Not held any more; {@code avoid} for a while if another can. */
  record Release(String name, Token token, boolean avoid) implements Message {}

  /** All that the sender held is over. */
  record Lapsed() implements Message {}

  /** The sender has found out that the receiver is the oldest member, and waits to be asked. */
  record Here() implements Message {}

  record Sync(long term, List<Offer> offers) implements Message {}

  // From the oldest member.

  /** Opens a term, or lets the receiver into it. */
  record Ask(long term) implements Message {}

  /** Who holds a name, to all that offer it; decided in the view of that id. */
  record Placed(long term, long viewId, String name, Member holder, Token token)
      implements Message {}

  record Refused(long term, String name, String why) implements Message {}

  // Votes.

  record Beat(long viewId, long viewMark, long sentAt) implements Message {}

  /** The beat of that time has been heard; {@code settled}: in a view as old as a lease is long. */
  record Heard(long viewId, long sentAt, boolean settled) implements Message {}

  /**
   * What a member offers.
   *
   * @param known the last turn that it knows of
   * @param held null unless it has the name
   * @param refused whether it was told that others offer the name with other options
   */
  record Offer(String name, LeaseSpec spec, Token known, @Nullable Token held, boolean refused) {}
}
