/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A job, simulated. {@code -Dmemogrid.sim.seed=N} prints one life as a chart. */
class JobSimTest {
  private static final long SEEDS = Long.getLong("memogrid.sim.seeds", 400);

  @Test
  void holdsForEverySeed() {
    long one = Long.getLong("memogrid.sim.seed", -1);
    Map<Rule, Long> decided = new EnumMap<>(Rule.class);
    Map<Long, Object> violations = new LinkedHashMap<>();
    long firings = 0;
    long lost = 0;
    long missed = 0;
    long ends = 0;
    long goneOn = 0;
    for (long seed = Math.max(0, one); seed < (one < 0 ? SEEDS : one + 1); seed++) {
      JobSim sim = new JobSim(seed, Set.of(), one >= 0);
      if (!sim.run().isEmpty()) {
        violations.put(seed, sim.violations());
      }
      if (one >= 0) {
        System.out.println(sim.chart());
      }
      firings += sim.firings;
      lost += sim.lost;
      missed += sim.missed;
      ends += sim.ends;
      goneOn += sim.goneOn;
      for (Rule rule : Rule.values()) {
        decided.merge(rule, sim.decided(rule), Long::sum);
      }
    }
    System.out.println(
        SEEDS
            + " seeds, "
            + firings
            + " firings, "
            + lost
            + " lost, "
            + missed
            + " missed, "
            + ends
            + " ends of all, "
            + goneOn
            + " times gone on without some; decided: "
            + decided);
    assertThat(violations).isEmpty();
  }

  @Test
  void theSameSeedGivesTheSameLife() {
    for (long seed = 0; seed < 10; seed++) {
      JobSim first = new JobSim(seed, Set.of(), true);
      JobSim second = new JobSim(seed, Set.of(), true);
      assertThat(first.run()).isEqualTo(second.run());
      assertThat(first.chart()).isEqualTo(second.chart()).contains("begins");
    }
  }

  /** A rule that can be left out without anybody noticing is none. */
  @ParameterizedTest
  @EnumSource(Rule.class)
  void everyRuleIsNecessary(Rule rule) {
    String violation = null;
    long seed = 0;
    for (; seed < 2_000 && violation == null; seed++) {
      violation = new JobSim(seed, Set.of(rule), false).run().stream().findFirst().orElse(null);
    }
    System.out.println("without " + rule + ", seed " + (seed - 1) + ": " + violation);
    assertThat(violation).as("without %s, %d seeds", rule, seed).isNotNull();
  }
}
