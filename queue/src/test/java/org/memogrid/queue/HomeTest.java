/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Member;

/** What a home does as time passes, by a clock in the test's hand. */
class HomeTest {
  private static final long HOUR = 3_600_000;
  private static final long TEN_MINUTES = 600_000;

  private static Settings settings(int attempts, long backoff, WhenFull whenFull, int nodeRate) {
    return new Settings(
        attempts,
        3,
        backoff,
        backoff,
        whenFull == WhenFull.DROP_OLDEST ? 10 : 0,
        whenFull,
        1 << 20,
        HOUR,
        0,
        1_000,
        nodeRate,
        1_000);
  }

  private static LoneCore home() {
    return new LoneCore(settings(10, 100, WhenFull.BLOCK, 0));
  }

  @Test
  void nothingIsKeptOfAHandledMessageThoughItsTimeToLiveGoesOn() {
    LoneCore home = home();
    home.subscribe(100);
    for (int i = 0; i < 10_000; i++) {
      home.publish(LoneCore.plain(0, home.now + 60_000, null), 1);
      home.settleAll(Packet.Verdict.HANDLED);
    }
    assertThat(home.count().handled()).isEqualTo(10_000);
    assertThat(home.core.nextWake())
        .as("when it looks for what has expired: never, so at its longest")
        .isEqualTo(home.now + TEN_MINUTES);
  }

  /** Of the three that have ended two are on their way to the home, each for itself. */
  private static Packet.Counted countAfterThreeEnds(Rules rules) {
    LoneCore home = new LoneCore(settings(10, 100, WhenFull.BLOCK, 0), rules);
    home.subscribe(10);
    for (int i = 0; i < 3; i++) {
      home.publish(LoneCore.plain(0, 0, null), 1);
    }
    for (Packet.Delivery delivery : List.copyOf(home.begun)) {
      home.core.settle(delivery.tag(), Packet.Verdict.HANDLED, "", 0);
      home.core.flush();
    }
    return home.count();
  }

  @Test
  void whoAcknowledgedAMessageDoesNotCountItAnyMore() {
    assertThat(countAfterThreeEnds(Rules.all()).handled()).isEqualTo(3);
    assertThat(countAfterThreeEnds(Rules.without(Set.of(Rule.ASK_BEHIND_ENDS))).handled())
        .isEqualTo(2);
  }

  @Test
  void nothingIsKeptOfADelayedMessageThatIsPurged() {
    LoneCore home = home();
    home.publish(LoneCore.plain(home.now + 60_000, 0, null), 1);
    assertThat(home.core.nextWake()).isEqualTo(home.now + 60_000);
    assertThat(home.ask(new Packet.Purge(false, 0))).isEqualTo(new Packet.Done(1));
    assertThat(home.core.nextWake()).isEqualTo(home.now + TEN_MINUTES);
  }

  @Test
  void aMessageThatComesBackAfterItsTimeExpiresThoughNobodyListens() {
    LoneCore home = home();
    home.subscribe(1);
    home.publish(LoneCore.plain(0, home.now + 60_000, null), 1);
    home.pass(61_000);
    home.core.unsubscribe(1);
    home.settleAll(Packet.Verdict.RELEASED);
    assertThat(home.copy().dead()).isEqualTo(1);
  }

  @Test
  void aDelayedMessageIsHandedOutWhenItsTimeHasComeAndNotBefore() {
    LoneCore home = home();
    home.subscribe(1);
    home.publish(LoneCore.plain(home.now + 5_000, 0, null), 1);
    home.pass(4_999);
    assertThat(home.begun).isEmpty();
    home.pass(1);
    assertThat(home.begun).hasSize(1);
  }

