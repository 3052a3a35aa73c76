/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.lease;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Member;

/** The oldest member of two: whom it gives names, and what many of them cost. */
class DirectoryTest {
  private static final int MANY = 1_000;
  private static final Member SELF = new Member("a", "a#1");
  private static final Member OTHER = new Member("b", "b#1");
  private static final Member THIRD = new Member("c", "c#1");
  private static final Token TOKEN = new Token(7, "b#1");
  private static final LeaseSpec OLDEST = new LeaseSpec(LeaseSpec.Order.OLDEST, List.of(), 1);

  private final Deque<Message> toSelf = new ArrayDeque<>();
  private final List<Effect.Wake> wakes = new ArrayList<>();
  private final List<Effect.Begin> turns = new ArrayList<>();
  private final List<String> refusals = new ArrayList<>();
  private final List<Member> beats = new ArrayList<>();
  private final LeaseCore core = new LeaseCore(SELF, Rules.all(), this::perform, 0);

  private void perform(Effect effect) {
    if (effect instanceof Effect.Send send && send.to().equals(SELF)) {
      toSelf.add(send.message());
    } else if (effect instanceof Effect.Send send && send.message() instanceof Message.Beat) {
      beats.add(send.to());
    } else if (effect instanceof Effect.Wake wake) {
      wakes.add(wake);
    } else if (effect instanceof Effect.Begin begin) {
      turns.add(begin);
    } else if (effect instanceof Effect.Refuse refuse) {
      refusals.add(refuse.name());
    }
  }

  private void deliver(long now) {
    while (!toSelf.isEmpty()) {
      core.received(SELF, toSelf.remove(), now);
    }
  }

  private void lead(Message.Offer... othersOffers) {
    core.install(new View(1, List.of(SELF, OTHER)), 0);
    deliver(0);
    core.received(OTHER, new Message.Sync(1, List.of(othersOffers)), 0);
  }

  /** The race of {@link Directory}: who is heard first does not hold the name. */
  @Test
  void theOptionsOfWhoHoldsANameCount() {
    core.register("name", OLDEST, 0);
    lead(new Message.Offer("name", LeaseSpec.SPREAD, TOKEN, TOKEN, false));
    deliver(0);
    core.tick(300);
    deliver(300);
    assertThat(turns).isEmpty();
    assertThat(refusals).containsExactly("name");
    core.received(OTHER, new Message.Withdraw("name"), 400);
    deliver(400);
    assertThat(turns).hasSize(1);
  }

  /** Without waiting for a view that shows that its holder has gone. */
  @Test
  void whatIsWithdrawnOrGivenBackIsGivenToAnotherAtOnce() {
    lead(
        new Message.Offer("withdrawn", LeaseSpec.SPREAD, TOKEN, TOKEN, false),
        new Message.Offer("released", LeaseSpec.SPREAD, TOKEN, TOKEN, false));
    core.register("withdrawn", LeaseSpec.SPREAD, 10);
    core.register("released", LeaseSpec.SPREAD, 10);
    deliver(10);
    assertThat(turns).as("what another holds").isEmpty();
    core.received(OTHER, new Message.Withdraw("withdrawn"), 20);
    deliver(20);
    assertThat(turns).extracting(Effect.Begin::name).containsExactly("withdrawn");
    core.received(OTHER, new Message.Release("released", TOKEN, true), 30);
    deliver(30);
    assertThat(turns).extracting(Effect.Begin::name).containsExactly("withdrawn", "released");
    assertThat(turns).extracting(Effect.Begin::token).allMatch(token -> token.compareTo(TOKEN) > 0);
  }

  @Test
  void whoWasRefusedWaitsUntilAllHaveBeenHeard() {
    core.install(new View(1, List.of(SELF, OTHER, THIRD)), 0);
    deliver(0);
    core.register("name", LeaseSpec.SPREAD, 0);
    core.received(OTHER, new Message.Sync(1, List.of(refused("name"))), 0);
    deliver(0);
    core.received(THIRD, new Message.Sync(1, List.of()), 0);
    core.tick(300);
    deliver(300);
    assertThat(turns).as("who was not refused has it").hasSize(1);
    assertThat(refusals).isEmpty();
  }

  private static Message.Offer refused(String name) {
    return new Message.Offer(name, OLDEST, Token.NONE, null, true);
  }

  /**
   * The race: 1. a member is in a view whose oldest member lacks the module, but can't reach it, so
   * what it asks is lost; 2. it can again, and the view that tells of it has the same oldest
   * member.
   */
  @Test
  void whoHasNotBeenAskedFindsOutAgainWhetherItEverWillBe() {
    core.install(new View(1, List.of(OTHER, SELF)), 0);
    core.install(new View(2, List.of(OTHER, SELF, THIRD)), 100);
    assertThat(beats).hasSize(1);
    core.tick(900);
    assertThat(beats).hasSize(1);
    core.tick(1_000);
    assertThat(beats).hasSize(2).containsOnly(OTHER);
    core.received(OTHER, new Message.Ask(1), 1_010);
    core.tick(3_000);
    assertThat(beats).as("it was asked").hasSize(2);
  }

  @Test
  void namesThatSettleWaitForOneWakeAllTogether() {
    lead();
    for (int i = 0; i < MANY; i++) {
      core.register("name" + i, LeaseSpec.SPREAD, 10);
    }
    deliver(120);
    core.tick(250);
    assertThat(turns).as("none before it has settled").isEmpty();
    assertThat(wakes).hasSizeLessThan(5);
    for (long now = 251; now < 800; now += 10) {
      core.tick(now);
    }
    deliver(800);
    assertThat(turns).hasSize(MANY);
    assertThat(wakes).hasSizeLessThan(100);
  }

  @Test
  void namesThatNobodyOffersAreForgottenButNotHowFarTokensWere() {
    lead();
    for (int i = 0; i < MANY; i++) {
      core.register("name" + i, LeaseSpec.SPREAD, 1);
    }
    deliver(1);
    core.tick(300);
    deliver(300);
    assertThat(turns).hasSize(MANY);
    Token before = turns.get(0).token();
    for (int i = 0; i < MANY; i++) {
      core.withdraw("name" + i, 400);
    }
    deliver(400);
    assertThat(core.placed()).as("names that are known").isZero();
    core.register("name0", LeaseSpec.SPREAD, 500);
    deliver(500);
    core.tick(800);
    deliver(800);
    assertThat(turns).hasSize(MANY + 1);
    assertThat(turns.get(MANY).token()).isGreaterThan(before);
  }
}
