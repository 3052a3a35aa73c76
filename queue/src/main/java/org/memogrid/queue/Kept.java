/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.List;
import java.util.Set;

/**
 * What a home keeps of its queue beside the memory. An entry of the queue's {@linkplain Spool
 * spool} is a {@link Batch}, or the {@link Holders}. Immutable, and shares nothing that changes.
 *
 * <p>Invariant: a batch is written under a key of the tenure that wrote it, by that home alone. So
 * what a former home writes late replaces nothing of its successors'.
 */
sealed interface Kept {
  /**
   * What a home writes at a time: all of it is there, or nothing.
   *
   * @param slot the part of its key that its tenure does not say
   * @param number rises in a tenure: of what is said of one thing the highest counts
   * @param first those of the tenure with lower numbers do not count
   * @param what of that tenure
   */
  record Batch(Tenure tenure, long slot, long number, long first, List<OfTenure> what)
      implements Kept {
    public Batch {
      what = List.copyOf(what);
    }
  }

  /** What one home says, in a batch of its own. */
  sealed interface OfTenure extends Kept {
    Tenure tenure();

    /** What it speaks of: of all that a tenure says of it the last word counts. */
    Object about();
  }

  /** A message as it is; who has it just now is not known. */
  record Message(Tenure tenure, Entry entry) implements OfTenure {
    @Override
    public Object about() {
      return Origin.of(entry.letter);
    }
  }

  /**
   * A message that has left the queue.
   *
   * @param lasts whether there may be an entry of a former tenure that says otherwise
   */
  record Ended(Tenure tenure, Origin origin, boolean lasts) implements OfTenure {
    @Override
    public Object about() {
      return origin;
    }
  }

  /**
   * A dedupe id.
   *
   * @param at when its message came
   * @param until when it may be forgotten
   */
  record Id(Tenure tenure, String id, long at, long until) implements OfTenure {
    @Override
    public Object about() {
      return id;
    }
  }

  /**
   * What else there is to know of a tenure.
   *
   * @param moved whether all that the home found in its copy is kept under this tenure, so that
   *     nothing of the tenures in {@code lineage} counts any more
   */
  record Head(Tenure tenure, boolean moved, Lineage lineage, boolean paused) implements OfTenure {
    @Override
    public Object about() {
      return Head.class;
    }

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
