/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import org.memogrid.cluster.Member;

/**
 * Which messages a home hands out to its own listeners ahead of the backup's answer, right behind
 * the step that tells the backup.
 *
 * <p>What those listeners have is lost with the home, so nobody handles a message twice that would
 * not anyhow. What must outlive the home is that the message was out:
 *
 * <ol>
 *   <li>A copy knows that it came in and that it is out, or neither, since both are in one step.
 *   <li>A copy that knows neither says that the home may have begun it: it said so, and that was
 *       safe, before it handed anything out ahead.
 *   <li>So the next home, to which the producer sends it again, {@linkplain Admission takes it} as
 *       one that was out on a lost member.
 * </ol>
 *
 * <p>The next home can't tell what was begun from what was merely sent. So a home that has much to
 * do, where waiting for the backup costs nothing, does not hand out ahead, and takes back that it
 * may.
 */
final class Ahead {
  private final Desk desk;
  private final Log log;
  private final Gate gate;
  private long saidAt;
  private boolean leaves;

  Ahead(Desk desk, Log log, Gate gate) {
    this.desk = desk;
    this.log = log;
    this.gate = gate;
    this.saidAt = log.position();
  }

  /**
   * Says whether this home may, when it has something to say to the backup anyhow.
   *
   * @param listens whether anybody does on this member
   */
  void say(boolean listens) {
    Settings settings = log.state.settingsOrDefault();
    // One that was merely sent must not become a dead letter.
    boolean mayBeSuspect = settings.attempts() > 1 && settings.crashes() > 1;
    boolean may = listens && !leaves && mayBeSuspect && log.replicator.isBrief();
    if (may != log.state.doubts().ahead() && log.replicator.hasUnsent()) {
      tell(may);
    }
  }

  private void tell(boolean may) {
    var unused = log.append(new Op.Ahead(may));
    saidAt = log.position();
  }

  /** The member leaves: what its producers send again was never begun here. */
  void leave() {
    leaves = true;
    if (log.state.doubts().ahead()) {
      tell(false);
    }
  }

  /** Whether a message that is about to be handed out to a member need not wait. */
  boolean may(Entry entry, Member member) {
    return entry.comesAgain
        && entry.hands == 0
        && member.equals(desk.self())
        && log.state.doubts().ahead()
        && gate.isClear(member)
        && log.replicator.isBrief()
        && (log.replicator.safe() >= saidAt || !desk.apply(Rule.SAY_THAT_IT_IS_AHEAD))
        && (log.replicator.isUnsent(entry.addedAt) || !desk.apply(Rule.BEGIN_WITH_ITS_STEP));
  }
}
