/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a message's way through a step does as time passes. */
class PassageTest {
  private static final Duration DAY = Duration.ofDays(1);
  private static final long NOW = 1_000_000;

  private static StepDefinition step(int index, String name, StepDefinition.Kind kind, int depth) {
    return new StepDefinition(
        name,
        index,
        kind,
        depth,
        (value, at) -> value,
        1,
        1,
        Duration.ofSeconds(1),
        0,
        false,
        null);
  }

  private static final StepDefinition SPLIT = step(0, "split", StepDefinition.Kind.FAN_OUT, 0);
  private static final StepDefinition JOIN = step(1, "join", StepDefinition.Kind.JOIN, 0);
  private static final Definition DEFINITION =
      new Definition(
          "fans",
          List.of(SPLIT, JOIN),
          100,
          10,
          Duration.ZERO,
          Duration.ZERO,
          Duration.ofHours(1),
          DAY,
          null);

  private static Passage passage(StepDefinition step, Envelope envelope) {
    return Passage.of(DEFINITION, step, envelope, 1, false, Rules.all());
  }

  private static Envelope element() {
    Envelope whole =
        new Envelope("v", "origin", false, 0, 1_000, 0, 0, List.of(), Envelope.Before.NONE, null);
    Act act = passage(SPLIT, whole).returnedAll(List.of(new byte[1], new byte[2]), NOW);
    return Envelope.decode(((Act.Move) act).parcels().get(1).envelope().encode());
  }

  @Test
  void aPartThatFindsOthersMissingWaitsUntilPartsAreKeptNoLonger() {
    Passage early = passage(JOIN, element());
    assertThat(early.begin(NOW)).isInstanceOf(Act.Store.class);
    assertThat(early.stored()).isInstanceOf(Act.Look.class);
    assertThat(early.looked(null, NOW + DAY.toMillis() - 1)).isInstanceOf(Act.Ack.class);
    Passage late = passage(JOIN, element());
    Act act = late.looked(null, NOW + DAY.toMillis());
    assertThat(act).isInstanceOf(Act.Conclude.class);
    Outcome told = ((Act.Conclude) act).outcome();
    assertThat(told.kind()).isEqualTo(Outcome.Kind.FAILED);
    assertThat(told.why()).contains("'fans'", "'join'", "2 elements", "PT24H", "keepParts");
    assertThat(late.concluded()).isInstanceOf(Act.Ack.class);
  }

  @Test
  void whoFindsAllPartsGoesOnHoweverLateItIs() {
    Passage late = passage(JOIN, element());
    Act act = late.looked(List.of(new byte[1], new byte[2]), NOW + 2 * DAY.toMillis());
    assertThat(act).isInstanceOf(Act.Run.class);
    assertThat(late.envelope().branches()).isEmpty();
  }

  // ---- running on

  private static final StepDefinition ONE = step(0, "one", StepDefinition.Kind.PLAIN, 0);
  private static final StepDefinition TWO = step(1, "two", StepDefinition.Kind.PLAIN, 0);
  private static final Fault BOOM = Fault.of(new IllegalStateException("boom"));

  private static Passage first(boolean redelivered, int attempts) {
    Definition two =
        new Definition(
            "two",
            List.of(ONE, TWO),
            100,
            attempts,
            Duration.ZERO,
            Duration.ZERO,
            Duration.ofHours(1),
            DAY,
            null);
    Envelope value =
        new Envelope(
            "v", "origin", false, 0, 1_000, 0, 0, List.of(), Envelope.Before.NONE, new byte[1]);
    return Passage.of(two, ONE, value, 1, redelivered, Rules.all());
  }

  private static Act.Move move(Passage passage, int size, @Nullable String goTo) {
    return (Act.Move) passage.returned(new byte[size], goTo);
  }

  private static Passage ranOn() {
    Passage one = first(false, 10);
    Act.Move move = move(one, 1, null);
    assertThat(move.mayRunOn()).isTrue();
    return one.onTo(move.parcels().get(0));
  }

  @Test
  void whatWasOutBeforeOrIsLargeOrGoesBackOrCannotBeTriedAgainDoesNotRunOn() {
    assertThat(move(first(true, 10), 1, null).mayRunOn()).isFalse();
    assertThat(move(first(false, 10), 64 * 1024 + 1, null).mayRunOn()).isFalse();
    assertThat(move(first(false, 10), 1, "one").mayRunOn()).isFalse();
    assertThat(move(first(false, 1), 1, null).mayRunOn()).isFalse();
  }

  @Test
  void whatFailsWhereItRanOnGoesToTheQueueOfThatStepWithOneAttemptLess() {
    Act act = ranOn().failed(BOOM, false, false, null, null);
    Act.HandBack back = (Act.HandBack) act;
    assertThat(back.again()).isTrue();
    assertThat(back.parcel().to()).isEqualTo(TWO);
    assertThat(back.parcel().moveId())
        .isEqualTo(move(first(false, 10), 1, null).parcels().get(0).moveId());
    Envelope again = Envelope.decode(back.parcel().envelope().encode());
    assertThat(Passage.of(DEFINITION, TWO, again, 1, false, Rules.all()).attempt()).isEqualTo(2);
    assertThat(Passage.of(DEFINITION, TWO, again, 2, true, Rules.all()).attempt()).isEqualTo(3);
    assertThat(Passage.of(DEFINITION, TWO, again, 1, true, Rules.all()).attempt())
        .as("put back from the dead letters")
        .isEqualTo(1);
  }

  @Test
  void whatIsGivenUpWhereItRanOnIsADeadLetterOfThatStepAndGoesOnWhenPutBack() {
    Passage two = ranOn();
    Act.Conclude told = (Act.Conclude) two.broken(BOOM);
    assertThat(told.outcome().kind()).isEqualTo(Outcome.Kind.DEAD);
    assertThat(told.outcome().step()).isEqualTo("two");
    Act.HandBack back = (Act.HandBack) two.concluded();
    assertThat(back.again()).isFalse();
    Envelope dead = Envelope.decode(back.parcel().envelope().encode());
    Act.Bury bury = (Act.Bury) Passage.of(DEFINITION, TWO, dead, 1, false, Rules.all()).begin(NOW);
    assertThat(bury.why()).startsWith(Passage.GIVEN_UP).contains("boom");
    assertThat(Passage.of(DEFINITION, TWO, dead, 1, true, Rules.all()).begin(NOW))
        .isInstanceOf(Act.Run.class);
  }
}
