/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What comes back, simulated. {@code -Dmemogrid.sim.seed=N} prints one life as a chart. */
class RecoverySimTest {
  private static final long SEEDS = Long.getLong("memogrid.sim.seeds", 500);

  @Test
  void holdsForEverySeed() {
    long one = Long.getLong("memogrid.sim.seed", -1);
    Map<Rule, Long> decided = new EnumMap<>(Rule.class);
    Map<Long, Object> violations = new LinkedHashMap<>();
    long reads = 0;
    long confirmed = 0;
    for (long seed = Math.max(0, one); seed < (one < 0 ? SEEDS : one + 1); seed++) {
      RecoverySim sim = new RecoverySim(seed, Set.of(), one >= 0);
      if (!sim.run().isEmpty()) {
        violations.put(seed, sim.violations());
      }
      if (one >= 0) {
        System.out.println(sim.chart());
      }
      reads += sim.reads;
      confirmed += sim.confirmed;
      for (Rule rule : Rule.values()) {
        decided.merge(rule, sim.decided(rule), Long::sum);
      }
    }
    System.out.println(
        SEEDS + " seeds, " + confirmed + " writes, " + reads + " reads; decided: " + decided);
    assertThat(violations).isEmpty();
  }

  @Test
  void theSameSeedGivesTheSameLife() {
    for (long seed = 0; seed < 10; seed++) {
      RecoverySim first = new RecoverySim(seed, Set.of(), true);
      RecoverySim second = new RecoverySim(seed, Set.of(), true);
      assertThat(first.run()).isEqualTo(second.run());
      assertThat(first.chart()).isEqualTo(second.chart()).contains("serves");
    }
  }

  /**
   * A rule that can be left out without anybody noticing is none. {@link RecoveryCoreTest} has the
   * one for which chance would take too long, and those for splits, which are not simulated.
   */
  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"ALL_HOLD_WHILE_PUTTING_BACK", "MISTRUST_A_CUT", "NUMBER_OWN_LAYOUTS"})
  void everyRuleIsNecessary(Rule rule) {
    String violation = null;
    long seed = firstSeed(rule);
    for (long end = seed + 2_000; seed < end && violation == null; seed++) {
      violation =
          new RecoverySim(seed, Set.of(rule), false).run().stream().findFirst().orElse(null);
    }
    System.out.println("without " + rule + ", seed " + (seed - 1) + ": " + violation);
    assertThat(violation).as("without %s, up to seed %d", rule, seed).isNotNull();
  }

  /** Where a longer search found that the rule is needed; with another simulation elsewhere. */
  private static long firstSeed(Rule rule) {
    return switch (rule) {
      case WRITERS_ARE_WITNESSES -> 1_670;
      case NUMBER_COORDINATORS -> 3_251;
      case HEAR_ALL_BEFORE_JOINING -> 5_615;
      case UNBROKEN_SIGHT -> 5_033;
      default -> 0;
    };
  }
}
