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

/** A hit, in a hot loop over all keys. One system in each JVM. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class ReadBenchmark {
  /** The system and its mode. */
  @Param("Caffeine:LOCAL")
  public String system = "";

  private final Integer[] keys = new Integer[Readers.KEYS];
  private @Nullable Reader reader;

  /** Where a thread is among the keys. */
  @State(Scope.Thread)
  public static class Cursor {
    private int next;

    int next() {
      int now = next + 1;
      next = now < Readers.KEYS ? now : 0;
      return next;
    }
  }

  @Setup(Level.Trial)
  public void open() {
    String[] parts = system.split(":", 2);
    Reader opened = Readers.of(parts[0], parts[1]);
    for (int i = 0; i < keys.length; i++) {
      keys[i] = i; // boxed anew: not the instances that were put
      for (int time = 0; time < 2; time++) {
        if (opened.get(keys[i]) == null) {
          throw new IllegalStateException(system + " has no entry " + i);
        }
      }
    }
    reader = opened;
  }

  @TearDown(Level.Trial)
  public void close() {
    if (reader != null) {
      reader.close();
    }
  }

  @Benchmark
  public @Nullable Object hit(Cursor cursor) {
    Reader open = reader;
    return open == null ? null : open.get(keys[cursor.next()]);
  }
}
