/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import java.util.concurrent.atomic.LongAdder;
import javax.cache.management.CacheStatisticsMXBean;
import org.memogrid.internal.store.Store;

/**
 * What this member did with a cache, for JMX. Counts nothing while it is off, but for the
 * evictions, which the store counts. Times are means over the calls that were counted.
 */
final class Statistics implements CacheStatisticsMXBean {
  private final Store store;
  private final LongAdder hits = new LongAdder();
  private final LongAdder misses = new LongAdder();
  private final LongAdder puts = new LongAdder();
  private final LongAdder removals = new LongAdder();
  private final Mean gets = new Mean();
  private final Mean putTimes = new Mean();
  private final Mean removalTimes = new Mean();
  private volatile long evictionsBefore;
  private volatile boolean on;

  Statistics(Store store) {
    this.store = store;
    this.evictionsBefore = store.evictions();
  }

  void turn(boolean on) {
    this.on = on;
  }

  /** When a call began; 0 while nothing is counted. */
  long begin() {
    return on ? System.nanoTime() | 1 : 0;
  }

  void gets(long hits, long misses, long begun) {
    if (on) {
      this.hits.add(hits);
      this.misses.add(misses);
      gets.add(begun);
    }
  }

  void found(boolean hit) {
    if (on) {
      (hit ? hits : misses).increment();
    }
  }

  void puts(long count, long begun) {
    if (on && count > 0) {
      puts.add(count);
      putTimes.add(begun);
    }
  }

  void removals(long count, long begun) {
    if (on && count > 0) {
      removals.add(count);
      removalTimes.add(begun);
    }
  }

  @Override
  public void clear() {
    hits.reset();
    misses.reset();
    puts.reset();
    removals.reset();
    gets.reset();
    putTimes.reset();
    removalTimes.reset();
    evictionsBefore = store.evictions();
  }

  @Override
  public long getCacheHits() {
    return hits.sum();
  }

  @Override
  public float getCacheHitPercentage() {
    return percentage(hits.sum(), getCacheGets());
  }

  @Override
  public long getCacheMisses() {
    return misses.sum();
  }

  @Override
  public float getCacheMissPercentage() {
    return percentage(misses.sum(), getCacheGets());
  }

  private static float percentage(long part, long whole) {
    return whole == 0 ? 0 : 100f * part / whole;
  }

  @Override
  public long getCacheGets() {
    return hits.sum() + misses.sum();
  }

  @Override
  public long getCachePuts() {
    return puts.sum();
  }

  @Override
  public long getCacheRemovals() {
    return removals.sum();
  }

  @Override
  public long getCacheEvictions() {
    return store.evictions() - evictionsBefore;
  }

  @Override
  public float getAverageGetTime() {
    return gets.micros();
  }

  @Override
  public float getAveragePutTime() {
    return putTimes.micros();
  }

  @Override
  public float getAverageRemoveTime() {
    return removalTimes.micros();
  }

  private static final class Mean {
    private final LongAdder nanos = new LongAdder();
    private final LongAdder calls = new LongAdder();

    void add(long begun) {
      if (begun != 0) {
        nanos.add(System.nanoTime() - begun);
        calls.increment();
      }
    }

    float micros() {
      long count = calls.sum();
      return count == 0 ? 0 : nanos.sum() / 1000f / count;
    }

    void reset() {
      nanos.reset();
      calls.reset();
    }
  }
}
