/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;

/**
 * How often a step was run on this member and how long it took: a count per range of durations, of
 * which four make a power of two, so that what is read from it is at most a quarter off.
 * Thread-safe.
 */
final class StepCounter {
  private static final int PARTS = 4;
  private static final int RANGES = 64 * PARTS;

  private final AtomicLongArray runs = new AtomicLongArray(RANGES);
  private final LongAdder failures = new LongAdder();
  private final Recent ranOn = new Recent();

  void ran(long nanos) {
    runs.incrementAndGet(range(nanos));
  }

  void failed(long nanos) {
    ran(nanos);
    failures.increment();
  }

  /** A value that had run on to the step has left it. */
  void ranOn(long now) {
    ranOn.add(now);
  }

  private static int range(long nanos) {
    long least = Math.max(PARTS, nanos);
    int power = 63 - Long.numberOfLeadingZeros(least);
    int part = (int) ((least >> (power - 2)) & (PARTS - 1));
    return power * PARTS + part;
  }

  private static long nanos(int range) {
    int power = range / PARTS;
    return power < 2 ? 0 : (1L << power) + ((long) (range % PARTS) << (power - 2));
  }

  Packet.StepCount count(String step, int guests, int away, long now) {
    List<Long> counts = new ArrayList<>(RANGES);
    int last = 0;
    for (int i = 0; i < RANGES; i++) {
      counts.add(runs.get(i));
      last = counts.get(i) > 0 ? i + 1 : last;
    }
    return new Packet.StepCount(
        step,
        failures.sum(),
        List.copyOf(counts.subList(0, last)),
        guests,
        away,
        ranOn.perSecond(now));
  }

  /** The counts of several members as one. */
  static Packet.StepCount sum(String step, List<Packet.StepCount> counts) {
    long failures = 0;
    int guests = 0;
    int away = 0;
    double ranOn = 0;
    long[] runs = new long[RANGES];
    for (Packet.StepCount count : counts) {
      failures += count.failures();
      guests += count.guests();
      away += count.away();
      ranOn += count.ranOn();
      for (int i = 0; i < Math.min(RANGES, count.runs().size()); i++) {
        runs[i] += count.runs().get(i);
      }
    }
    List<Long> all = new ArrayList<>();
    for (long each : runs) {
      all.add(each);
    }
    return new Packet.StepCount(step, failures, all, guests, away, ranOn);
  }

  static long runs(Packet.StepCount count) {
    return count.runs().stream().mapToLong(Long::longValue).sum();
  }

  /** Of so many of the runs, this is the slowest. */
  static Duration quantile(Packet.StepCount count, double part) {
    long wanted = (long) Math.ceil(part * runs(count));
    for (int i = 0; i < count.runs().size(); i++) {
      wanted -= count.runs().get(i);
      if (wanted <= 0 && count.runs().get(i) > 0) {
        return Duration.ofNanos(nanos(i));
      }
    }
    return Duration.ZERO;
  }
}
