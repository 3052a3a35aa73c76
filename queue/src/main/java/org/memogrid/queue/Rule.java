/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

/**
 * The rules of the protocol, by the names that the code and the tests call them. A simulated
 * cluster without one breaks an invariant, and a test shows so; for a few, which need more faults
 * than a simulated life has, or questions, a test of their own does.
 */
enum Rule {
  /** A publisher is answered only when the backup has the message, if there is another member. */
  CONFIRM_AFTER_BACKUP,
  /**
   * A message leaves for its consumer only when the backup knows that it does, or, if that is the
   * consumer's member or this one, behind what tells it.
   */
  HAND_OUT_AFTER_BACKUP,
  /** What a home hands out ahead of its backup's answer came in with the same step. */
  BEGIN_WITH_ITS_STEP,
  /** Before a home hands anything out ahead, the backup knows that it does. */
  SAY_THAT_IT_IS_AHEAD,
  /** What was sent to a lost home that handed out ahead is taken as one that was out there. */
  SUSPECT_WHAT_IS_SENT_AGAIN,
  /** A backup that did not take the step before it begins nothing that is handed out to it. */
  BEGIN_BEHIND_THE_STEP,
  /** Members tell the home of a new view of the queue: it may never have heard of it. */
  CALL_THE_HOME,
  /** A member that has told a new home what it holds takes nothing of an older one. */
  REFUSE_OLDER_HOMES,
  /** A new home serves only after all members of the view told what they hold. */
  ASK_ALL_BEFORE_SERVING,
  /** A new home goes on with the copy that knows most. */
  TAKE_THE_BEST_COPY,
  /** What only the other side of a split had comes in again when they meet. */
  UNITE_AFTER_SPLIT,
  /** An old backup stays one until the new one has everything. */
  KEEP_THE_OLD_BACKUP,
  /** Members that are no backup any more forget their copies. */
  FORGET_OLD_COPIES,
  /** A producer sends again to a new home what was not confirmed. */
  SEND_AGAIN,
  /** A home takes a message of one id once. */
  TAKE_ONCE,
  /** A new home sends again what is handed out. */
  HAND_OUT_AGAIN,
  /** A consumer that has a message, or had, does not begin it again. */
  BEGIN_ONCE,
  /** What a member asks of the home comes behind what it has settled before. */
  ASK_BEHIND_ENDS,
  /** A consumer remembers what it settled until the home has confirmed it. */
  REMEMBER_SETTLED,
  /** A member leaves when the home has told that nothing is on its way to it any more. */
  LEAVE_AFTER_THE_LAST,
  /** What a lost member had is handed out to others. */
  TAKE_BACK_FROM_LOST,
  /** Only who has a message now can settle it. */
  SETTLE_BY_TAG,
  /** Of one ordering key one message is out at a time. */
  ONE_PER_KEY,
  /** No listener holds more than its window. */
  WITHIN_WINDOW,
  /** A message that failed too often is handed out no more. */
  LIMIT_ATTEMPTS,
  /** A message that took its member with it too often is handed out no more. */
  LIMIT_CRASHES,
  /** Of the messages that were out on a lost member, a member gets one at a time. */
  SUSPECTS_ALONE,

  // ---- of durable queues

  /** A publisher is answered only when the disk has the message. */
  CONFIRM_AFTER_DISK,
  /** A consumer is told that its end of a message is known only when the disk knows it. */
  SETTLE_AFTER_DISK,
  /** Nothing is confirmed before the disk says whose copies in memory have all of it. */
  CONFIRM_WHEN_NAMED,
  /** The disk names a backup that has all that was confirmed while there was none. */
  NAME_WHO_HAS_ALL,
  /** A home that does not know of one that is named is not named, and takes up what that wrote. */
  FOLLOW_WHO_WAS_NAMED,
  /** A home that has read the disk hands nothing out before it is named: there may be another. */
  HAND_OUT_WHEN_NAMED,
  /** What a new home found in its copy is confirmed when it has written it itself. */
  CONFIRM_WHEN_MOVED,
  /** What a new home does not find is said to have ended when no older entry counts any more. */
  SETTLE_WHEN_MOVED,
  /** What ends before a new home has written all that it found leaves a note. */
  NOTE_ENDS_UNTIL_MOVED,
  /** A home says that it has written all that it found when the disk has it. */
  MOVE_BEFORE_SAYING_SO,
  /** What homes wrote before one that has written all that it found does not count. */
  FORGET_FORMER_TENURES,
  /** Of what counts the latest home's word on a message does. */
  BELIEVE_THE_LATEST_TENURE,
  /** Attempts, dead letters and the like are written as well. */
  KEEP_WHAT_BECAME_OF_IT,
  /** Dedupe ids are written, and outlive their messages. */
  KEEP_DEDUPE_IDS,
  /** A dedupe id is written when its message ends, no later than its end is. */
  KEEP_IDS_OF_ENDED,
  /** What was written goes in the order in which it was: an end behind what has ended. */
  LET_GO_FROM_THE_OLDEST_ON,
  /** Batches that were let go do not count, though they may be there for longer. */
  SAY_WHICH_COUNT,
  /** Of the batches of one home the last one's word counts. */
  BELIEVE_THE_LATEST_BATCH,
  /** A home without a copy reads the disk before it serves. */
  READ_THE_DISK,
  /** A copy that the disk does not name gives way to what is on the disk. */
  TRUST_NAMED_COPIES,
  /** A reign over what was on the disk has a higher number than all that are spoken of there. */
  REIGN_ABOVE_THE_DISK;

  /** Whether it is of durable queues alone. */
  boolean isOfDisk() {
    return compareTo(CONFIRM_AFTER_DISK) >= 0;
  }
}
