/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.Set;

/**
 * What a home keeps of its queue beside the memory: one entry of the queue's {@linkplain Spool
 * spool}. Immutable, and shares nothing that changes.
 *
 * <p>Invariant: all but {@link Holders} is written under a key of the tenure that wrote it, by that
 * home alone. So what a former home writes late replaces nothing of its successors'.
 */
sealed interface Kept {
  /** What one home writes, under keys of its own. */
  sealed interface OfTenure extends Kept {
    Tenure tenure();
  }

  /** A message as it is; who has it just now is not known. */
  record Message(Tenure tenure, Entry entry) implements OfTenure {}

  /**
   * A message that has left the queue.
   *
   * @param lasts whether there may be an entry of a former tenure that says otherwise
   */
  record Ended(Tenure tenure, Origin origin, boolean lasts) implements OfTenure {}

  /**
   * A dedupe id.
   *
   * @param at when its message came
   * @param until when it may be forgotten
   */
  record Id(Tenure tenure, String id, long at, long until) implements OfTenure {}

  /**
   * What else there is to know of a tenure.
   *
   * @param moved whether all that the home found in its copy is kept under this tenure, so that
   *     nothing of the tenures in {@code lineage} counts any more
   */
  record Head(Tenure tenure, boolean moved, Lineage lineage, boolean paused) implements OfTenure {
    /** Whether what was written in that tenure went into this one, or has ended. */
    boolean isAfter(Tenure other) {
      if (!moved) {
        return false;
      }
      return other.reign().equals(tenure.reign())
          ? other.part() < tenure.part()
          : lineage.hasOrHad(other.reign());
    }
  }

  /**
   * Whose copies in memory have all that was confirmed. There is one, which is replaced only by one
   * that {@linkplain #follows follows} it; else whoever wrote it was overtaken.
   *
   * @param count rises in a reign
   * @param members their ids
   * @param lineage of their copies
   */
  record Holders(Epoch reign, long count, Set<String> members, Lineage lineage) implements Kept {
    public Holders {
      members = Set.copyOf(members);
    }

    /**
     * Whether its reign knows what was confirmed by the others, since it went on with their copy or
     * read what is on the disk. So the reigns that are named make one line, also if there were two
     * at a time.
     */
    boolean follows(Holders before) {
      return reign.equals(before.reign) ? count >= before.count : isBehind(before.reign, lineage);
    }

    /** Whether a copy of that lineage has what was confirmed in a reign before. */
    static boolean isBehind(Epoch reign, Lineage lineage) {
      return !reign.equals(lineage.epoch()) && lineage.hasOrHad(reign);
    }
  }
}
