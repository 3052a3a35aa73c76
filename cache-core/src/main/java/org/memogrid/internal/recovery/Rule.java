/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.recovery;

/** What the recovery stands on, by the names that the code and the tests call it. */
enum Rule {
  /** Nothing is put back before all who may know better are there. */
  WAIT_FOR_WITNESSES,
  /** Who is about to become an owner is waited for like one. */
  WRITERS_ARE_WITNESSES,
  /** A topology is served by when the roster of it is on the disk. */
  ROSTER_BEFORE_SERVING,
  /** The latest holding counts, whoever has it. */
  LATEST_HOLDING_COUNTS,
  /** A segment whose owners all went stays theirs. */
  REMEMBER_THE_MISSING,
  /** Who did not see all topologies since a holding can't say that it still holds. */
  UNBROKEN_SIGHT,
  /** Nothing is put back while a member serves. */
  ALL_HOLD_WHILE_PUTTING_BACK,
  /** What was put at owners that all went is put back again. */
  PUT_BACK_AGAIN,
  /** The files of former lives stay until all segments are held by present ones. */
  KEEP_FORMER_LIVES,
  /** Entries of another history are not dropped, and their member is refused. */
  REFUSE_ANOTHER_HISTORY,
  /** What a new coordinator goes on by is later than what the last one told nobody. */
  NUMBER_COORDINATORS,
  /** A layout that a former coordinator decided is no later for coming late. */
  NUMBER_OWN_LAYOUTS,
  /** A member that is cut off names nothing as later, and serves nobody. */
  MISTRUST_A_CUT,
  /** A member joins when it knows what all others know. */
  HEAR_ALL_BEFORE_JOINING
}