  @Test
  void pausesAfterFailuresThatCameTogetherAreSpread() {
    LoneCore home = new LoneCore(settings(10, 10_000, WhenFull.BLOCK, 0));
    home.subscribe(200);
    for (int i = 0; i < 200; i++) {
      home.publish(LoneCore.plain(0, 0, null), 1);
    }
    home.settleAll(Packet.Verdict.FAILED);
    TreeSet<Long> pauses = new TreeSet<>();
    home.copy().forEach(entry -> pauses.add(Math.max(0, entry.notBefore - home.now)));
    assertThat(pauses).hasSizeGreaterThan(150);
    assertThat(pauses.first()).isLessThan(1_000);
    assertThat(pauses.last()).isBetween(9_000L, 10_000L);
  }

  @Test
  void aHugeBackoffStaysOneHoweverOftenItIsDoubled() {
    LoneCore home = new LoneCore(settings(30, 1L << 50, WhenFull.BLOCK, 0));
    home.subscribe(1);
    home.publish(LoneCore.plain(0, 0, null), 1);
    for (int failures = 1; failures < 25; failures++) {
      assertThat(home.begun).hasSize(1);
      home.settleAll(Packet.Verdict.FAILED);
      assertThat(home.begun).as("at once after %s failures", failures).isEmpty();
      home.now += 1L << 50;
      home.goOn();
    }
  }

  @Test
  void aMemberGetsNoMoreThanItsRate() {
    LoneCore home = new LoneCore(settings(10, 100, WhenFull.BLOCK, 10));
    home.subscribe(100);
    for (int i = 0; i < 50; i++) {
      home.publish(LoneCore.plain(0, 0, null), 1);
    }
    assertThat(home.begun).hasSize(1);
    home.pass(1_000);
    assertThat(home.begun).hasSize(11);
    home.pass(1_000);
    assertThat(home.begun).hasSize(21);
  }

  @Test
  void aPageOfABrowseIsAsLargeAsWhatTravelsAtOnce() {
    LoneCore home = home();
    for (int i = 0; i < 10; i++) {
      home.publish(LoneCore.plain(0, 0, null), 50_000);
    }
    Packet.Page page = (Packet.Page) home.ask(new Packet.Browse(false, 0, 100));
    assertThat(page.entries()).hasSize(3);
    assertThat(page.last()).isFalse();
    Packet.Page next = (Packet.Page) home.ask(new Packet.Browse(false, 3, 2));
    assertThat(next.entries()).extracting(entry -> entry.seq).containsExactly(4L, 5L);
  }

  @Test
  void ratesAreThoseOfNowThoughNothingHasHappenedSince() {
    LoneCore home = home();
    Packet.Counted unused = home.count();
    for (int i = 0; i < 100; i++) {
      home.publish(Traits.PLAIN, 1);
    }
    home.now += 2_000;
    assertThat(home.count().publishedPerSecond()).isBetween(10.0, 50.0);
    home.now += 60_000;
    assertThat(home.count().publishedPerSecond()).isLessThan(1);
  }

  @Test
  void aDeadLetterThatIsPutBackSaysThatItWasOut() {
    LoneCore home = new LoneCore(settings(1, 0, WhenFull.BLOCK, 0));
    home.subscribe(1);
    home.publish(Traits.PLAIN, 1);
    home.settleAll(Packet.Verdict.FAILED);
    assertThat(home.copy().dead()).isEqualTo(1);
    assertThat(home.ask(new Packet.Redrive(0))).isEqualTo(new Packet.Done(1));
    assertThat(home.begun.get(0).tag().hand()).isEqualTo(2);
    assertThat(home.begun.get(0).attempt()).isEqualTo(1);
  }

