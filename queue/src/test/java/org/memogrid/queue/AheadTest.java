/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Member;

/** A home that listens itself, its backup, and the next home when it is lost. */
class AheadTest {
  private static final List<Member> RANK =
      Placement.rank(
          "q",
          List.of(new Member("n0", "n0#1"), new Member("n1", "n1#1"), new Member("n2", "n2#1")));
  private static final Member HOME = RANK.get(0);
  private static final Member BACKUP = RANK.get(1);
  private static final Member THIRD = RANK.get(2);

  private final List<Effect.Send> sent = new ArrayList<>();
  private final Set<Long> answered = new HashSet<>();
  private final QueueState state = new QueueState();

  private Dispatcher home(Member self, List<Member> members) {
    Desk desk = new Desk("q", self, Rules.all(), () -> 1, QueueCore.CHUNK_BYTES, this::perform);
    return new Dispatcher(
        desk,
        new Epoch(1, self.id()),
        state,
        View.of("q", 1, members),
        List.of(),
        List.of(),
        List.of(),
        null,
        Epoch.NONE,
        false);
  }

  /** Its backup has everything, and it has said that it hands out ahead. */
  private Dispatcher homeThatListens(int window) {
    Dispatcher home = home(HOME, RANK);
    answer(home);
    listens(home, HOME, window);
    enqueue(home, Traits.PLAIN, 1);
    answer(home);
    assertThat(deliveries(HOME)).hasSize(1);
    assertThat(state.doubts().ahead()).isTrue();
    sent.clear();
    return home;
  }

