/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.FencedException;
import org.memogrid.cache.Mode;
import org.memogrid.daemon.Daemon;
import org.memogrid.daemon.DaemonBuilder;
import org.memogrid.daemon.DaemonContext;
import org.memogrid.daemon.Placement;
import org.memogrid.testkit.NodeContext;
import org.memogrid.testkit.NodeProcess;

/**
 * What daemons of one name in JVMs of their own tell the test: each counts on from the number in a
 * cache. The times are those of the machine's monotonic clock, which all JVMs on it share.
 */
final class Counter {
  final List<Step> steps = new CopyOnWriteArrayList<>();

  /** Turns whose write was refused while they counted. */
  final List<Step> refused = new CopyOnWriteArrayList<>();

  /** Turns that ended, and how. */
  final List<End> ended = new CopyOnWriteArrayList<>();

  /** A number that a turn wrote, and when it began to. */
  record Step(String node, long turn, int number, long began) {
    static Step heard(String node, String told) {
      String[] parts = told.split(" ", -1);
      return new Step(
          node, Long.parseLong(parts[0]), Integer.parseInt(parts[1]), Long.parseLong(parts[2]));
    }
  }

  /**
   * The end of a turn.
   *
   * @param active what its context said then
   * @param accepted whether a fenced write with its token was accepted after that
   * @param at when nothing of it was left
   */
  record End(String node, long turn, boolean active, boolean accepted, long at) {
    static End heard(String node, String told) {
      String[] parts = told.split(" ", -1);
      return new End(
          node,
          Long.parseLong(parts[0]),
          Boolean.parseBoolean(parts[1]),
          Boolean.parseBoolean(parts[2]),
          Long.parseLong(parts[3]));
    }
  }

  /** Starts it on a node; with a quorum it also prefers the node {@code preferred}. */
  void start(NodeProcess node, int quorum, String preferred) {
    start(node, quorum, preferred, Duration.ZERO);
  }

  private void start(NodeProcess node, int quorum, String preferred, Duration lingering) {
    node.onEvent("steps", told -> steps.add(Step.heard(node.name(), String.valueOf(told))));
    node.onEvent("refused", told -> refused.add(Step.heard(node.name(), String.valueOf(told))));
    node.onEvent("ended", told -> ended.add(End.heard(node.name(), String.valueOf(told))));
    node.run(
        there ->
            there.kept(
                "daemon",
                () -> {
                  DaemonBuilder builder =
                      Daemon.named("counter", context -> count(there, context, lingering));
                  if (quorum > 1) {
                    builder.quorum(quorum).placement(Placement.preferred(preferred));
                  }
                  return builder.start(there.cluster());
                }));
  }

  void start(NodeProcess node) {
    start(node, Duration.ZERO);
  }

  /** One that takes so long to end. */
  void start(NodeProcess node, Duration lingering) {
    start(node, 1, "", lingering);
  }

  /** Runs in the node's JVM. */
  private static void count(NodeContext there, DaemonContext context, Duration lingering)
      throws InterruptedException {
    Cache<String, Integer> numbers = there.cluster().cache("numbers", Mode.REPLICATED);
    long turn = context.token().number();
    do {
      Integer last = numbers.get("counter");
      int next = last == null ? 1 : last + 1;
      long began = System.nanoTime();
      try {
        numbers.putFenced("counter", next, context.token());
      } catch (FencedException e) {
        there.emit("refused", turn + " " + next + " " + began);
        break;
      } catch (CacheException unable) {
        if (context.isActive()) {
          throw unable;
        }
        break; // it stood still in the midst of a write, and what it waited for was lost
      }
      if (context.isActive()) {
        there.emit("steps", turn + " " + next + " " + began);
      }
    } while (context.sleep(Duration.ofMillis(20)));
    String how = turn + " " + context.isActive() + " " + isAccepted(numbers, context, turn);
    long until = System.nanoTime() + lingering.toNanos();
    for (long left = 1; left > 0; left = until - System.nanoTime()) {
      LockSupport.parkNanos(left);
    }
    there.emit("ended", how + " " + System.nanoTime());
  }

  /**
   * Under another key: a token is compared with all that were written by its name. A member that
   * has been taken for dead may not be able to write at all until it has met the others.
   */
  private static boolean isAccepted(
      Cache<String, Integer> numbers, DaemonContext context, long turn) {
    while (true) {
      try {
        numbers.putFenced("late " + turn, 1, context.token());
        return true;
      } catch (FencedException e) {
        return false;
      } catch (CacheException unable) {
        LockSupport.parkNanos(1_000_000);
      }
    }
  }

  Step last() {
    return steps.get(steps.size() - 1);
  }

  /** The first step of the turn that the last step is of. */
  Step firstOfTheLastTurn() {
    long turn = last().turn();
    return steps.stream()
        .filter(step -> step.turn() == turn)
        .min(Comparator.comparing(Step::number))
        .orElseThrow();
  }

  Step lastOf(long turn) {
    return steps.stream()
        .filter(step -> step.turn() == turn)
        .max(Comparator.comparing(Step::number))
        .orElseThrow();
  }

  /**
   * In the order of the numbers, which rise by one, turns never go back. Where a turn ends, a
   * number may be missing: it was written by a member that was lost before it could tell.
   */
  void assertOneAtATime() {
    List<Step> sorted = steps.stream().sorted(Comparator.comparingInt(Step::number)).toList();
    for (int i = 1; i < sorted.size(); i++) {
      Step before = sorted.get(i - 1);
      Step now = sorted.get(i);
      int most = now.turn() == before.turn() ? 1 : 2;
      assertThat(now.number() - before.number()).as("%s, then %s", before, now).isBetween(1, most);
      assertThat(now.turn()).as("%s, then %s", before, now).isGreaterThanOrEqualTo(before.turn());
    }
  }

  /** From the first step to the last, no turn has been active together with another. */
  void assertDisjoint() {
    assertDisjoint(List.of());
  }

  /** The same up to the end of what was told to end; not where a process stood still. */
  void assertDisjointToTheEnd() {
    assertDisjoint(ended);
  }

  private void assertDisjoint(List<End> ends) {
    Map<Long, long[]> turns = new TreeMap<>();
    for (Step step : steps) {
      long[] time =
          turns.computeIfAbsent(step.turn(), t -> new long[] {step.began(), step.began()});
      time[0] = Math.min(time[0], step.began());
      time[1] = Math.max(time[1], step.began());
    }
    for (End end : ends) {
      long[] time = turns.get(end.turn());
      if (time != null) {
        time[1] = Math.max(time[1], end.at());
      }
    }
    long last = Long.MIN_VALUE;
    for (Map.Entry<Long, long[]> turn : turns.entrySet()) {
      assertThat(turn.getValue()[0])
          .as("turn %s began after all before", turn.getKey())
          .isGreaterThan(last);
      last = turn.getValue()[1];
    }
  }
}
