/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

/**
 * The rules of a pipeline's protocol, by the names that the code and the tests call them. A
 * simulated cluster without one breaks an invariant, or a test of {@link ResultCore} shows what
 * goes wrong.
 */
enum Rule {
  // ---- a message's way through a step
  /** A step's message is acknowledged when what it led to is held by two members, not before. */
  MOVE_THEN_ACK,
  /** What a step is run twice for goes to the next step once. */
  MOVE_ONCE,
  /** A message whose value runs on stays until what that led to is held by two members. */
  HOLD_WHILE_RUNNING_ON,
  /** What failed when it ran on to a step has one attempt less there. */
  COUNT_WHAT_RAN_ON,
  /** A value runs on if its message was out with nobody before. */
  RUN_ON_ONCE,
  /** A value that jumped back too often fails. */
  LIMIT_JUMPS,
  /** No step begins with a value whose deadline has passed. */
  DROP_LATE,
  /** Runs of a fan-out that make different elements make groups of their own. */
  ONE_GROUP_PER_RESULT,
  /** A join stores its part before it looks whether all are there. */
  STORE_THEN_LOOK,
  /** A part that finds others missing when parts are kept no longer fails its value. */
  TELL_OF_LOST_PARTS,
  // ---- results
  /** The first result stands. */
  FIRST_STANDS,
  /** Nobody hears of a result that one member alone has. */
  HELD_BY_TWO,
  /** What a decider that is gone did not confirm is offered to the next. */
  OFFER_AGAIN,
  /** What nobody answered goes out again with each view. */
  SEND_AGAIN,
  /** Mail waits for the view that its sender had. */
  WAIT_FOR_VIEW,
  /** Who decides in the place of a value's origin asks all members first. */
  ASK_BEFORE_DECIDING,
  /** Who would decide in the place of an origin that is back leaves it to that. */
  LEAVE_IT_TO_THE_ORIGIN,
  /** An origin that comes back is told what was decided in its place. */
  TELL_WHO_RETURNS,
  /** An origin that may have been taken for lost asks what others decided. */
  ASK_AFTER_CHANGE,
  /** Answers that are older than the view, or than who waits for them, are no answers. */
  ASK_ANEW,
  /** A result whose other holder is gone is copied again. */
  COPY_AGAIN,
  /** A dead letter that was put back may have another end. */
  DEAD_IS_NOT_FINAL,
  /** The death of a message whose dead letter was put back is no end. */
  DEATH_OF_ONE_LIFE,
  /** Who asks for a result believes two members, not one. */
  BELIEVE_TWO,
  /** Who waits for a value with a deadline hears when that has passed. */
  END_AT_DEADLINE
}
