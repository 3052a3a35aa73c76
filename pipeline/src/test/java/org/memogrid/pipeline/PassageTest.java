/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a message's way through a step does as time passes. */
class PassageTest {
  private static final Duration DAY = Duration.ofDays(1);
  private static final long NOW = 1_000_000;

  private static StepDefinition step(int index, String name, StepDefinition.Kind kind, int depth) {
    return new StepDefinition(
        name, index, kind, depth, (value, at) -> value, 1, 1, Duration.ofSeconds(1), 0, null);
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
    return new Passage(DEFINITION, step, envelope, 1, Rules.all());
  }

  private static Envelope element() {
    Envelope whole = new Envelope("v", "origin", false, 0, 1_000, 0, 0, List.of(), null);
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
}
