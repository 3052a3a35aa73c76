/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.Comparator;

/**
 * Under whose keys something is kept: those of one home, which nobody else writes. The higher one
 * is the later.
 *
 * @param reign the one with which the home began
 * @param part rises when the home does not know what has become of something that it wrote: it may
 *     come late, so it writes all anew
 */
record Tenure(Epoch reign, int part) implements Comparable<Tenure> {
  private static final Comparator<Tenure> ORDER =
      Comparator.comparing(Tenure::reign).thenComparingInt(Tenure::part);

  @Override
  public int compareTo(Tenure other) {
    return ORDER.compare(this, other);
  }

  @Override
  public String toString() {
    return reign + "." + part;
  }
}
