/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

/** What the protocol stands on, by the names that the code and the tests call it. */
enum Rule {
  /** A firing begins only after its claim was stored on condition that nothing else was. */
  CLAIM_FIRST,
  /** The next instant is looked for after the last one decided, not after the clock's time. */
  AFTER_THE_LAST,
  /** Of what has passed unseen as many fire as the policy says. */
  OBEY_THE_MISFIRE_POLICY,
  /** No firing begins while another has not ended, wherever it runs. */
  AWAIT_THE_RUNNING,
  /** A firing whose member has left is closed, or run again. */
  CLOSE_THE_DEPARTED,
  /** A firing whose member is there is left alone. */
  LEAVE_THE_PRESENT_ALONE,
  /** A claim whose fate was not known is looked for, and begins when it is found stored. */
  BEGIN_WHAT_WAS_STORED,
  /** A firing does not begin long after its claim, unless the turn is certainly its member's. */
  BEGIN_SOON,
  /** A claim of this member's that nothing here knows of is given up, whoever has the turn. */
  GIVE_UP_WHAT_NOBODY_RUNS,
  /** Who has no turn claims nothing. */
  CLAIM_IN_THE_TURN_ONLY,
  /** What could not be read is looked at again. */
  LOOK_AGAIN,
  /**
   * What was found stored is stored once more before it begins: not all that keep it may have it,
   * and if all members end one that does not may be the one that is asked.
   */
  CONFIRM_WHAT_WAS_FOUND,
  /** The token of a turn is higher than all that are noted, of whatever life of the cluster. */
  RAISE_THE_TOKEN,
  /** What missing members may have decided counts as decided, once somebody goes on without. */
  SKIP_THE_UNKNOWN
}
