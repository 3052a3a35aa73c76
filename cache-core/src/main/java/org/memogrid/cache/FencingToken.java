/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cache;

import static java.util.Objects.requireNonNull;

import java.io.Serializable;
import java.util.Comparator;

/**
 * The proof of a turn at something that one member does at a time: who has the higher token had its
 * turn later. A store that has seen a token can refuse the lower ones of the same name, so one that
 * was stopped, and does not know yet that another took over, can do no harm. Immutable.
 *
 * <p>The idea is that of the sequencer in Chubby and of the fencing token in Martin Kleppmann's
 * writing on distributed locks.
 *
 * @param name what the turn is at: tokens of different names are not compared
 * @param number rises with every turn, by more than one; equal for two turns only if they were
 *     given on two sides of a split cluster
 * @param memberId the id of the member whose turn it is
 */
public record FencingToken(String name, long number, String memberId)
    implements Comparable<FencingToken>, Serializable {
  private static final Comparator<FencingToken> ORDER =
      Comparator.comparing(FencingToken::name)
          .thenComparingLong(FencingToken::number)
          .thenComparing(FencingToken::memberId);

  /** Refuses null. */
  public FencingToken {
    requireNonNull(name, "name");
    requireNonNull(memberId, "memberId");
  }

  /** Whether this is a later turn at the same thing. */
  public boolean isAfter(FencingToken other) {
    return name.equals(other.name) && compareTo(other) > 0;
  }

  /** By name, then by turn. */
  @Override
  public int compareTo(FencingToken other) {
    return ORDER.compare(this, other);
  }
}
