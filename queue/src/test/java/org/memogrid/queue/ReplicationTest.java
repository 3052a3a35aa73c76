/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
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
  private final List<Packet.Delivery> begun = new ArrayList<>();

  private Desk desk(Member self, Set<Rule> off) {
    return new Desk("q", self, Rules.without(off), () -> 1, QueueCore.CHUNK_BYTES, this::perform);
  }

  private void perform(Effect effect) {
    if (effect instanceof Effect.Send send) {
      sent.add(send);
    } else if (effect instanceof Effect.Begin begin) {
      begun.add(begin.delivery());
    }
  }

  private <P extends Packet> List<P> sent(Member to, Class<P> kind) {
    return sent.stream()
        .filter(send -> send.to().equals(to))
        .map(Effect.Send::packet)
        .filter(kind::isInstance)
        .map(kind::cast)
        .toList();
  }

  /** A cut that the backup heard nothing of: it has no reason to say that it lacks anything. */
  @Test
  void whoLostAllThatWasInFlightIsCopiedAnewInTheNextReign() {
    QueueState state = new QueueState();
    Epoch epoch = new Epoch(1, HOME.id());
    state.reign(epoch);
    Replicator replicator = new Replicator(desk(HOME, Set.of()), epoch, state);
    replicator.add(BACKUP, null);
    for (int i = 1; i <= 10; i++) {
      record(replicator, state, new Op.Add(letter(i), 0, 1));
    }
    int lost = sent(BACKUP, Packet.Replicate.class).size();
    assertThat(lost).as("batches in flight").isLessThan(10);
    Epoch next = new Epoch(2, HOME.id());
    replicator.reign(next);
    record(replicator, state, new Op.Reign(next));
    List<Packet.Replicate> all = sent(BACKUP, Packet.Replicate.class);
    assertThat(all).hasSize(lost + 1);
    long batch = all.get(lost).batch();
    assertThat(replicator.refused(BACKUP, new Packet.Replicated(epoch, batch, false, next)))
        .isTrue();
    replicator.flush();
    assertThat(sent(BACKUP, Packet.Replicate.class).get(lost + 1).begin())
        .isInstanceOf(Packet.Reset.class);
  }

  private static Letter letter(int number) {
    return new Letter("p", number, 1, Traits.PLAIN, new byte[1]);
  }

  private static void record(Replicator replicator, QueueState state, Op op) {
    var unused = state.apply(op);
    replicator.record(op);
    replicator.flush();
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
    answer(replicator, before);
    assertThat(replicator.isSynced(BACKUP)).isFalse();
    for (Packet.Replicate batch : sent(BACKUP, Packet.Replicate.class)) {
      assertThat(batch.batch()).isGreaterThan(before.batch());
      answer(replicator, batch);
    }
    replicator.flush();
    for (Packet.Replicate batch : sent(BACKUP, Packet.Replicate.class)) {
      answer(replicator, batch);
    }
    assertThat(replicator.isSynced(BACKUP)).isTrue();
  }

  private static void answer(Replicator replicator, Packet.Replicate batch) {
    boolean unused =
        replicator.refused(
            BACKUP, new Packet.Replicated(batch.stream(), batch.batch(), true, batch.epoch()));
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
    Dispatcher home = home(off, List.of(HOME, THIRD));
    answerAll(home, THIRD);
    home.install(View.of("q", 2, RANK), new Epoch(2, HOME.id()));
    home.enqueue(THIRD, one(home.epoch()));
    answerAll(home, THIRD);
    return sent(THIRD, Packet.Enqueued.class).size();
  }

  /**
   * The race: 1. the next backup has all until a message, and the old one that message too, so it
   * is confirmed; 2. if the old one were told to forget now, the loss of the home would lose it.
   */
  @Test
  void theOldBackupKeepsItsCopyUntilTheNextHasWhatWasConfirmed() {
    Dispatcher home = home(Set.of(), List.of(HOME, THIRD));
    answerAll(home, THIRD);
    home.install(View.of("q", 2, RANK), new Epoch(2, HOME.id()));
    home.flush();
    List<Packet.Replicate> copy = sent(BACKUP, Packet.Replicate.class);
    home.enqueue(THIRD, one(home.epoch()));
    answerAll(home, THIRD);
    assertThat(sent(THIRD, Packet.Enqueued.class)).hasSize(1);
    copy.forEach(batch -> answer(home, BACKUP, batch));
    home.flush();
    assertThat(sent(THIRD, Packet.Forget.class)).isEmpty();
    answerAll(home, BACKUP);
    assertThat(sent(THIRD, Packet.Forget.class)).hasSize(1);
  }

  /**
   * The race: 1. the old backup begins what it was just told; 2. it is dropped, and forgets; 3. the
   * home is lost before the next backup has that.
   */
  @Test
  void anOldBackupGetsItsMessageWhenItHasAnswered() {
    Dispatcher home = home(Set.of(), List.of(HOME, THIRD));
    answerAll(home, THIRD);
    home.install(View.of("q", 2, RANK), new Epoch(2, HOME.id()));
    answerAll(home, THIRD);
    var unused = takesOne(home, THIRD);
    assertThat(sent(THIRD, Packet.Replicate.class)).isNotEmpty();
    assertThat(sent(THIRD, Packet.Deliver.class)).isEmpty();
    answerAll(home, THIRD);
    assertThat(sent(THIRD, Packet.Deliver.class)).hasSize(1);
  }

  private static void answer(Dispatcher home, Member backup, Packet.Replicate batch) {
    home.replicated(
        backup, new Packet.Replicated(batch.stream(), batch.batch(), true, batch.epoch()));
  }

  private Dispatcher home(Set<Rule> off, List<Member> members) {
    return new Dispatcher(
        desk(HOME, off),
        new Epoch(1, HOME.id()),
        new QueueState(),
        View.of("q", 1, members),
        List.of(),
        List.of(),
        List.of(),
        null,
        Epoch.NONE,
        false);
  }

  private static Packet.Enqueue one(Epoch epoch) {
    Letter letter = new Letter(THIRD.id(), 1, 1, LoneCore.plain(0, 0, null), new byte[1]);
    return new Packet.Enqueue(epoch, 1, List.of(), List.of(letter));
  }

  /** A home whose backup has everything, just when a message has come in. */
  private Dispatcher homeWithListener(Member listener) {
    Dispatcher home = home(Set.of(), RANK);
    answerAll(home, BACKUP);
    return takesOne(home, listener);
  }

  private Dispatcher takesOne(Dispatcher home, Member listener) {
    List<Packet.Subscription> its = List.of(new Packet.Subscription(1, 1, null));
    home.subscribe(listener, new Packet.Subscribe(home.epoch(), true, its));
    sent.clear();
    home.enqueue(THIRD, one(home.epoch()));
    home.flush();
    return home;
  }

  @Test
  void theBackupGetsItsMessageBehindTheStepThatSaysSo() {
    Dispatcher home = homeWithListener(BACKUP);
    List<Packet> toBackup = sent(BACKUP, Packet.class);
    assertThat(toBackup).hasSize(2);
    Packet.Replicate step = (Packet.Replicate) toBackup.get(0);
    assertThat(step.ops()).hasAtLeastOneElementOfType(Op.Hand.class);
    assertThat(((Packet.Deliver) toBackup.get(1)).behind())
        .isEqualTo(new Packet.Step(step.stream(), step.batch()));
    assertThat(sent(THIRD, Packet.Enqueued.class)).as("nothing is confirmed before").isEmpty();
    answerAll(home, BACKUP);
    assertThat(sent(THIRD, Packet.Enqueued.class)).hasSize(1);
    assertThat(sent(BACKUP, Packet.Deliver.class)).hasSize(1);
  }

  @Test
  void anotherMemberGetsItsMessageWhenTheBackupHasAnswered() {
    Dispatcher home = homeWithListener(THIRD);
    assertThat(sent(BACKUP, Packet.Replicate.class)).hasSize(1);
    assertThat(sent(THIRD, Packet.Deliver.class)).isEmpty();
    answerAll(home, BACKUP);
    assertThat(sent(THIRD, Packet.Deliver.class)).hasSize(1);
  }

  @Test
  void aBackupThatHasNotEverythingYetGetsItsMessageWhenItHas() {
    Dispatcher home = takesOne(home(Set.of(), RANK), BACKUP);
    assertThat(sent(BACKUP, Packet.Replicate.class)).isNotEmpty();
    assertThat(sent(BACKUP, Packet.Deliver.class)).isEmpty();
    answerAll(home, BACKUP);
    assertThat(sent(BACKUP, Packet.Deliver.class)).hasSize(1);
  }

  /** It took neither the step nor what came behind it, and is copied anew. */
  @Test
  void aBackupThatCannotGoOnIsHandedItsMessageAgain() {
    Dispatcher home = homeWithListener(BACKUP);
    Packet.Replicate step = sent(BACKUP, Packet.Replicate.class).get(0);
    sent.clear();
    home.replicated(
        BACKUP, new Packet.Replicated(step.stream(), step.batch(), false, step.epoch()));
    answerAll(home, BACKUP);
    assertThat(sent(BACKUP, Packet.Deliver.class)).hasSize(1);
  }

  /**
   * The race: 1. the backup has promised a new home; 2. the old one, which does not know, hands a
   * message out to it; 3. the new one knows nothing of that, and hands it out to another.
   */
  @Test
  void aBackupThatHasPromisedAnotherBeginsNothingOfTheOldHome() {
    assertThat(begunBehindARefusedStep(Set.of())).isZero();
    assertThat(begunBehindARefusedStep(EnumSet.of(Rule.BEGIN_BEHIND_THE_STEP)))
        .as("without the rule it begins it")
        .isEqualTo(1);
  }

  private int begunBehindARefusedStep(Set<Rule> off) {
    begun.clear();
    Epoch old = new Epoch(1, HOME.id());
    QueueCore backup =
        new QueueCore(
            "q", BACKUP, Rules.without(off), () -> 1, QueueCore.CHUNK_BYTES, this::perform);
    backup.install(1, RANK);
    backup.subscribe(new Packet.Subscription(1, 1, null));
    backup.received(HOME, new Packet.Ready(old, Epoch.NONE));
    backup.received(HOME, step(old, 1, new Packet.Reset(new QueueState().head())));
    backup.received(HOME, delivery(old, 1));
    assertThat(begun).as("behind a step that it took").hasSize(1);
    backup.received(THIRD, new Packet.Collect(new Epoch(2, THIRD.id())));
    backup.received(HOME, step(old, 2, null));
    backup.received(HOME, delivery(old, 2));
    return begun.size() - 1;
  }

  private static Packet.Replicate step(Epoch old, long batch, Packet.@Nullable Begin begin) {
    return new Packet.Replicate(old, old, batch, begin, List.of(), List.of(), true);
  }

  private static Packet.Deliver delivery(Epoch old, long batch) {
    Letter letter = new Letter(THIRD.id(), batch, 1, LoneCore.plain(0, 0, null), new byte[1]);
    return new Packet.Deliver(
        old,
        new Packet.Step(old, batch),
        List.of(new Packet.Delivery(new Tag(old, batch, 1), 1, 1, letter)));
  }

  /** Until there is nothing to answer. */
  private void answerAll(Dispatcher home, Member backup) {
    Map<Long, Boolean> answered = new HashMap<>();
    for (int round = 0; round < 10; round++) {
      home.flush();
      for (Packet.Replicate batch : sent(backup, Packet.Replicate.class)) {
        if (answered.put(batch.batch(), true) == null) {
          answer(home, backup, batch);
        }
      }
    }
  }
}
