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
 * The contract, simulated. A seed that fails is replayed as a message chart by {@link
 * QueueSimMain}.
 */
class QueueSimTest {
  /** Where to begin to look for what is seldom missed. */
  private static final Map<Rule, Long> RARE =
      Map.of(
          Rule.HAND_OUT_AFTER_BACKUP, 250L,
          Rule.BEGIN_BEHIND_THE_STEP, 3_000L,
          Rule.BEGIN_WITH_ITS_STEP, 900L,
          Rule.SAY_THAT_IT_IS_AHEAD, 4_500L,
          Rule.TAKE_THE_BEST_COPY, 100L,
          Rule.LIMIT_ATTEMPTS, 100L);

  private static final long SEEDS = Long.getLong("memogrid.sim.seeds", 1_000);

  @Test
  void holdsTheContractForEverySeed() {
    Map<Rule, Long> decided = new EnumMap<>(Rule.class);
    Map<String, String> violations = new LinkedHashMap<>();
    long messages = 0;
    long begins = 0;
    for (long seed = 0; seed < SEEDS; seed++) {
      QueueSim sim = new QueueSim(seed, Set.of(), false);
      for (String violation : sim.run()) {
        violations.put("seed " + seed, violation);
      }
      messages += sim.checker.messages();
      begins += sim.checker.begins;
      for (Rule rule : Rule.values()) {
        decided.merge(rule, sim.decided(rule), Long::sum);
      }
    }
    System.out.println(
        SEEDS + " seeds, " + messages + " messages, " + begins + " begun; decided: " + decided);
    assertThat(violations).isEmpty();
  }

  /** The design counts nine; who publishes for the first time opens the queue as well. */
  @Test
  void aMessageCostsTheSameInAClusterOfAHundred() {
    Map<Integer, Double> messages = new LinkedHashMap<>();
    for (int members : new int[] {2, 3, 5, 10, 30, 100}) {
      messages.put(members, QueueSim.messagesPerLoneOne(members, 200));
    }
    System.out.println("messages between members for a lone message of the queue: " + messages);
    assertThat(messages.values()).allSatisfy(each -> assertThat(each).isBetween(3.0, 9.5));
  }

  @Test
  void theSameSeedGivesTheSameRun() {
    for (long seed = 0; seed < 20; seed++) {
      QueueSim first = new QueueSim(seed, Set.of(), true);
      QueueSim second = new QueueSim(seed, Set.of(), true);
      assertThat(first.run()).isEqualTo(second.run());
      assertThat(first.chart()).isEqualTo(second.chart()).contains("Replicate");
    }
  }

  /**
   * A rule that can be left out without anybody noticing is none. For two nothing was noticed in
   * some thousand seeds: what they guard against needs a longer chain of faults than these runs
   * have. {@link ReplicationTest} has the steps, with each of them and without. What a member
   * counts after its acknowledgements is in {@link HomeTest}.
   */
  @ParameterizedTest
  @MethodSource("seen")
  void everyRuleIsNecessary(Rule rule) {
    long first = RARE.getOrDefault(rule, 0L);
    long seed = first;
    String violation = null;
    for (; seed < first + 5_000 && violation == null; seed++) {
      QueueSim sim = new QueueSim(seed, Set.of(rule), false);
      violation = sim.run().stream().findFirst().orElse(null);
    }
    System.out.println("without " + rule + ", seed " + (seed - 1) + ": " + violation);
    assertThat(violation).as("without %s, %d seeds", rule, seed - first).isNotNull();
  }

  /** Those of durable queues are in {@link DurableQueueSimTest}. */
  static Stream<Rule> seen() {
    Set<Rule> unseen =
        Set.of(Rule.REFUSE_OLDER_HOMES, Rule.KEEP_THE_OLD_BACKUP, Rule.ASK_BEHIND_ENDS);
    return Arrays.stream(Rule.values()).filter(rule -> !rule.isOfDisk() && !unseen.contains(rule));
  }
}
