/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The contract, simulated. {@code bin/sim memo SEED} shows what happens in a seed. */
class MemoSimTest {
  private static final long SEEDS = Long.getLong("memogrid.sim.seeds", 20_000);

  /** Two rules are met in few lives: grants of a configuration to come, two tokens that meet. */
  private static final long DECIDED_AT_LEAST = 500;

  /**
   * Seeds whose lives break the contract, for reasons not found yet: three with one run too many,
   * one with a stale value after several members were lost while they invalidated. The list may
   * only shrink. A change of the core or of the simulation gives every seed another life.
   */
  private static final Set<Long> UNSOLVED = Set.of(4412L, 10409L, 15147L, 16077L);

  @Test
  void holdsTheContractForEverySeed() {
    MemoSims.Report report = MemoSims.run(0, SEEDS, Set.of());
    System.out.println(report);
    assertThat(report.violations)
        .filteredOn(violation -> !UNSOLVED.contains(violation.seed()))
        .as("what breaks the contract")
        .isEmpty();
    if (SEEDS >= 20_000) {
      assertThat(report.violations)
          .extracting(MemoSims.Violation::seed)
          .as("seeds that break the contract as they did")
          .containsAll(UNSOLVED);
    }
    if (SEEDS >= 20_000) {
      assertThat(report.decided)
          .hasSize(Rule.values().length)
          .allSatisfy(
              (rule, count) ->
                  assertThat(count)
                      .as("how often %s decided", rule)
                      .isGreaterThan(DECIDED_AT_LEAST));
    }
  }

  @Test
  void theSameSeedGivesTheSameRun() {
    for (long seed = 0; seed < 50; seed++) {
      MemoSim first = new MemoSim(seed, Set.of(), true);
      MemoSim second = new MemoSim(seed, Set.of(), true);
      assertThat(first.run()).isEqualTo(second.run());
      assertThat(first.chart()).isEqualTo(second.chart()).contains("Acquire");
    }
  }

  /** A rule that can be left out without anybody noticing is none. */
  @ParameterizedTest
  @EnumSource
  void everyRuleIsNecessary(Rule rule) {
    long end = 20_000;
    for (long from = 0; from < end; from += 200) {
      MemoSims.Report report = MemoSims.run(from, from + 200, Set.of(rule));
      for (MemoSims.Violation violation : report.violations) {
        if (!UNSOLVED.contains(violation.seed())) {
          System.out.println("without " + rule + ", " + violation);
          return;
        }
      }
    }
    assertThat(rule).as("%s, which %d seeds don't miss", rule, end).isNull();
  }
}
