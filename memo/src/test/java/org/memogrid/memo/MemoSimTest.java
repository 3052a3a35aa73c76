/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The contract, simulated. {@code bin/sim memo SEED} shows what happens in a seed. */
@Timeout(900) // of processor time it takes less than a minute; beside other work, much more
class MemoSimTest {
  /** So many that each rule decides often enough, the rarest too. */
  private static final long ENOUGH = 40_000;

  private static final long SEEDS = Long.getLong("memogrid.sim.seeds", ENOUGH);
  private static final long DECIDED_AT_LEAST = 1_000;

  @Test
  void holdsTheContractForEverySeed() {
    MemoSims.Report report = MemoSims.run(0, SEEDS, Set.of());
    System.out.println(report);
    assertThat(report.violations).as("what breaks the contract").isEmpty();
    if (SEEDS >= ENOUGH) {
      assertThat(report.trusted).as("lost entries that were invalidated again").isPositive();
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
    long end = 10_000;
    for (long from = 0; from < end; from += 200) {
      MemoSims.Report report = MemoSims.run(from, from + 200, Set.of(rule));
      if (!report.violations.isEmpty()) {
        System.out.println("without " + rule + ", " + report.violations.get(0));
        return;
      }
    }
    assertThat(rule).as("%s, which %d seeds don't miss", rule, end).isNull();
  }
}
