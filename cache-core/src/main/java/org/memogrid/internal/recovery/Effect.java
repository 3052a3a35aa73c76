/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.recovery;

/** What a core wants done, at once and in order. */
public sealed interface Effect {
  /** Write the roster to the disk; the core goes on when it is there. */
  record Write(Roster roster) implements Effect {}

  /** Tell all members. */
  record Announce(Announcement announcement) implements Effect {}

  /** This member may join the engine's cache now. */
  record Start() implements Effect {}

  /** This member must not take part: its entries belong to another history. */
  record Refuse(String lineage) implements Effect {}

  /** Serve, or refuse to. */
  record Serve(boolean on) implements Effect {}

  /**
   * Put the entries of a segment back where there is none, and report with the same number.
   *
   * @param life the life on this member's disk to take them from, perhaps its present one; empty if
   *     nobody has them, by the word of an operator
   */
  record PutBack(int segment, String life, long attempt) implements Effect {}

  /** Delete the files of all lives but the present one. */
  record Forget() implements Effect {}
}
