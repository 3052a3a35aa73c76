/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

/**
 * The rules of the protocol, by the names that the code and the tests call them. Each was found
 * necessary: a simulated cluster without it breaks an invariant, and a test shows so.
 */
enum Rule {
  /**
   * R1. A home answers only requests of its own configuration: older ones are dropped, since their
   * sender asks again when it installs the newer one; newer ones wait.
   */
  SAME_CONFIGURATION,
  /** R2. A new home serves a moved key only after all members told what runs they have. */
  SYNC_BEFORE_SERVING,
  /** R3. An invalidation is confirmed only after every member acknowledged the fence, or left. */
  AWAIT_FENCES,
  /** R4. A fence closes the flights of the key on its member. */
  FENCE_CLOSES_FLIGHTS,
  /** R4. A fence fences the runs of the key on its member, whatever their token. */
  FENCE_STOPS_RUNS,
  /** R4. A fence drops what its member keeps for itself. */
  FENCE_DROPS_COPY,
  /** R5. A grant of an older configuration is refused. */
  REFUSE_OLD_GRANT,
  /** R6. A grant of a newer configuration waits until that is installed. */
  STASH_NEW_GRANT,
  /** R7. A lease of an older configuration that its leader does not know of is granted again. */
  REGRANT_LOST_GRANT,
  /** R8. A leader sends its result again to the home of a new configuration. */
  RESEND_RESULT,
  /** R9. Of several runs of a key that meet, the one with the lowest token goes on. */
  LOWEST_TOKEN_WINS,
  /** R9. Who may have lived apart from others trusts nothing it holds until it has heard all. */
  DISTRUST_WHEN_APART,
  /** R9. What was invalidated while others were away is told when they are back. */
  EXCHANGE_INVALIDATIONS,
  /** R9. If it is not known any more what that was, all is invalidated. */
  CLEAR_ON_OVERFLOW,
  /** R10. A call that would wait for a run that waits for it fails. */
  REFUSE_CYCLES,
  /** R10. A run that waits for another gives back its permit. */
  WAIT_WITHOUT_PERMIT,
  /** R11. A result has the epoch in which its run began, not the one in which it ended. */
  EPOCH_OF_THE_START,
  /** R12. A home's write is conditional on the entry it saw. */
  CONDITIONAL_WRITES,
  /** R12. An invalidation leaves a tombstone, against writes that come late. */
  LEAVE_TOMBSTONE,
  /** A lost leader's lease passes to the next waiter. */
  PROMOTE_WAITER,
  /** A refresh runs only if the entry that it is to replace is still there. */
  REFRESH_WHAT_WAS_SEEN,
  /** A run that nobody wants keeps its lease until its member has fenced it. */
  KEEP_LEASE_UNTIL_STOPPED,
  /** R11. A scan names the keys in flight too: what is being computed will be stored. */
  SCAN_IN_FLIGHT,
  /** R11. The same of a scan for a tag: what is being computed may turn out to have it. */
  IN_FLIGHT_HAS_EVERY_TAG,
  /** R11. What was made of an invalidated result is looked for, and invalidated. */
  FOLLOW_DEPENDANTS,
  /** R11. It is looked for again until there is nothing new: it may have been made meanwhile. */
  FOLLOW_TO_THE_END,
  /** R11. A result is made of all that what it read was made of: that may be gone by then. */
  INHERIT_DEPENDENCIES
}
