/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** When values may run on to a step. */
class ShortRunsTest {
  private static final long BEGUN = 1_000_000_000_000L;
  private static final long MICRO = 1_000;
  private static final long MILLI = 1_000_000;

  private final ShortRuns runs = new ShortRuns(BEGUN);

  private void run(int times, long nanos) {
    for (int i = 0; i < times; i++) {
      runs.ran(nanos);
    }
  }

  /** The first is a probe. */
  private boolean areShort(long now) {
    boolean unused = runs.areShort(now);
    return runs.areShort(now);
  }

  @Test
  void aStepThatWasSeldomRunIsNotKnownToBeShort() {
    runs.handedOut(BEGUN);
    run(31, MICRO);
    assertThat(areShort(BEGUN)).isFalse();
    run(1, MICRO);
    assertThat(areShort(BEGUN)).isTrue();
  }

  @Test
  void oneValueInAWhileGoesThroughTheQueue() {
    run(32, MICRO);
    runs.handedOut(BEGUN);
    assertThat(runs.areShort(BEGUN)).as("the probe").isFalse();
    assertThat(runs.areShort(BEGUN + 1)).isTrue();
    assertThat(runs.areShort(BEGUN + 49 * MILLI)).isTrue();
    assertThat(runs.areShort(BEGUN + 50 * MILLI)).as("the next").isFalse();
    assertThat(runs.areShort(BEGUN + 51 * MILLI)).isTrue();
  }

  @Test
  void nothingRunsOnToAStepWhoseQueueHandsOutNothing() {
    run(32, MICRO);
    assertThat(areShort(BEGUN)).as("it never has").isFalse();
    runs.handedOut(BEGUN);
    assertThat(areShort(BEGUN + 200 * MILLI)).isTrue();
    assertThat(areShort(BEGUN + 201 * MILLI)).isFalse();
    runs.handedOut(BEGUN + 300 * MILLI);
    assertThat(areShort(BEGUN + 300 * MILLI)).isTrue();
  }

  @Test
  void nothingRunsOnToAStepThatTakesLongOrAwaitsFutures() {
    runs.handedOut(BEGUN);
    run(100, MICRO);
    run(16, 2 * MILLI);
    assertThat(areShort(BEGUN)).isFalse();
    run(100, MICRO);
    assertThat(areShort(BEGUN)).as("one long run is forgotten").isTrue();
    run(1, Duration.ofHours(1).toNanos());
    run(20, MICRO);
    assertThat(areShort(BEGUN)).as("however long it was").isTrue();
    runs.awaits();
    assertThat(areShort(BEGUN)).isFalse();
  }

  @Test
  void noMoreWaitThanAreRunInAMoment() {
    run(1_000, 100 * MICRO);
    assertThat(runs.mostWaiting(1)).isBetween(15, 20);
    assertThat(runs.mostWaiting(10)).isBetween(150, 200);
    run(1_000, 0);
    assertThat(runs.mostWaiting(10)).isEqualTo(1_000);
  }

  /** Or a step whose values all wait elsewhere would get no other. */
  @Test
  void twoOfAWindowForEachThreadAreLeftForTheStepItself() {
    assertThat(ShortRuns.mostAway(1_000, 1)).isEqualTo(998);
    assertThat(ShortRuns.mostAway(1_000, 10)).isEqualTo(980);
    assertThat(ShortRuns.mostAway(20, 10)).as("nothing runs on").isZero();
  }

  @Test
  void whatHappenedInTheLastSecondsIsCounted() {
    Recent recent = new Recent();
    long now = 1_700_000_000_000L;
    for (int second = 0; second < 20; second++) {
      for (int i = 0; i < 10; i++) {
        recent.add(now + 1_000L * second);
      }
    }
    assertThat(recent.perSecond(now + 20_000)).isEqualTo(10);
    assertThat(recent.perSecond(now + 22_000)).isEqualTo(6);
    assertThat(recent.perSecond(now + 60_000)).isZero();
  }
}
