/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.lease;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Who holds a name, simulated. {@code -Dmemogrid.sim.seed=N} prints one life as a chart. */
class LeaseSimTest {
  /** Where to begin to look for what is seldom missed. */
  private static final Map<Rule, Long> RARE =
      Map.of(Rule.HEAR_ALL_BEFORE_LOSING_PATIENCE, 230L, Rule.SAME_VIEW_VOTES, 1_330L);

  private static final long SEEDS = Long.getLong("memogrid.sim.seeds", 300);

  @Test
  void holdsForEverySeed() {
    long one = Long.getLong("memogrid.sim.seed", -1);
    Map<Rule, Long> decided = new EnumMap<>(Rule.class);
    Map<Long, Object> violations = new LinkedHashMap<>();
    long turns = 0;
    for (long seed = Math.max(0, one); seed < (one < 0 ? SEEDS : one + 1); seed++) {
      LeaseSim sim = new LeaseSim(seed, Set.of(), one >= 0);
      if (!sim.run().isEmpty()) {
        violations.put(seed, sim.violations());
      }
      if (one >= 0) {
        System.out.println(sim.chart());
      }
      turns += sim.turns;
      for (Rule rule : Rule.values()) {
        decided.merge(rule, sim.decided(rule), Long::sum);
      }
    }
    System.out.println(SEEDS + " seeds, " + turns + " turns; decided: " + decided);
    assertThat(violations).isEmpty();
  }

  @Test
  void theSameSeedGivesTheSameLife() {
    for (long seed = 0; seed < 10; seed++) {
      LeaseSim first = new LeaseSim(seed, Set.of(), true);
      LeaseSim second = new LeaseSim(seed, Set.of(), true);
      assertThat(first.run()).isEqualTo(second.run());
      assertThat(first.chart()).isEqualTo(second.chart()).contains("begins");
    }
  }

  /** A rule that can be left out without anybody noticing is none. */
  @ParameterizedTest
  @EnumSource(Rule.class)
  void everyRuleIsNecessary(Rule rule) {
    long first = RARE.getOrDefault(rule, 0L);
    long seed = first;
    String violation = null;
    for (; seed < first + 2_000 && violation == null; seed++) {
      violation = new LeaseSim(seed, Set.of(rule), false).run().stream().findFirst().orElse(null);
    }
    System.out.println("without " + rule + ", seed " + (seed - 1) + ": " + violation);
    assertThat(violation).as("without %s, %d seeds", rule, seed - first).isNotNull();
  }
}
