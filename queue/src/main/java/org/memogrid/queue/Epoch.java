/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.Comparator;

/**
 * A reign over a queue: which member dispatches it. The higher one is the later. It carries the
 * member because the two sides of a split cluster count alike.
 *
 * @param number rises with every reign that a member hears of
 * @param home the id of the dispatching member
 */
record Epoch(long number, String home) implements Comparable<Epoch> {
  /** Before the first. */
  static final Epoch NONE = new Epoch(0, "");

  private static final Comparator<Epoch> ORDER =
      Comparator.comparingLong(Epoch::number).thenComparing(Epoch::home);

  @Override
  public int compareTo(Epoch other) {
    return ORDER.compare(this, other);
  }

  boolean isBefore(Epoch other) {
    return compareTo(other) < 0;
  }

  @Override
  public String toString() {
    return number + "@" + home;
  }
}
