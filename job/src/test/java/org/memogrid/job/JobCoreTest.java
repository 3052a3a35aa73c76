/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Member;

/** Single steps of a core, where a simulated life meets them once in thousands. */
class JobCoreTest {
  private static final Member SELF = new Member("a", "a#1");
  private static final long START = 1_700_000_000_000L;

  private final List<Effect> effects = new ArrayList<>();
  private final JobCore core =
      new JobCore(SELF, Set.of(SELF), false, Rules.all(), new LiveRuns(), effects::add);

  private static Entry entry(JobState state) {
    return new Entry(state, state, JobState.NEVER);
  }

  /** What is to be stored next. */
  private JobState stored() {
    return effects.stream()
        .filter(Effect.Store.class::isInstance)
        .map(effect -> ((Effect.Store) effect).after())
        .reduce((before, last) -> last)
        .orElseThrow();
  }

  /**
   * A firing has ended and the entry has it closed; then an older one is read, as by a member that
   * is just back, which does not know of the firing; then one that has it open.
   */
  @Test
  void aFiringThatHasEndedIsClosedAndNotGivenUpWhateverIsReadInBetween() {
    Definition definition =
        new Definition(
            Schedule.every(Duration.ofSeconds(1)), Misfire.FIRE_ONCE, WhenLost.RERUN, false);
    JobState before = JobState.begin(definition, START);
    core.begin(1, START);
    core.seen(entry(before), START);
    JobState claimed = stored();
    core.stored(true, entry(claimed), START);
    Claim claim = claimed.open().get(0);
    core.ran(claim, START + 1);
    core.stored(true, entry(stored()), START + 2);
    core.end();
    core.seen(entry(before), START + 3);
    effects.clear();
    core.seen(entry(claimed), START + 4);
    assertThat(effects).hasSize(1);
    assertThat(stored().open()).isEmpty();
  }
}
