/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.infra.ThreadParams;

/**
 * A put under a key that has an entry, in a hot loop over all keys. One system in each JVM. Each
 * thread has its values ready, so that what is allocated is the system's own, and one more than
 * there are keys, so that a key never gets the instance that it has. Two threads write the same
 * keys in opposite directions: in the same one, whoever caught up with the other would wait for it
 * at each key from then on.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class PutBenchmark {
  /** The system and its mode. */
  @Param("Caffeine:LOCAL")
  public String system = "";

  private final Integer[] keys = new Integer[Readers.KEYS];
  private @Nullable Writer writer;

  /** Where a thread is among the keys and among its values. */
  @State(Scope.Thread)
  public static class Cursor {
    private final Price[] values = new Price[Readers.KEYS + 1];
    private int step;
    private int key;
    private int value;

    /** Puts the thread where it begins. */
    @Setup(Level.Trial)
    public void place(ThreadParams threads) {
      step = threads.getThreadIndex() % 2 == 0 ? 1 : -1;
      key = Readers.KEYS / threads.getThreadCount() * threads.getThreadIndex();
      for (int i = 0; i < values.length; i++) {
        values[i] = Price.of(i);
      }
    }

    int nextKey() {
      int now = key + step;
      key = now < 0 ? Readers.KEYS - 1 : now < Readers.KEYS ? now : 0;
      return key;
    }

    Price nextValue() {
      int now = value + 1;
      value = now < values.length ? now : 0;
      return values[value];
    }
  }

  @Setup(Level.Trial)
  public void open() {
    String[] parts = system.split(":", 2);
    Writer opened = Writers.of(parts[0], parts[1]);
    Readers.fill((key, n) -> opened.put().accept(key, Price.of(-1)));
    for (int i = 0; i < keys.length; i++) {
      keys[i] = i; // boxed anew: not the instances that were put
      Price put = Price.of(i);
      opened.put().accept(keys[i], put);
      if (!put.equals(opened.get().apply(keys[i]))) {
        throw new IllegalStateException(system + " has not what was put under " + i);
      }
    }
    writer = opened;
  }

  @TearDown(Level.Trial)
  public void close() {
    Writer open = writer;
    if (open != null) {
      for (Integer key : keys) {
        if (open.get().apply(key) == null) {
          throw new IllegalStateException(system + " lost the entry " + key);
        }
      }
      open.close();
    }
  }

  @Benchmark
  public void put(Cursor cursor) {
    Writer open = writer;
    if (open != null) {
      open.put().accept(keys[cursor.nextKey()], cursor.nextValue());
    }
  }
}
