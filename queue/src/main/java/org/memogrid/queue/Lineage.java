/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.ArrayList;
import java.util.List;

/**
 * The reigns that a copy went through, and so what it knows. Immutable.
 *
 * <p>A copy that ends a reign before its home did lacks the home's last messages. So each reign is
 * kept with the place of its first message: those of the reign before it end there, as far as this
 * copy knows.
 *
 * @param reigns the last ones, the present one at the end
 * @param united reigns from the other side of a split, all of whose messages came in
 */
record Lineage(List<Reign> reigns, List<Epoch> united) {
  /**
   * How many are kept. What came in during an older one may come in again when the sides of a split
   * meet: twice rather than never, since what only the other side had is not told from it.
   */
  private static final int KEPT = 64;

  static final Lineage NONE = new Lineage(List.of(), List.of());

  /** A reign and the place that its first message gets. */
  record Reign(Epoch epoch, long firstSeq) {}

  Lineage {
    reigns = last(reigns);
    united = last(united);
  }

  private static <E> List<E> last(List<E> all) {
    return List.copyOf(all.subList(Math.max(0, all.size() - KEPT), all.size()));
  }

  Lineage with(Epoch epoch, long firstSeq) {
    List<Reign> longer = new ArrayList<>(reigns);
    longer.add(new Reign(epoch, firstSeq));
    return new Lineage(longer, united);
  }

  Lineage uniting(List<Epoch> others) {
    List<Epoch> longer = new ArrayList<>(united);
    others.stream().filter(epoch -> !has(epoch)).forEach(longer::add);
    return new Lineage(reigns, longer);
  }

  /** The present reign. */
  Epoch epoch() {
    return reigns.isEmpty() ? Epoch.NONE : reigns.get(reigns.size() - 1).epoch();
  }

  /** All reigns that are known whole or in part. */
  List<Epoch> epochs() {
    List<Epoch> all = new ArrayList<>(united);
    reigns.forEach(reign -> all.add(reign.epoch()));
    return all;
  }

  /** Whether a copy of that reign is no news. */
  boolean has(Epoch epoch) {
    return epoch.equals(Epoch.NONE)
        || united.contains(epoch)
        || reigns.stream().anyMatch(reign -> reign.epoch().equals(epoch));
  }

  /** Whether it is known, or may have been: it is older than all that are kept. */
  boolean hasOrHad(Epoch epoch) {
    return has(epoch)
        || isForgotten(epoch)
        || (united.size() == KEPT && united.stream().allMatch(epoch::isBefore));
  }

  /** Whether a message that came in during that reign, at that place, has come in here as well. */
  boolean knows(Epoch born, long seq) {
    for (int i = 0; i < reigns.size(); i++) {
      if (reigns.get(i).epoch().equals(born)) {
        return i == reigns.size() - 1 || seq < reigns.get(i + 1).firstSeq();
      }
    }
    return born.equals(Epoch.NONE) || united.contains(born);
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    reigns.forEach(
        reign -> text.append(reign.epoch()).append('/').append(reign.firstSeq()).append(' '));
    return text + (united.isEmpty() ? "" : "and " + united);
  }

  /** Whether it is older than all that are kept, so that nothing is known of it. */
  boolean isForgotten(Epoch epoch) {
    return reigns.size() == KEPT && epoch.isBefore(reigns.get(0).epoch());
  }
}
