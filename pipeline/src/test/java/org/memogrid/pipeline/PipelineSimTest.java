/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The contract, simulated. A seed that fails is replayed as a message chart by {@link
 * PipelineSimMain}.
 */
class PipelineSimTest {
  /** Where to begin to look for what is seldom missed. */
  private static final Map<Rule, Long> RARE = Map.of(Rule.ONE_GROUP_PER_RESULT, 2_700L);

  @Test
  void holdsTheContractForEverySeed() {
    check(0, Long.getLong("memogrid.sim.seeds", 500));
  }

  @Test
  @Tag("long")
  void holdsTheContractForManySeeds() {
    check(500, 10_000);
  }

  private static void check(long from, long to) {
    Map<String, String> violations = new LinkedHashMap<>();
    int runs = 0;
    for (long seed = from; seed < to; seed++) {
      PipelineSim sim = new PipelineSim(seed, Set.of(), false);
      for (String violation : sim.run()) {
        violations.put("seed " + seed, violation);
      }
      runs += sim.runs;
    }
    System.out.println("seeds from " + from + " to " + to + ", " + runs + " runs of steps");
    assertThat(violations).isEmpty();
  }

  @Test
  void theSameSeedGivesTheSameRun() {
    for (long seed = 0; seed < 10; seed++) {
      PipelineSim first = new PipelineSim(seed, Set.of(), true);
      PipelineSim second = new PipelineSim(seed, Set.of(), true);
      assertThat(first.run()).isEqualTo(second.run());
      assertThat(first.chart().lines().count()).isEqualTo(second.chart().lines().count());
    }
  }

  /** An origin is told what was decided in its place, and asks: without both it never hears. */
  @Test
  void oneOfTheTwoWaysToAnOriginThatReturnsIsNecessary() {
    Set<Rule> both = Set.of(Rule.TELL_WHO_RETURNS, Rule.ASK_AFTER_CHANGE);
    assertThat(new PipelineSim(48, both, false).run()).isNotEmpty();
  }

  /**
   * A rule that can be left out without anybody noticing is none. For four nothing is noticed here:
   * what they guard against needs more to happen within one round trip than these runs have, or
   * callers that these do not have; {@link ResultCoreTest} shows what goes wrong without them. Two
   * more each do what the other does, as long as no more happens.
   */
  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {
        "LEAVE_IT_TO_THE_ORIGIN",
        "BELIEVE_TWO",
        "ASK_ANEW",
        "DEATH_OF_ONE_LIFE",
        "TELL_WHO_RETURNS",
        "ASK_AFTER_CHANGE"
      })
  void everyRuleIsNecessary(Rule rule) {
    long first = RARE.getOrDefault(rule, 0L);
    long seed = first;
    String violation = null;
    for (; seed < first + 5_000 && violation == null; seed++) {
      PipelineSim sim = new PipelineSim(seed, Set.of(rule), false);
      violation = sim.run().stream().findFirst().orElse(null);
    }
    System.out.println("without " + rule + ", seed " + (seed - 1) + ": " + violation);
    assertThat(violation).as("without %s, %d seeds", rule, seed - first).isNotNull();
  }
}
