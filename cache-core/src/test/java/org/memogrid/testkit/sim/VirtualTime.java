/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.testkit.sim;

import java.util.List;
import java.util.PriorityQueue;
import java.util.Random;

/** A clock that jumps from event to event, and the only source of chance. Not thread-safe. */
public final class VirtualTime {
  private final PriorityQueue<Event> events = new PriorityQueue<>();
  private final Random random;
  private double now;
  private long scheduled;

  public VirtualTime(long seed) {
    this.random = new Random(seed);
  }

  /** In milliseconds. */
  public double now() {
    return now;
  }

  public void after(double delay, Runnable action) {
    at(now + delay, action);
  }

  /** Events of the same instant happen in the order they were scheduled. */
  public void at(double time, Runnable action) {
    events.add(new Event(Math.max(time, now), scheduled++, action));
  }

  /** Runs what is due before {@code end}. */
  public void runUntil(double end) {
    for (Event next = events.peek(); next != null && next.time < end; next = events.peek()) {
      events.remove(next);
      now = next.time;
      next.action.run();
    }
  }

  /** From {@code low} to {@code high}, both included. */
  public int between(int low, int high) {
    return low + random.nextInt(high - low + 1);
  }

  public boolean chance(double probability) {
    return random.nextDouble() < probability;
  }

  public <T> T oneOf(List<T> choices) {
    return choices.get(random.nextInt(choices.size()));
  }

  private record Event(double time, long order, Runnable action) implements Comparable<Event> {
    @Override
    public int compareTo(Event other) {
      int byTime = Double.compare(time, other.time);
      return byTime != 0 ? byTime : Long.compare(order, other.order);
    }
  }
}
