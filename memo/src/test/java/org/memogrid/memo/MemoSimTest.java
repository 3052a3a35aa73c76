/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The contract, simulated. A seed that fails is replayed as a message chart by {@link MemoSimMain}.
 */
class MemoSimTest {
  /** Where to begin to look for what is seldom missed. */
  private static final Map<Rule, Long> RARE =
      Map.of(
          Rule.FENCE_STOPS_RUNS, 380L,
          Rule.STASH_NEW_GRANT, 1_600L,
          Rule.REGRANT_LOST_GRANT, 100L);

  private static final long SEEDS = Long.getLong("memogrid.sim.seeds", 2_000);

  @Test
  void holdsTheContractForEverySeed() {
    Map<Rule, Long> decided = new EnumMap<>(Rule.class);
    Map<String, String> violations = new LinkedHashMap<>();
    long calls = 0;
    long runs = 0;
    for (long seed = 0; seed < SEEDS; seed++) {
      MemoSim sim = new MemoSim(seed, Set.of(), false);
      for (String violation : sim.run()) {
        violations.put("seed " + seed + " " + sim.kind, violation);
      }
      calls += sim.checker.calls;
      runs += sim.checker.runs();
      for (Rule rule : Rule.values()) {
        decided.merge(rule, sim.decided(rule), Long::sum);
      }
    }
    System.out.println(
        SEEDS + " seeds, " + calls + " calls, " + runs + " runs; decided: " + decided);
    assertThat(violations).isEmpty();
  }

  @Test
  void theSameSeedGivesTheSameRun() {
    for (long seed = 0; seed < 20; seed++) {
      MemoSim first = new MemoSim(seed, Set.of(), true);
      MemoSim second = new MemoSim(seed, Set.of(), true);
      assertThat(first.run()).isEqualTo(second.run());
      assertThat(first.chart()).isEqualTo(second.chart()).contains("Acquire");
    }
  }

  /** A rule that can be left out without anybody noticing is none. */
  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"LOWEST_TOKEN_WINS", "REFUSE_CYCLES"})
  void everyRuleIsNecessary(Rule rule) {
    long first = RARE.getOrDefault(rule, 0L);
    long seed = first;
    String violation = null;
    for (; seed < first + 5_000 && violation == null; seed++) {
      MemoSim sim = new MemoSim(seed, Set.of(rule), false);
      violation = sim.run().stream().findFirst().orElse(null);
    }
    System.out.println("without " + rule + ", seed " + (seed - 1) + ": " + violation);
    assertThat(violation).as("without %s, %d seeds", rule, seed - first).isNotNull();
  }
}