  @Test
  void whatTheOtherSideOfASplitTriedCountsWhenTheyMeet() {
    Rules rules = Rules.all();
    Member self = LoneCore.SELF;
    List<Effect> effects = new ArrayList<>();
    Desk desk = new Desk("q", self, rules, () -> 1, QueueCore.CHUNK_BYTES, effects::add);
    Entry tried =
        new Entry(7, new Epoch(3, "other"), new Letter("gone", 1, 1, Traits.PLAIN, new byte[1]));
    tried.hands = 2;
    tried.failures = 1;
    tried.history = List.of(new Attempt(1, "n1", "boom"));
    Dispatcher home =
        new Dispatcher(
            desk,
            new Epoch(5, self.id()),
            new QueueState(),
            View.of("q", 5, List.of(self)),
            List.of(),
            List.of(new Epoch(3, "other")),
            List.of(tried),
            null,
            Epoch.NONE,
            false);
    home.subscribe(
        self,
        new Packet.Subscribe(home.epoch(), true, List.of(new Packet.Subscription(1, 1, null))));
    home.flush();
    Packet.Delivery delivery =
        effects.stream()
            .filter(e -> e instanceof Effect.Send send && send.packet() instanceof Packet.Deliver)
            .map(e -> (Packet.Deliver) ((Effect.Send) e).packet())
            .flatMap(deliver -> deliver.deliveries().stream())
            .findFirst()
            .orElseThrow();
    assertThat(delivery.tag().hand()).isEqualTo(3);
    assertThat(delivery.attempt()).isEqualTo(2);
  }

  @Test
  void whatIsHereAlreadyDoesNotComeInAgainWhenSidesMeet() {
    Member self = LoneCore.SELF;
    Desk desk = new Desk("q", self, Rules.all(), () -> 1, QueueCore.CHUNK_BYTES, effect -> {});
    QueueState state = new QueueState();
    Letter letter = new Letter("gone", 1, 1, Traits.PLAIN, new byte[1]);
    Entry here = state.apply(new Op.Add(letter, 0, 1));
    state.apply(new Op.Gone("gone"));
    Entry there =
        new Entry(7, new Epoch(3, "other"), Objects.requireNonNull(here).letter); // its own place
    Dispatcher unused =
        new Dispatcher(
            desk,
            new Epoch(500, self.id()),
            state,
            View.of("q", 5, List.of(self)),
            List.of(),
            List.of(new Epoch(3, "other")),
            List.of(there),
            null,
            Epoch.NONE,
            false);
    assertThat(state.waiting()).isEqualTo(1);
  }

  /**
   * The race: 1. a message comes in, and its confirmation is under way; 2. its producer is taken
   * for lost and forgotten; 3. it comes back, and sends again what it does not know to be in.
   */
  @Test
  void whatAProducerThatWasOnlyCutOffSendsAgainIsTakenOnce() {
    Member self = LoneCore.SELF;
    Member cutOff = new Member("n1", "n1#1");
    List<Member> both = List.of(self, cutOff);
    Desk desk = new Desk("q", self, Rules.all(), () -> 1, QueueCore.CHUNK_BYTES, effect -> {});
    QueueState state = new QueueState();
    Dispatcher home =
        new Dispatcher(
            desk,
            new Epoch(1, self.id()),
            state,
            View.of("q", 1, both),
            List.of(),
            List.of(),
            List.of(),
            null,
            Epoch.NONE,
            false);
    home.enqueue(cutOff, letters(home, cutOff, 1, 2));
    home.install(View.of("q", 2, List.of(self)), new Epoch(2, self.id()));
    home.install(View.of("q", 3, both), new Epoch(3, self.id()));
    home.enqueue(cutOff, letters(home, cutOff, 2, 3));
    assertThat(state.waiting()).as("1 and 2 once, and 3").isEqualTo(3);
    home.install(View.of("q", 4, both), new Epoch(4, self.id()));
    home.enqueue(cutOff, letters(home, cutOff, 1, 2, 3));
    assertThat(state.waiting()).as("again, though it is known once more").isEqualTo(3);
  }

  private static Packet.Enqueue letters(Dispatcher home, Member by, long... numbers) {
    return new Packet.Enqueue(
        home.epoch(),
        1,
        List.of(),
        LongStream.of(numbers)
            .mapToObj(number -> new Letter(by.id(), number, 1, Traits.PLAIN, new byte[1]))
            .toList());
  }

