/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The contract of a durable queue, simulated: all members are lost at a time, some of them, the
 * disk refuses and is late. {@code QueueSimMain durable} replays a seed.
 */
class DurableQueueSimTest {
  /** Where to begin to look for what is seldom missed. */
  private static final Map<Rule, Long> RARE =
      Map.of(
          Rule.REIGN_ABOVE_THE_DISK, 12_560L,
          Rule.READ_THE_DISK, 1_050L,
          Rule.FOLLOW_WHO_WAS_NAMED, 3_700L,
          Rule.SETTLE_WHEN_MOVED, 1_570L,
          Rule.CONFIRM_WHEN_MOVED, 490L,
          Rule.KEEP_IDS_OF_ENDED, 1_150L,
          Rule.TRUST_NAMED_COPIES, 1_050L);

  private static final long SEEDS = Long.getLong("memogrid.sim.seeds", 400);

  @Test
  void holdsTheContractForEverySeed() {
    Map<Rule, Long> decided = new EnumMap<>(Rule.class);
    Map<String, String> violations = new LinkedHashMap<>();
    long messages = 0;
    for (long seed = 0; seed < SEEDS; seed++) {
      QueueSim sim = new QueueSim(seed, Set.of(), false, true);
      for (String violation : sim.run()) {
        violations.put("seed " + seed, violation);
      }
      messages += sim.checker.messages();
      for (Rule rule : Rule.values()) {
        decided.merge(rule, sim.decided(rule), Long::sum);
      }
    }
    System.out.println(SEEDS + " durable seeds, " + messages + " messages; decided: " + decided);
    assertThat(violations).isEmpty();
  }

  /**
   * Three need a longer chain of faults than most lives have: {@link DurableRulesTest} has them.
   */
  static Stream<Rule> seen() {
    Set<Rule> unseen =
        Set.of(Rule.CONFIRM_WHEN_NAMED, Rule.NAME_WHO_HAS_ALL, Rule.HAND_OUT_WHEN_NAMED);
    return Arrays.stream(Rule.values()).filter(rule -> rule.isOfDisk() && !unseen.contains(rule));
  }

  @ParameterizedTest
  @MethodSource("seen")
  void everyRuleIsNecessary(Rule rule) {
    long first = RARE.getOrDefault(rule, 0L);
    long seed = first;
    String violation = null;
    for (; seed < first + 5_000 && violation == null; seed++) {
      QueueSim sim = new QueueSim(seed, Set.of(rule), false, true);
      violation = sim.run().stream().findFirst().orElse(null);
    }
    System.out.println("without " + rule + ", seed " + (seed - 1) + ": " + violation);
    assertThat(violation).as("without %s, %d seeds", rule, seed - first).isNotNull();
  }
}
