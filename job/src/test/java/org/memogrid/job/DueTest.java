/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Member;

/** What many instants that have passed cost. */
class DueTest {
  private static final Member SELF = new Member("a", "a#1");
  private static final long START = Instant.parse("2026-03-02T10:00:00Z").toEpochMilli();
  private static final int MANY = 1_000;

  private final List<Effect> effects = new ArrayList<>();
  private final JobCore core =
      new JobCore(SELF, Set.of(SELF), false, Rules.all(), new LiveRuns(), effects::add);
  private final List<Long> fired = new ArrayList<>();

  /** Stores what is to be stored, and ends each firing at once. */
  private void settle(long now) {
    while (!effects.isEmpty()) {
      Effect effect = effects.remove(0);
      if (effect instanceof Effect.Store store) {
        core.stored(true, new Entry(store.after(), store.after(), JobState.NEVER), now);
      } else if (effect instanceof Effect.Run run) {
        fired.add(run.claim().scheduledAt());
        core.ran(run.claim(), now);
      }
    }
  }

  private void begin(Misfire misfire) {
    Schedule schedule = Schedule.cron("* * * * * ?").zone("Europe/Berlin");
    Definition definition = new Definition(schedule, misfire, WhenLost.SKIP, false);
    JobState state = JobState.begin(definition, START);
    core.begin(1, START);
    core.seen(new Entry(state, state, JobState.NEVER), START);
    settle(START);
    assertThat(fired).containsExactly(START);
  }

  @Test
  void eachInstantThatIsMadeUpForIsLookedForOnce() {
    begin(Misfire.fireAll(MANY));
    long before = core.looks();
    long now = START + Duration.ofHours(1).toMillis();
    core.tick(now);
    settle(now);
    assertThat(fired).hasSize(1 + MANY).isSorted().endsWith(now);
    // The first look goes back further and further, and each claim asks what follows, and whether
    // something is let go.
    assertThat(core.looks() - before).isLessThan(15L * MANY);
  }

  @Test
  void whatPassesWhileTheyAreMadeUpForIsNotForgotten() {
    begin(Misfire.fireAll(5));
    for (int second = 20; second < 40; second++) {
      long now = START + second * 1_000L;
      core.tick(now);
      settle(now);
    }
    List<Long> expected = new ArrayList<>(List.of(START));
    for (int second = 16; second < 40; second++) {
      expected.add(START + second * 1_000L);
    }
    assertThat(fired).isEqualTo(expected);
  }

  /** However it is asked, it answers as one that keeps nothing. */
  @Test
  void whatIsKeptIsWhatWouldBeFound() {
    Random random = new Random(7);
    Schedule schedule = Schedule.every(Duration.ofMillis(30));
    for (int life = 0; life < 200; life++) {
      Times times = new Times(schedule, 0);
      int most = 1 + random.nextInt(8);
      Due due = new Due(times, most);
      long after = 0;
      long now = 0;
      for (int look = 0; look < 20; look++) {
        now = Math.max(0, now + random.nextInt(400) - 50);
        List<Long> latest = due.latest(after, now);
        assertThat(latest).isEqualTo(times.latest(after, now, most));
        if (!latest.isEmpty() && random.nextInt(4) > 0) {
          after = latest.get(random.nextInt(latest.size()));
        } else if (random.nextInt(4) == 0) {
          after = Math.max(0, after - 100);
        }
      }
    }
  }
}
