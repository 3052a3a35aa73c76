/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.testkit.sim;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Queue;
import java.util.function.Predicate;
import org.memogrid.cluster.Member;

/**
 * A network: messages between two members arrive in the order they were sent, after a delay of
 * chance; between different pairs they overtake each other. What a crashed member sent last is
 * lost, the end of it, pair by pair. A paused member receives when it goes on. Between the sides of
 * a cut nothing arrives, nor what was under way.
 */
public final class SimNet {
  private final VirtualTime time;
  private final Map<Pair, Double> lastArrival = new HashMap<>();
  private final Map<Pair, Double> cutOff = new HashMap<>();
  private final Map<Member, Queue<Runnable>> paused = new LinkedHashMap<>();
  private final Map<Member, Double> crashed = new HashMap<>();
  private Predicate<Member> beyond = member -> false;
  private boolean cut;
  private long cuts;
  private long messages;

  public SimNet(VirtualTime time) {
    this.time = time;
  }

  /** Delivers by running {@code delivery}, unless somebody crashes. */
  public void send(Member from, Member to, Runnable delivery) {
    if (crashed.containsKey(from)) {
      return;
    }
    messages++;
    if (cut && beyond.test(from) != beyond.test(to)) {
      return;
    }
    long sent = cuts;
    Pair pair = new Pair(from, to);
    int delay = time.chance(0.75) ? time.between(1, 3) : time.between(1, 40);
    double arrival = Math.max(time.now() + delay, lastArrival.getOrDefault(pair, 0.0) + 0.001);
    lastArrival.put(pair, arrival);
    time.at(
        arrival,
        () -> {
          // The last cut's sides: who lost what does not change when the cut heals.
          if (sent == cuts || beyond.test(from) == beyond.test(to)) {
            arrive(pair, delivery);
          }
        });
  }

  /** Cuts off those who fulfil the condition. */
  public void cut(Predicate<Member> away) {
    beyond = away;
    cut = true;
    cuts++;
  }

  public void heal() {
    cut = false;
  }

  private void arrive(Pair pair, Runnable delivery) {
    if (crashed.containsKey(pair.to)) {
      return;
    }
    Double crash = crashed.get(pair.from);
    if (crash != null) {
      double end = cutOff.computeIfAbsent(pair, p -> crash + time.between(0, 40));
      if (time.now() > end) {
        return;
      }
    }
    whenAwake(pair.to, delivery);
  }

  /** Runs the member's action now, or when it goes on, or never if it is down. */
  public void whenAwake(Member member, Runnable action) {
    if (crashed.containsKey(member)) {
      return;
    }
    Queue<Runnable> waiting = paused.get(member);
    if (waiting == null) {
      action.run();
    } else {
      waiting.add(action);
    }
  }

  public void crash(Member member) {
    crashed.put(member, time.now());
    paused.remove(member);
  }

  public void pause(Member member, double length) {
    if (paused.putIfAbsent(member, new ArrayDeque<>()) != null) {
      return;
    }
    time.after(
        length,
        () -> {
          Queue<Runnable> waiting = paused.remove(member);
          if (waiting != null) {
            waiting.forEach(Runnable::run);
          }
        });
  }

  public long messages() {
    return messages;
  }

  private record Pair(Member from, Member to) {}
}
