/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Member;

/** Both ends of the stream between a home and its backup, step by step. */
class ReplicationTest {
  private static final List<Member> RANK =
      Placement.rank(
          "q",
          List.of(new Member("n0", "n0#1"), new Member("n1", "n1#1"), new Member("n2", "n2#1")));
  private static final Member HOME = RANK.get(0);
  private static final Member BACKUP = RANK.get(1);
  private static final Member THIRD = RANK.get(2);

  private final List<Effect.Send> sent = new ArrayList<>();

  private Desk desk(Member self, Set<Rule> off) {
    return new Desk(
        "q",
        self,
        Rules.without(off),
        () -> 1,
        QueueCore.CHUNK_BYTES,
        effect -> {
          if (effect instanceof Effect.Send send) {
            sent.add(send);
          }
        });
  }

  private <P extends Packet> List<P> sent(Member to, Class<P> kind) {
    return sent.stream()
        .filter(send -> send.to().equals(to))
        .map(Effect.Send::packet)
        .filter(kind::isInstance)
        .map(kind::cast)
        .toList();
  }

  /**
   * The race: 1. a backup is left, and is one again in the same stream; 2. its answer to the first
   * batch of before comes late.
   */
  @Test
  void anAnswerOfBeforeABackupWasLeftIsNoneOfNow() {
    QueueState state = new QueueState();
    Epoch epoch = new Epoch(1, HOME.id());
    state.reign(epoch);
    Replicator replicator = new Replicator(desk(HOME, Set.of()), epoch, state);
    replicator.add(BACKUP, null);
    replicator.flush();
    Packet.Replicate before = sent(BACKUP, Packet.Replicate.class).get(0);
    replicator.remove(BACKUP);
    sent.clear();
    replicator.add(BACKUP, null);
    Op op = new Op.Add(new Letter("p", 1, 1, Traits.PLAIN, new byte[1]), 0, 1);
    var unused = state.apply(op);
    replicator.record(op);
    replicator.flush();
    replicator.acknowledged(
        BACKUP, new Packet.Replicated(before.stream(), before.batch(), true, epoch));
    assertThat(replicator.isSynced(BACKUP)).isFalse();
    for (Packet.Replicate batch : sent(BACKUP, Packet.Replicate.class)) {
      assertThat(batch.batch()).isGreaterThan(before.batch());
      replicator.acknowledged(
          BACKUP, new Packet.Replicated(batch.stream(), batch.batch(), true, epoch));
    }
    replicator.flush();
    for (Packet.Replicate batch : sent(BACKUP, Packet.Replicate.class)) {
      replicator.acknowledged(
          BACKUP, new Packet.Replicated(batch.stream(), batch.batch(), true, epoch));
    }
    assertThat(replicator.isSynced(BACKUP)).isTrue();
  }

  /**
   * The race: 1. a new home has this member's promise, and takes its copy; 2. the old one, which
   * does not know, has its next step copied here; 3. were it told that it is, it would confirm what
   * the new home does not have.
   */
  @Test
  void aMemberThatHasPromisedRefusesTheOldHome() {
    assertThat(answerToTheOldHome(Set.of()).ok()).isFalse();
    assertThat(answerToTheOldHome(Set.of()).promised()).isEqualTo(new Epoch(7, THIRD.id()));
    assertThat(answerToTheOldHome(EnumSet.of(Rule.REFUSE_OLDER_HOMES)).ok())
        .as("without the rule it takes it")
        .isTrue();
  }

  private Packet.Replicated answerToTheOldHome(Set<Rule> off) {
    Epoch old = new Epoch(3, HOME.id());
    Replica replica = new Replica(desk(BACKUP, off));
    replica.replicate(
        HOME,
        new Packet.Replicate(
            old, old, 1, new Packet.Reset(new QueueState().head()), List.of(), List.of(), true));
    replica.promise(new Epoch(7, THIRD.id()));
    sent.clear();
    Op op = new Op.Add(new Letter("p", 1, 1, Traits.PLAIN, new byte[1]), 0, 1);
    replica.replicate(HOME, new Packet.Replicate(old, old, 2, null, List.of(op), List.of(), false));
    return sent(HOME, Packet.Replicated.class).get(0);
  }

  /**
   * A member comes that is the next backup. Until it has everything, the old backup, which has, is
   * told what comes in; without it the home alone would have that, for as long as it takes to copy.
   */
  @Test
  void aMessageThatComesInWhileTheNextBackupCopiesIsConfirmedByTheOldOne() {
    assertThat(confirmedWhileTheNextBackupCopies(Set.of())).isEqualTo(1);
    assertThat(confirmedWhileTheNextBackupCopies(EnumSet.of(Rule.KEEP_THE_OLD_BACKUP)))
        .as("without the rule it waits")
        .isZero();
  }

  private int confirmedWhileTheNextBackupCopies(Set<Rule> off) {
    sent.clear();
    Epoch first = new Epoch(1, HOME.id());
    Dispatcher home =
        new Dispatcher(
            desk(HOME, off),
            first,
            new QueueState(),
            View.of("q", 1, List.of(HOME, THIRD)),
            List.of(),
            List.of(),
            List.of(),
            null,
            Epoch.NONE);
    answerAll(home, THIRD);
    home.install(View.of("q", 2, RANK), new Epoch(2, HOME.id()));
    home.enqueue(
        THIRD,
        new Packet.Enqueue(
            home.epoch(),
            1,
            List.of(new Letter(THIRD.id(), 1, 1, LoneCore.plain(0, 0, null), new byte[1]))));
    answerAll(home, THIRD);
    return sent(THIRD, Packet.Enqueued.class).size();
  }

  /** Until there is nothing to answer. */
  private void answerAll(Dispatcher home, Member backup) {
    Map<Long, Boolean> answered = new HashMap<>();
    for (int round = 0; round < 10; round++) {
      home.flush();
      for (Packet.Replicate batch : sent(backup, Packet.Replicate.class)) {
        if (answered.put(batch.batch(), true) == null) {
          home.replicated(
              backup, new Packet.Replicated(batch.stream(), batch.batch(), true, batch.epoch()));
        }
      }
    }
  }
}