  @Test
  void droppedMessagesLeaveNothingBehindThoughNobodyListens() {
    LoneCore home = new LoneCore(settings(10, 100, WhenFull.DROP_OLDEST, 0));
    for (int i = 0; i < 1_000; i++) {
      home.publish(new Traits(4, 0, 0, null, null, null, null, Map.of(), Traits.Room.AS_QUEUE), 1);
    }
    assertThat(home.copy().waiting()).isEqualTo(10);
    assertThat(home.count().dropped()).isEqualTo(990);
  }

  private static List<Long> places(LoneCore home) {
    return home.begun.stream().map(delivery -> delivery.tag().seq()).toList();
  }

  @Test
  void theNextOfAnOrderingKeyComesBeforeWhatCameAfterIt() {
    LoneCore home = home();
    home.publish(LoneCore.plain(0, 0, "a"), 1);
    home.publish(LoneCore.plain(0, 0, "a"), 1);
    home.publish(Traits.PLAIN, 1);
    home.publish(Traits.PLAIN, 1);
    home.subscribe(1);
    List<Long> order = new ArrayList<>();
    while (!home.begun.isEmpty()) {
      order.addAll(places(home));
      home.settleAll(Packet.Verdict.HANDLED);
    }
    assertThat(order).containsExactly(1L, 2L, 3L, 4L);
  }

  @Test
  void whatComesAgainComesBeforeWhatCameAfterIt() {
    LoneCore home = home();
    home.publish(LoneCore.plain(home.now + 50, 0, null), 1);
    home.publish(LoneCore.plain(0, 0, "a"), 1);
    home.publish(LoneCore.plain(home.now + 50, 0, "a"), 1);
    for (int i = 0; i < 3; i++) {
      home.publish(LoneCore.plain(0, 0, "a"), 1);
    }
    home.subscribe(1);
    assertThat(places(home)).containsExactly(2L);
    home.pass(100);
    List<Long> order = new ArrayList<>();
    while (!home.begun.isEmpty()) {
      order.addAll(places(home));
      home.settleAll(Packet.Verdict.HANDLED);
    }
    assertThat(order).containsExactly(2L, 1L, 3L, 4L, 5L, 6L);
  }

  @Test
  void aDeadLetterThatExpiredLivesWhenItIsPutBack() {
    LoneCore home = home();
    home.publish(LoneCore.plain(0, home.now + 1_000, null), 1);
    home.pass(1_000);
    assertThat(home.copy().dead()).isEqualTo(1);
    assertThat(home.ask(new Packet.Redrive(0))).isEqualTo(new Packet.Done(1));
    home.pass(60_000);
    home.subscribe(1);
    assertThat(home.begun).hasSize(1);
  }

  @Test
  void aClockThatIsSetBackHoldsUpNoMessage() {
    LoneCore home = new LoneCore(settings(10, 100, WhenFull.BLOCK, 10));
    home.now += HOUR;
    home.subscribe(100);
    for (int i = 0; i < 10; i++) {
      home.publish(Traits.PLAIN, 1);
    }
    assertThat(home.begun).hasSize(1);
    home.now -= HOUR;
    home.pass(1_000);
    assertThat(home.begun).hasSize(10);
  }

  @Test
  void whoseQuestionIsNotAnsweredAsksAgainThoughTheClockIsSetBack() {
    List<Packet> sent = new ArrayList<>();
    long[] now = {HOUR};
    Member other = new Member("n1", "n1#1");
    QueueCore core =
        new QueueCore(
            "q",
            LoneCore.SELF,
            Rules.all(),
            () -> now[0],
            QueueCore.CHUNK_BYTES,
            effect -> {
              if (effect instanceof Effect.Send send) {
                sent.add(send.packet());
              }
            });
    core.install(1, List.of(other));
    core.ask(new Packet.Count(), "question");
    now[0] = 0;
    sent.clear();
    assertThat(core.nextWake()).isLessThanOrEqualTo(500);
    now[0] = 500;
    core.tick();
    assertThat(sent).contains(new Packet.Ask(1, new Packet.Count()));
  }

