/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.lease;

import static java.util.Objects.requireNonNull;

import java.util.List;

/**
 * How a name is held; the same on all members that offer it.
 *
 * @param order which of those that offer it is chosen
 * @param preferred node names, the best first, for {@link Order#PREFERRED}
 * @param quorum how many members must agree; 1 for no vote
 */
public record LeaseSpec(Order order, List<String> preferred, int quorum) {
  /** By a hash of name and member, on the oldest member, without a vote. */
  public static final LeaseSpec SPREAD = new LeaseSpec(Order.SPREAD, List.of(), 1);

  /** How one is chosen; the code is part of the protocol. */
  public enum Order {
    SPREAD,
    OLDEST,
    PREFERRED
  }

  /** Copies the list. */
  public LeaseSpec {
    requireNonNull(order, "order");
    preferred = List.copyOf(preferred);
  }

  /** As users read it in an error. */
  @Override
  public String toString() {
    return order + (order == Order.PREFERRED ? preferred.toString() : "") + ", quorum " + quorum;
  }
}