  private void perform(Effect effect) {
    if (effect instanceof Effect.Send send) {
      sent.add(send);
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

  private List<Packet.Delivery> deliveries(Member to) {
    return sent(to, Packet.Deliver.class).stream()
        .flatMap(deliver -> deliver.deliveries().stream())
        .toList();
  }

  private static void listens(Dispatcher home, Member member, int window) {
    List<Packet.Subscription> its = List.of(new Packet.Subscription(1, window, null));
    home.subscribe(member, new Packet.Subscribe(home.epoch(), true, its));
    home.flush();
  }

  private static void enqueue(Dispatcher home, Traits traits, long... numbers) {
    enqueue(home, List.of(), traits, numbers);
  }

  private static void enqueue(
      Dispatcher home, List<Packet.Before> before, Traits traits, long... numbers) {
    List<Letter> letters =
        LongStream.of(numbers)
            .mapToObj(number -> new Letter(THIRD.id(), number, 1, traits, new byte[1]))
            .toList();
    home.enqueue(THIRD, new Packet.Enqueue(home.epoch(), 1, before, letters));
    home.flush();
  }

  private static void handled(Dispatcher home, Tag tag) {
    home.settle(
        HOME,
        new Packet.Settle(
            home.epoch(), List.of(new Packet.Settlement(tag, Packet.Verdict.HANDLED, "", 0))));
    home.flush();
  }

  /** The backup answers until there is nothing to answer. */
  private void answer(Dispatcher home) {
    for (int round = 0; round < 10; round++) {
      home.flush();
      for (Packet.Replicate batch : sent(BACKUP, Packet.Replicate.class)) {
        if (answered.add(batch.batch())) {
          home.replicated(
              BACKUP, new Packet.Replicated(batch.stream(), batch.batch(), true, batch.epoch()));
        }
      }
    }
  }

  @Test
  void theHomesListenerGetsItsMessageRightBehindTheStepThatHasBoth() {
    Dispatcher home = homeThatListens(10);
    enqueue(home, Traits.PLAIN, 2);
    assertThat(sent).hasSize(2);
    assertThat(sent(BACKUP, Packet.Replicate.class).get(0).ops())
        .hasExactlyElementsOfTypes(Op.Add.class, Op.Hand.class);
    assertThat(deliveries(HOME)).hasSize(1);
    answer(home);
    assertThat(deliveries(HOME)).hasSize(1);
    assertThat(sent(THIRD, Packet.Enqueued.class)).as("confirmed when it was answered").hasSize(1);
  }

  @Test
  void aMessageThatTheBackupHadBeforeItWasHandedOutWaitsForTheAnswer() {
    Dispatcher home = homeThatListens(1);
    enqueue(home, Traits.PLAIN, 2);
    answer(home);
    handled(home, new Tag(home.epoch(), 1, 1));
    assertThat(deliveries(HOME)).isEmpty();
    answer(home);
    assertThat(deliveries(HOME)).hasSize(1);
  }

  /** Another may be published with its id, and come in at the next home first. */
  @Test
  void aMessageWithADedupeIdWaitsForTheAnswer() {
    Dispatcher home = homeThatListens(10);
    enqueue(
        home,
        new Traits(Traits.NORMAL, 0, 0, null, "id", null, null, Map.of(), Traits.Room.AS_QUEUE),
        2);
    assertThat(deliveries(HOME)).isEmpty();
    answer(home);
    assertThat(deliveries(HOME)).hasSize(1);
  }

  @Test
  void aHomeThatHasMuchToDoSaysThatItWaits() {
    Dispatcher home = homeThatListens(10);
    enqueue(home, Traits.PLAIN, LongStream.range(2, 102).toArray());
    assertThat(deliveries(HOME)).isEmpty();
    assertThat(state.doubts().ahead()).isFalse();
    answer(home);
    assertThat(deliveries(HOME)).hasSize(9);
  }

  @Test
  void aQueueWhoseMessagesAreTriedOnceWaitsSinceOneThatWasMerelySentMustNotDie() {
    Dispatcher home = home(HOME, RANK);
    Settings once =
        new Settings(1, 3, 0, 0, 0, WhenFull.BLOCK, 1 << 20, 60_000, 0, 1_000, 0, 1_000);
    home.ask(THIRD, new Packet.Ask(1, new Packet.Open(once)));
    answer(home);
    listens(home, HOME, 10);
    enqueue(home, Traits.PLAIN, 1);
    answer(home);
    assertThat(state.doubts().ahead()).isFalse();
  }

  @Test
  void aHomeThatLeavesIsGoneWhenTheBackupKnowsThatItBeginsNothingMore() {
    Dispatcher home = homeThatListens(10);
    answer(home);
    assertThat(home.isSaved()).isTrue();
    home.leave();
    home.flush();
    assertThat(home.isSaved()).isFalse();
    answer(home);
    assertThat(home.isSaved()).isTrue();
    enqueue(home, Traits.PLAIN, 2);
    assertThat(state.doubts().ahead()).isFalse();
  }

  /**
   * The race: 1. the home's listener has a message that no copy has yet; 2. the home goes on with
   * other members, and is to hand out again what is out; 3. the message ends, and that is confirmed
   * to who repeats it, who forgets it; 4. the copy is made, and what waited for it is handed out.
   */
  @Test
  void whatWasHandedOutAheadAndHasEndedIsNotHandedOutAgain() {
    Dispatcher home = homeThatListens(10);
    enqueue(home, Traits.PLAIN, 2);
    Tag tag = deliveries(HOME).get(0).tag();
    home.install(View.of("q", 2, List.of(HOME, THIRD)), new Epoch(2, HOME.id()));
    listens(home, HOME, 10);
    handled(home, tag);
    handled(home, tag);
    assertThat(sent(HOME, Packet.Settled.class)).isNotEmpty();
    for (int round = 0; round < 5; round++) {
      sent(THIRD, Packet.Replicate.class)
          .forEach(
              batch ->
                  home.replicated(
                      THIRD,
                      new Packet.Replicated(batch.stream(), batch.batch(), true, batch.epoch())));
      home.flush();
    }
    assertThat(sent(THIRD, Packet.Enqueued.class)).as("all is safe").isNotEmpty();
    assertThat(deliveries(HOME)).extracting(Packet.Delivery::tag).containsOnlyOnce(tag);
  }

  /** A home whose copy is of homes that are lost: the last, and one before it. */
  private Dispatcher nextHome() {
    state.reign(new Epoch(1, "lost#1"));
    does(new Op.Ahead(true));
    state.reign(new Epoch(2, "lost#2"));
    does(new Op.Doubt("lost#1"));
    does(new Op.Ahead(true));
    Dispatcher next = home(BACKUP, List.of(BACKUP, THIRD));
    listens(next, THIRD, 10);
    return next;
  }

  private void does(Op op) {
    var unused = state.apply(op);
  }

  private static Packet.Before sentTo(String id, long upTo) {
    return new Packet.Before(new Member("lost", id), upTo);
  }

  private Entry entry(long seq) {
    return Objects.requireNonNull(state.get(seq));
  }

  @Test
  void whatWasSentToALostHomeIsTakenAsIfItHadBeenOutThere() {
    Dispatcher next = nextHome();
    assertThat(state.doubts()).isEqualTo(new Doubts(false, List.of("lost#1", "lost#2")));
    List<Packet.Before> before =
        List.of(sentTo("gone#1", 4), sentTo("lost#1", 1), sentTo("lost#2", 3));
    enqueue(next, before, Traits.PLAIN, 1, 2, 3, 4);
    assertThat(entry(1).attempt()).as("two had it, the second only if its copy knew").isEqualTo(2);
    assertThat(entry(2).attempt()).isEqualTo(2);
    assertThat(entry(2).history).extracting(Attempt::member).containsExactly("lost");
    assertThat(entry(2).hands).as("of one that was not handed out yet").isEqualTo(1);
    assertThat(entry(4).attempt()).as("sent to one that left").isEqualTo(1);
    assertThat(entry(4).hands).as("handed out").isEqualTo(1);
  }

  /** Sent again and again to homes that something else takes down, it must not die of that. */
  @Test
  void whatALostHomeMayHaveBegunWaitsForTheAnswerOfTheNext() {
    Dispatcher home = homeThatListens(10);
    does(new Op.Doubt("lost#1"));
    enqueue(home, List.of(sentTo("lost#1", 2)), Traits.PLAIN, 2);
    assertThat(deliveries(HOME)).isEmpty();
    answer(home);
    assertThat(deliveries(HOME)).extracting(Packet.Delivery::attempt).containsExactly(2);
  }

  @Test
  void aHomeThatReignsAgainIsNotLost() {
    Doubts doubts = Doubts.NONE.with("a").with("b").under("a", "b");
    assertThat(doubts.lost()).containsExactly("b");
    assertThat(doubts.ahead(true).under("a", "a").ahead()).isTrue();
    assertThat(doubts.ahead(true).under("b", "a").ahead()).isFalse();
  }

  @Test
  void aProducerSaysWhatItHasSentToOthers() {
    List<Packet.Enqueue> offers = new ArrayList<>();
    Desk desk =
        new Desk(
            "q",
            THIRD,
            Rules.all(),
            () -> 1,
            QueueCore.CHUNK_BYTES,
            effect -> offers.add((Packet.Enqueue) ((Effect.Send) effect).packet()));
    Producer producer = new Producer(desk);
    producer.publish(Traits.PLAIN, new byte[1], 1);
    producer.flush(HOME, new Epoch(1, HOME.id()));
    producer.publish(Traits.PLAIN, new byte[1], 2);
    producer.newHome();
    producer.flush(HOME, new Epoch(2, HOME.id()));
    producer.newHome();
    producer.publish(Traits.PLAIN, new byte[1], 3);
    producer.flush(BACKUP, new Epoch(3, BACKUP.id()));
    assertThat(offers)
        .extracting(Packet.Enqueue::before)
        .containsExactly(List.of(), List.of(), List.of(new Packet.Before(HOME, 2)));
  }
}
