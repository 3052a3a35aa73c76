/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.lease;

/** What the protocol stands on, by the names that the code and the tests call it. */
enum Rule {
  /** Only the oldest member of the own view is answered. */
  ANSWER_THE_OLDEST,
  /** A placement of another term than the present is refused. */
  REFUSE_OTHER_TERMS,
  /** Nothing is granted before all members said what they hold. */
  SYNC_BEFORE_GRANTING,
  /** A slow newcomer is given up only in a term in which all have been heard before. */
  HEAR_ALL_BEFORE_LOSING_PATIENCE,
  /** An oldest member that missed a view asks all members again. */
  ASK_AFTER_A_GAP,
  /** Who did not tick for the length of a lease has lost what it held. */
  LAPSE,
  /** Of two holders that meet, the one with the higher token goes on. */
  HIGHER_TOKEN_WINS,
  /** Who is refused gets the name when nobody offers it with the options that counted. */
  ADMIT_THE_REFUSED,
  /** The options of who holds a name count, whoever is heard first. */
  HOLDERS_OPTIONS_COUNT,
  /** Numbers of tokens rise with the view. */
  NUMBERS_FROM_VIEWS,
  /** What a departed member held is placed anew. */
  REPLACE_THE_DEPARTED,
  /** A vote counts for members of the very same view alone. */
  SAME_VIEW_VOTES,
  /**
   * A turn by vote starts only when the voters have seen nobody leave for the length of a lease.
   */
  AWAIT_THE_CUT_OFF,
  /** Who runs without this module is not waited for, nor taken for the oldest member. */
  COUNT_OUT_THE_LACKING
}