  /**
   * The race: 1. a member has the queue paused, hears nothing for a while and asks again; 2. the
   * answer to the first comes, and another member has it go on; 3. the second question comes.
   */
  @Test
  void aQuestionThatComesAgainIsAnsweredAndChangesNothingMore() {
    Member self = LoneCore.SELF;
    Member one = new Member("n1", "n1#1");
    List<Packet.Answer> answers = new ArrayList<>();
    Desk desk =
        new Desk(
            "q",
            self,
            Rules.all(),
            () -> 1,
            QueueCore.CHUNK_BYTES,
            effect -> {
              if (effect instanceof Effect.Send send && send.packet() instanceof Packet.Answer a) {
                answers.add(a);
              }
            });
    QueueState state = new QueueState();
    Dispatcher home =
        new Dispatcher(
            desk,
            new Epoch(1, self.id()),
            state,
            View.of("q", 1, List.of(self)),
            List.of(),
            List.of(),
            List.of(),
            null,
            Epoch.NONE,
            false);
    Packet.Ask pause = new Packet.Ask(1, new Packet.SetPaused(true));
    home.ask(one, pause);
    home.ask(self, new Packet.Ask(1, new Packet.SetPaused(false)));
    home.ask(one, pause);
    assertThat(state.isPaused()).isFalse();

    home.ask(one, new Packet.Ask(2, new Packet.Purge(false, 0)));
    home.enqueue(self, letters(home, self, 1));
    home.ask(one, new Packet.Ask(2, new Packet.Purge(false, 0)));
    assertThat(state.waiting()).isEqualTo(1);
    home.flush();
    assertThat(answers).extracting(Packet.Answer::id).containsExactly(1L, 1L, 1L, 2L, 2L);
    home.ask(one, new Packet.Ask(3, new Packet.Purge(false, 0)));
    assertThat(state.waiting()).isZero();
  }

  @Test
  void theOldestAgeIsThatOfTheOldestThatWaits() {
    LoneCore home = home();
    assertThat(home.count().stats(home.now).oldestAge()).isZero();
    home.publish(Traits.PLAIN, 1);
    home.now += 3_000;
    home.publish(Traits.PLAIN, 1);
    home.now += 2_000;
    assertThat(home.count().stats(home.now).oldestAge()).hasSeconds(5);
    home.subscribe(1);
    assertThat(home.count().stats(home.now).oldestAge()).as("the first is out").hasSeconds(2);
  }

  @Test
  void aDedupeIdIsForgottenWhenItsWindowIsOver() {
    LoneCore home = home();
    Traits once =
        new Traits(Traits.NORMAL, 0, 0, null, "id", null, null, Map.of(), Traits.Room.AS_QUEUE);
    home.publish(once, 1);
    home.pass(HOUR);
    home.publish(once, 1);
    assertThat(home.copy().waiting()).isEqualTo(1);
    home.pass(1);
    home.publish(once, 1);
    assertThat(home.copy().waiting()).isEqualTo(2);
  }

  @Test
  void aDeadLetterHoldsUpItsOrderingKeyNoMore() {
    LoneCore home = new LoneCore(settings(2, 100, WhenFull.BLOCK, 0));
    home.subscribe(1);
    home.publish(LoneCore.plain(0, 0, "a"), 1);
    home.publish(LoneCore.plain(0, 0, "a"), 1);
    home.settleAll(Packet.Verdict.FAILED);
    assertThat(home.begun).as("the second waits while the first is tried again").isEmpty();
    home.pass(100);
    assertThat(places(home)).containsExactly(1L);
    home.settleAll(Packet.Verdict.FAILED);
    assertThat(home.copy().dead()).isEqualTo(1);
    assertThat(places(home)).containsExactly(2L);
  }
}
